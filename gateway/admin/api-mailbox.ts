/**
 * The part of the API about messages for users who are away: how many there are, what is kept for one user, what was given
 * up, and the notifications; handing over again, throwing away, notifying again. User ids come in bodies, never in addresses;
 * what is told of messages is never what stands in them.
 */
import { mailFields, notificationFields } from '../audit/mail-data.ts';
import type {
  MailboxOffice,
  OfficeOutcome,
  OfficeUser,
  PurgeSelection,
  ReplaySelection,
  RetrySelection,
} from '../mailbox/office-model.ts';
import type { StoredNotification } from '../mailbox-ports.ts';
import { parseDuration } from '../yaml/durations.ts';
import { type ApiAnswer, type ApiRoute, apiError, badRequest } from './api.ts';
import { readFields } from './fields.ts';

const BY = 'admin api';
const PATH = '/api/v1/mailbox';
const MOST_ENTRIES = 1000;
const UNLESS_TOLD = 100;
const STATES: readonly StoredNotification['state'][] = ['waiting', 'sending', 'sent', 'failed'];

export function mailboxRoutes(office: MailboxOffice): readonly ApiRoute[] {
  return [
    {
      method: 'GET',
      path: PATH,
      needsToken: false,
      handle: async ({ query }) => {
        const wanted = query.get('policies');
        if (wanted !== null && wanted !== 'true') return badRequest('policies must be true, or left away.');
        const policies = wanted === null ? {} : { policies: await office.byPolicy() };
        return { statusCode: 200, json: { ...(await office.totals()), ...policies } };
      },
    },
    {
      method: 'GET',
      path: `${PATH}/dead`,
      needsToken: true,
      handle: ({ query }) =>
        paged(query, async (after, limit) => {
          const { entries, next } = await office.dead(after, limit);
          return { messages: entries.map(mailFields), next: next ?? null };
        }),
    },
    {
      method: 'GET',
      path: `${PATH}/notifications`,
      needsToken: true,
      handle: ({ query }) => {
        const asked = query.get('state');
        const state = STATES.find((one) => one === asked);
        if (asked !== null && state === undefined) return badRequest(`state must be one of ${STATES.join(', ')}.`);
        return paged(query, async (after, limit) => {
          const { entries, next } = await office.notifications(state, after, limit);
          return { notifications: entries.map(notificationFields), next: next ?? null };
        });
      },
    },
    acting('list', userOf, async (user) => {
      const outcome = await office.of(user);
      return outcome.kind === 'refused' ? outcome : { kind: 'done', done: { messages: outcome.done.map(mailFields) } };
    }),
    acting('replay', replayOf, async (which) => counted(await office.replay(which, BY), 'replayed')),
    acting('purge', purgeOf, async (which) => counted(await office.purge(which, BY), 'purged')),
    acting('notifications/retry', retryOf, async (which) => counted(await office.retry(which, BY), 'retried')),
  ];
}

/** A sentence that says what would be right. */
interface Wrong {
  readonly problem: string;
}

/** A call that takes a body, with the token. */
function acting<Order extends object>(
  action: string,
  read: (body: unknown) => Order | Wrong,
  act: (order: Order) => Promise<OfficeOutcome<object>>,
): ApiRoute {
  return {
    method: 'POST',
    path: `${PATH}/${action}`,
    needsToken: true,
    handle: async ({ body }) => {
      const order = read(body);
      if ('problem' in order) return badRequest(order.problem);
      const outcome = await act(order);
      if (outcome.kind === 'done') return { statusCode: 200, json: outcome.done };
      const { code, message } = outcome;
      return code === 'no-such-message' ? apiError(404, code, message) : badRequest(message);
    },
  };
}

function counted(outcome: OfficeOutcome<number>, what: string): OfficeOutcome<object> {
  return outcome.kind === 'refused' ? outcome : { kind: 'done', done: { [what]: outcome.done } };
}

async function paged(
  query: URLSearchParams,
  answer: (after: string | undefined, limit: number) => Promise<object>,
): Promise<ApiAnswer> {
  const limit = Number(query.get('limit') ?? UNLESS_TOLD);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ENTRIES) {
    return badRequest(`limit must be a whole number from 1 to ${MOST_ENTRIES}; after goes on where "next" says.`);
  }
  return { statusCode: 200, json: await answer(query.get('after') ?? undefined, limit) };
}

