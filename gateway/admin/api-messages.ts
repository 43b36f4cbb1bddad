/**
 * The part of the API by which operators write to users in their sessions: sending, how far that is and what came of it,
 * and cancelling. User ids come in bodies, never in addresses.
 */
import type {
  BroadcastOrder,
  BroadcastReport,
  BroadcastTarget,
  CancelOutcome,
  SendOutcome,
} from '../desk/broadcast-model.ts';
import { type ApiAnswer, type ApiRoute, apiError, badRequest } from './api.ts';
import { readFields } from './fields.ts';

export interface MessageActions {
  send(order: BroadcastOrder, by: string): Promise<SendOutcome>;
  /** The newest first. */
  list(): readonly BroadcastReport[] | Promise<readonly BroadcastReport[]>;
  get(id: string): BroadcastReport | undefined | Promise<BroadcastReport | undefined>;
  cancel(id: string, by: string): Promise<CancelOutcome>;
}

const BY = 'admin api';

export function messageRoutes(actions: MessageActions): readonly ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/messages',
      needsToken: true,
      handle: async ({ body }) => {
        const order = orderOf(body);
        return 'message' in order ? badRequest(order.message) : begun(await actions.send(order, BY));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/messages',
      needsToken: true,
      handle: async () => ({ statusCode: 200, json: { messages: (await actions.list()).map(told) } }),
    },
    {
      method: 'GET',
      path: '/api/v1/messages/NAME',
      needsToken: true,
      handle: async ({ name }) => {
        const report = await actions.get(name);
        return report === undefined ? unknown(name) : { statusCode: 200, json: told(report) };
      },
    },
    {
      method: 'POST',
      path: '/api/v1/messages/NAME/cancel',
      needsToken: true,
      handle: async ({ name }) => cancelled(name, await actions.cancel(name, BY)),
    },
  ];
}

const ORDER_FORM =
  'Send {"policy": ID} with {"user": ID}, {"users": GLOB} or {"everybody": true}, and "vasp" and "perSecond" if you wish.';

function orderOf(body: unknown): BroadcastOrder | { readonly message: string } {
  const read = readFields(body, {
    policy: 'text',
    user: 'text',
    users: 'text',
    everybody: 'true',
    vasp: 'text',
    perSecond: 'number',
  });
  if (read.kind === 'wrong') return { message: `${read.message} ${ORDER_FORM}` };
  const { policy, user, users, everybody, vasp, perSecond } = read.fields;
  if (policy === undefined) return { message: `No policy is named. ${ORDER_FORM}` };
  const named: BroadcastOrder['to'][] = [
    ...(user === undefined ? [] : [{ kind: 'user', user } as const]),
    ...(users === undefined ? [] : [{ kind: 'users', users } as const]),
    ...(everybody === undefined ? [] : [{ kind: 'everybody' } as const]),
  ];
  const [to] = named;
  if (to === undefined || named.length > 1) return { message: `Name whom it is for, in one way. ${ORDER_FORM}` };
  return { policy, to, vasp, perSecond: perSecond === undefined ? undefined : Number(perSecond) };
}

function begun(outcome: SendOutcome): ApiAnswer {
  if (outcome.kind === 'refused') {
    return apiError(outcome.code === 'too-many-running' ? 409 : 400, outcome.code, outcome.message);
  }
  const { report, hint } = outcome;
  return { statusCode: 202, json: { ...told(report), ...(hint === undefined ? {} : { hint }) } };
}

function cancelled(name: string, outcome: CancelOutcome): ApiAnswer {
  switch (outcome.kind) {
    case 'cancelled':
      return { statusCode: 200, json: { ...told(outcome.report), kept: outcome.isKept } };
    case 'over': {
      const message = `The operator message ${outcome.report.id} is ${outcome.report.state}, and nothing of it is open.`;
      return apiError(409, 'already-over', message);
    }
    case 'unknown':
      return unknown(name);
  }
}

const unknown = (name: string): ApiAnswer =>
  apiError(
    404,
    'no-such-message',
    `No operator message is known by the id ${JSON.stringify(name.slice(0, 100))}; the newest hundred are, see GET /api/v1/messages.`,
  );

function told({ to, vasp, since, until, counts, ...report }: BroadcastReport) {
  const { made: _made, ...messages } = counts;
  return {
    ...report,
    to: targetOf(to),
    vasp: vasp ?? null,
    since: new Date(since).toISOString(),
    until: until === undefined ? null : new Date(until).toISOString(),
    ...messages,
  };
}

function targetOf(to: BroadcastTarget) {
  switch (to.kind) {
    case 'user':
      return { user: to.userKey };
    case 'users':
      return { users: to.users };
    case 'everybody':
      return { everybody: true };
  }
}
