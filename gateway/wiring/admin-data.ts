/** What the admin API reads of the audit chain, and what it does about one user: the command line's own code. */
import type { AuditReading } from '../admin/api-audit.ts';
import type { UserActions, UserRequest } from '../admin/api-users.ts';
import { entryLine } from '../audit/line.ts';
import { forgetUser, messageFields, userData } from '../audit/user-data.ts';
import type { AuditStore } from '../audit-ports.ts';
import type { Log, Metrics, Store } from '../ports.ts';

/** Entries that are read at once. */
const SLICE = 500;

export function auditReading(audit: Pick<AuditStore, 'read' | 'head'>): AuditReading {
  return { head: () => audit.head(), lines: (from, limit) => linesOf(audit, from, limit) };
}

/** Entries that cannot be read stand as such in their place. */
async function* linesOf(audit: Pick<AuditStore, 'read'>, from: number, limit: number): AsyncGenerator<string> {
  let next = from;
  for (let left = limit; left > 0; ) {
    const slice = await audit.read(next, Math.min(left, SLICE));
    const last = slice.at(-1);
    if (last === undefined) return;
    yield slice
      .map((entry) =>
        entry.kind === 'damaged'
          ? `${JSON.stringify({ sequence: entry.sequence, damaged: true })}\n`
          : entryLine(entry),
      )
      .join('');
    left -= slice.length;
    next = last.sequence + 1;
  }
}

export interface UserParts {
  readonly store: Store;
  readonly vasps: readonly string[];
  readonly userKey: (vasp: string, userId: string) => string;
  /** How long audit records are kept; undefined: for ever. */
  readonly keepMillis: number | undefined;
  /** What waits for the user in memory is taken back before the store is cleared. */
  readonly systemMessages: { forget(userKey: string): Promise<number> };
  readonly metrics: Pick<Metrics, 'mailbox'>;
  readonly log: Log;
}

export function userActions(parts: UserParts): UserActions {
  const { store, vasps, userKey, keepMillis, systemMessages, metrics, log } = parts;
  const forEach = async (
    what: string,
    { user, vasp }: UserRequest,
    act: (vasp: string, key: string) => Promise<unknown>,
  ) => {
    if (vasp !== undefined && !vasps.includes(vasp)) {
      const message = `No VASP is named ${JSON.stringify(vasp)}; there are ${vasps.join(', ')}.`;
      return { kind: 'refused', message } as const;
    }
    const done: unknown[] = [];
    for (const name of vasp === undefined ? vasps : [vasp]) {
      const key = userKey(name, user);
      log.info(what, { by: 'admin api', vasp: name, user: key });
      done.push(await act(name, key));
    }
    return { kind: 'done', json: { vasps: done } } as const;
  };
  return {
    export: (request) => forEach('user data exported', request, (vasp, key) => userData(store, vasp, key)),
    forget: (request) =>
      forEach('user forgotten', request, async (vasp, key) => {
        await systemMessages.forget(key);
        const forgotten = await forgetUser(store, vasp, key, { withRecords: request.withRecords, keepMillis });
        metrics.mailbox('forgotten', forgotten.mailbox);
        return forgotten;
      }),
    messages: (request) =>
      forEach('messages of a user shown', request, async (vasp, key) => {
        const { help } = await store.systemMessages.settings(key);
        return { vasp, user: key, help, messages: (await store.systemMessages.of(key)).map(messageFields) };
      }),
  };
}