const USER_FORM = '{"user": ID}, with "vasp" for one messaging service alone, or {"key": HASH}';

function userOf(body: unknown): OfficeUser | Wrong {
  const form = `Send ${USER_FORM}.`;
  const read = readFields(body, { user: 'text', vasp: 'text', key: 'text' });
  if (read.kind === 'wrong') return { problem: `${read.message} ${form}` };
  return usersIn(read.fields)[0] ?? { problem: `Name the user, in one way. ${form}` };
}

/** Whom these fields name: nobody, one user, or undefined where it is not clear whom. */
function usersIn({
  user,
  vasp,
  key,
}: Readonly<Partial<Record<'user' | 'vasp' | 'key', string>>>): readonly (OfficeUser | undefined)[] {
  if (user !== undefined) return [key === undefined ? { by: 'id', user, vasp } : undefined];
  if (vasp !== undefined) return [undefined];
  return key === undefined ? [] : [{ by: 'key', key }];
}

const REPLAY_FORM = `Send {"id": ID} for one message, ${USER_FORM} for what one user did not get, or {"all": true}.`;

function replayOf(body: unknown): ReplaySelection | Wrong {
  const read = readFields(body, { id: 'text', user: 'text', vasp: 'text', key: 'text', all: 'true' });
  if (read.kind === 'wrong') return { problem: `${read.message} ${REPLAY_FORM}` };
  const { id, all, ...named } = read.fields;
  const ways: readonly (ReplaySelection | undefined)[] = [
    ...(id === undefined ? [] : [{ which: 'id', id } as const]),
    ...usersIn(named).map((user) => (user === undefined ? undefined : ({ which: 'user', user } as const))),
    ...(all === undefined ? [] : [{ which: 'all' } as const]),
  ];
  return only(ways, REPLAY_FORM);
}

const PURGE_FORM = `Send {"id": ID} for one message, ${USER_FORM} for everything of one user, or {"dead": true} for what was given up, with "olderThan": "7d" for what was given up longer ago.`;

function purgeOf(body: unknown): PurgeSelection | Wrong {
  const read = readFields(body, {
    id: 'text',
    user: 'text',
    vasp: 'text',
    key: 'text',
    dead: 'true',
    olderThan: 'text',
  });
  if (read.kind === 'wrong') return { problem: `${read.message} ${PURGE_FORM}` };
  const { id, dead, olderThan, ...named } = read.fields;
  const olderThanMillis = olderThan === undefined ? undefined : parseDuration(olderThan);
  if (olderThan !== undefined && (olderThanMillis === undefined || dead === undefined)) {
    return { problem: `"olderThan" is a time such as 12h or 7d, and belongs to "dead". ${PURGE_FORM}` };
  }
  const ways: readonly (PurgeSelection | undefined)[] = [
    ...(id === undefined ? [] : [{ which: 'id', id } as const]),
    ...usersIn(named).map((user) => (user === undefined ? undefined : ({ which: 'user', user } as const))),
    ...(dead === undefined ? [] : [{ which: 'dead', olderThanMillis } as const]),
  ];
  return only(ways, PURGE_FORM);
}

const RETRY_FORM = `Send ${USER_FORM}, and "policy" for one policy alone, or {"all": true}.`;

function retryOf(body: unknown): RetrySelection | Wrong {
  const read = readFields(body, { user: 'text', vasp: 'text', key: 'text', policy: 'text', all: 'true' });
  if (read.kind === 'wrong') return { problem: `${read.message} ${RETRY_FORM}` };
  const { policy, all, ...named } = read.fields;
  const ways: readonly (RetrySelection | undefined)[] = [
    ...usersIn(named).map((user) => (user === undefined ? undefined : ({ which: 'user', user, policy } as const))),
    ...(all === undefined ? [] : [policy === undefined ? ({ which: 'all' } as const) : undefined]),
  ];
  return only(ways, RETRY_FORM);
}

/** The one thing that is named; undefined among the ways: it is named wrongly. */
function only<Way>(ways: readonly (Way | undefined)[], form: string): Way | Wrong {
  const [way] = ways;
  return ways.length === 1 && way !== undefined ? way : { problem: `Say which are meant, in one way. ${form}` };
}
