/**
 * What is served while a message has to be answered first [X44], and what the rest is told: the message itself, in its
 * Result where the version has a place for it.
 */

import type { Element } from '../../csp/element.ts';
import { element } from '../../csp/element.ts';
import type { EnvelopeTransaction } from '../../csp/envelope.ts';
import { result } from '../../csp/status.ts';
import { type SystemMessage, systemMessageList } from '../../csp/system-message.ts';
import type { CspVersion } from '../../csp/versions.ts';

/** Never withheld from a client that is logged in [policy-files §1], and what it takes to answer. */
const SERVED: ReadonlySet<string> = new Set([
  'Polling-Request',
  'KeepAlive-Request',
  'Logout-Request',
  'Service-Request',
  'ClientCapability-Request',
  'SystemMessage-User',
  'MessageDelivered',
]);

/** Whether a transaction has to wait for the answer. What answers the VASP never has to. */
export function isHeldBack({ mode, primitive }: EnvelopeTransaction): boolean {
  return mode === 'Request' && !SERVED.has(primitive);
}

/** The Status that says what has to be answered first. */
export function answerFirst(code: number, message: SystemMessage, version: CspVersion): Element {
  const list = version === '1.3' ? systemMessageList([message]) : undefined;
  return element('Status', [result(code, message.text, list)]);
}
