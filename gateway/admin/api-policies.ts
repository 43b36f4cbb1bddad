/** The part of the API that tells which policies are in force and changes that: reload, rollback, asking again. */
import type { AskAgainOrder, AskAgainOutcome } from '../policies/ask-again-action.ts';
import type { PolicyControl, ReloadOutcome, RollbackOutcome } from '../policies/control.ts';
import { type OffLinePolicy, type OffLineUserPolicy, type OnLinePolicy, policyCount } from '../policy/model.ts';
import type { StoredAskAgain } from '../ports.ts';
import { type ApiAnswer, type ApiRoute, apiError, badRequest } from './api.ts';
import { readFields } from './fields.ts';

export interface PolicyActions {
  readonly control: Pick<PolicyControl, 'state' | 'history' | 'reload' | 'rollback'>;
  askAgain(order: AskAgainOrder, by: string): Promise<AskAgainOutcome>;
  wishes(): Promise<readonly StoredAskAgain[]>;
}

const BY = 'admin api';

export function policyRoutes(actions: PolicyActions): readonly ApiRoute[] {
  const { control } = actions;
  return [
    { method: 'GET', path: '/api/v1/policies', needsToken: false, handle: () => ok(stateOf(control)) },
    {
      method: 'GET',
      path: '/api/v1/policies/history',
      needsToken: false,
      handle: () => ok({ sets: historyOf(control) }),
    },
    {
      method: 'POST',
      path: '/api/v1/policies/reload',
      needsToken: true,
      handle: async () => reloaded(await control.reload(BY)),
    },
    {
      method: 'POST',
      path: '/api/v1/policies/rollback',
      needsToken: true,
      handle: async () => rolledBack(await control.rollback(BY)),
    },
    {
      method: 'GET',
      path: '/api/v1/policies/ask-again',
      needsToken: true,
      handle: async () => ok({ wishes: (await actions.wishes()).map(wishOf) }),
    },
    {
      method: 'POST',
      path: '/api/v1/policies/ask-again',
      needsToken: true,
      handle: async ({ body }) => {
        const order = orderOf(body);
        return 'message' in order ? badRequest(order.message) : askedAgain(await actions.askAgain(order, BY));
      },
    },
  ];
}

const ok = (json: unknown): ApiAnswer => ({ statusCode: 200, json });
const instant = (millis: number): string => new Date(millis).toISOString();

function stateOf(control: PolicyActions['control']) {
  const { set, since, source, live, folder } = control.state();
  return {
    set: set.hash,
    since: instant(since),
    source,
    folder:
      folder === undefined
        ? { inForce: true, problems: [] }
        : { inForce: false, since: instant(folder.since), problems: folder.problems },
    policies: set.policies.map(summary),
    onLine: set.onLine.map(onLineSummary),
    offLineUser: set.offLineUser.map(offLineUserSummary),
    live: live.map((one) => ({ set: one.hash, policies: policyCount(one) })),
  };
}

function summary({ id, version, purpose, mode, order }: OffLinePolicy) {
  return { id, version, purpose, mode, order };
}

function onLineSummary({ id, version, category, trigger, block }: OnLinePolicy) {
  return { id, version, category, trigger: trigger.on, block };
}

/** `keep.for` in milliseconds; `bearer`: by which users are told, null where they are not. */
function offLineUserSummary({ id, version, order, keep, storeOn, notify, atLogin }: OffLineUserPolicy) {
  return {
    id,
    version,
    order,
    keep: { messages: keep.messages, bytes: keep.bytes, forMillis: keep.forMillis },
    storeOn: [...storeOn],
    bearer: notify?.bearer ?? null,
    asks: atLogin !== undefined,
  };
}

function historyOf(control: PolicyActions['control']) {
  const inForce = control.state().set.hash;
  return control.history().map(({ hash, since, policies, rolledBackAt }) => ({
    set: hash,
    since: instant(since),
    policies,
    inForce: hash === inForce,
    ...(rolledBackAt === undefined ? {} : { rolledBackAt: instant(rolledBackAt) }),
  }));
}

function reloaded(outcome: ReloadOutcome): ApiAnswer {
  switch (outcome.kind) {
    case 'loaded': {
      const { hash, before, warnings } = outcome;
      return ok({ result: 'loaded', set: hash, before, warnings });
    }
    case 'unchanged':
      return ok({ result: 'unchanged', set: outcome.hash });
    case 'failed': {
      const { problems, hash } = outcome;
      const message = `The policies were not loaded, those in force stay: ${problems.join('; ')}`;
      return apiError(422, 'policies-invalid', message, { problems, set: hash });
    }
  }
}

function rolledBack(outcome: RollbackOutcome): ApiAnswer {
  switch (outcome.kind) {
    case 'rolled-back': {
      const { hash, before, isKept } = outcome;
      return ok({ result: 'rolled-back', set: hash, before, kept: isKept });
    }
    case 'nothing-earlier':
      return apiError(409, 'nothing-earlier', 'No earlier policy set is kept; the one in force stays.');
    case 'failed': {
      const { problems } = outcome;
      const message = `The earlier policy set cannot be used, the one in force stays: ${problems.join('; ')}`;
      return apiError(422, 'policies-invalid', message, { problems });
    }
  }
}

function askedAgain(outcome: AskAgainOutcome): ApiAnswer {
  switch (outcome.kind) {
    case 'removed':
      return ok({ result: 'removed', acceptances: outcome.acceptances });
    case 'kept':
      return ok({ result: 'kept', wish: wishOf(outcome.wish), acceptances: null });
    case 'refused':
      return badRequest(outcome.message);
  }
}

function wishOf({ policy, vasp, users, at }: StoredAskAgain) {
  return { policy: policy ?? null, vasp: vasp ?? null, users, at: instant(at) };
}

const ORDER = 'Send {"user": ID}, {"users": GLOB} or {"everybody": true}, and with it "policy" and "vasp" if you wish.';

function orderOf(body: unknown): AskAgainOrder | { readonly message: string } {
  const read = readFields(body, { policy: 'text', vasp: 'text', user: 'text', users: 'text', everybody: 'true' });
  if (read.kind === 'wrong') return { message: `${read.message} ${ORDER}` };
  const { policy, vasp, user, users, everybody } = read.fields;
  const named = [user, users, everybody === undefined ? undefined : '*'].filter((one) => one !== undefined);
  const [whom] = named;
  if (whom === undefined || named.length > 1) return { message: `Name whom to ask again, in one way. ${ORDER}` };
  if (user !== undefined && /[*?]/.test(user))
    return { message: 'A user id has no * and no ?; send a glob as "users".' };
  return { policy, vasp, users: whom };
}
