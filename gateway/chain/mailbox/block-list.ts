/**
 * Asks the VASP, in the recipient's session, who may not write to the recipient, before kept messages are handed over [X62].
 * A VASP that knows no such lists has nobody blocked; one that cannot say it now is asked again later, and the messages wait.
 */
import { element } from '../../csp/element.ts';
import { STATUS } from '../../csp/status.ts';
import type { AccessLists, Visitor } from '../../mailbox-ports.ts';
import { readAccessLists } from '../../stored-message/access-lists.ts';
import type { AskInSession, MailboxParts } from './parts.ts';

/** What a VASP says for a while only; every other refusal says that it has no lists for this session. */
const FOR_NOW: ReadonlySet<number> = new Set([
  STATUS.REQUEST_TIMEOUT,
  STATUS.INTERNAL_ERROR,
  STATUS.SERVICE_UNAVAILABLE,
  STATUS.TIMEOUT,
]);
const NOBODY: AccessLists = { blocked: undefined, granted: undefined };

export async function learnBlockList(
  { mailbox }: Pick<MailboxParts, 'mailbox'>,
  visitor: Visitor,
  ask: AskInSession,
): Promise<void> {
  const { code, primitive, endsSession } = await ask(element('GetBlockedList-Request'));
  if (endsSession) return;
  if (primitive?.name === 'GetBlockedList-Response') {
    await mailbox.accessLists(visitor, readAccessLists(primitive, visitor.version));
  } else if (primitive !== undefined && code >= 200 && code < 300) {
    await mailbox.accessLists(visitor, NOBODY);
  } else await mailbox.accessLists(visitor, primitive === undefined || FOR_NOW.has(code) ? 'unknown' : NOBODY);
}
