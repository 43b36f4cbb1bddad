/** A live session as the mailbox sees it: whose it is, and in which ways its level lets it have kept messages. */
import type { DeliveryMethod, Visitor } from '../../mailbox-ports.ts';
import type { LiveSession, SessionRecord } from '../../ports.ts';

/** Of a client that has said nothing else: everything as NewMessage, which every client knows [P12]. */
const PUSHED: DeliveryMethod = { method: 'P', pushedBytes: undefined };

const known = new WeakMap<SessionRecord, Visitor>();

export function visitorOf({ key, record }: LiveSession): Visitor {
  const before = known.get(record);
  if (before !== undefined) return before;
  const { userKey, vasp, version, openedAt, granted, delivery = PUSHED } = record;
  const gets = {
    messages: granted.has('NEWM'),
    notifications: granted.has('NOTIF') && granted.has('GETM'),
    reports: granted.has('MDELIV'),
  };
  const visitor: Visitor = { sessionKey: key, userKey, vasp, version, openedAt, gets, delivery };
  known.set(record, visitor);
  return visitor;
}
