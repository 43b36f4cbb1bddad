/**
 * The message model: what a CSP message says, without how it is spelled. `toDocument` and `fromDocument` put a message
 * into the element tree of its version and back; the codec puts that tree into bytes. The versions differ in the place
 * of Poll and in the namespaces [P1.1]; both differences end here.
 */
import { child, childText, type Element, element, inNamespace } from './element.ts';
import { CspError } from './errors.ts';
import { type CspVersion, NAMESPACES, versionOfNamespace } from './versions.ts';

export interface Transaction {
  readonly mode: 'Request' | 'Response';
  /** Empty for a Polling-Request. */
  readonly id: string;
  readonly primitive: Element;
}

export interface CspMessage {
  readonly version: CspVersion;
  readonly sessionType: 'Inband' | 'Outband';
  /** Given when, and only when, the session is Inband. */
  readonly sessionId?: string;
  readonly transactions: readonly Transaction[];
  /** Server to client only: more waits to be polled. Absent means no Poll element. */
  readonly poll?: boolean;
}

/** What answers the other side's transaction of this id; undefined when nothing does. */
export function answerTo<One extends Pick<Transaction, 'mode' | 'id'>>(
  id: string,
  transactions: readonly One[],
): One | undefined {
  return transactions.find((one) => one.mode === 'Response' && one.id === id);
}

export const ROOT = 'WV-CSP-Message';

/** The document of a message: elements in the order of the content models, Poll where the version puts it [X2]. */
export function toDocument(message: CspMessage): Element {
  const namespaces = NAMESPACES[message.version];
  const poll = message.poll === undefined ? undefined : element('Poll', message.poll);
  const last = message.transactions.length - 1;
  const transactions = message.transactions.map((transaction, index) =>
    element('Transaction', [
      element('TransactionDescriptor', [
        element('TransactionMode', transaction.mode),
        element('TransactionID', transaction.id),
        message.version === '1.1' && index === last ? poll : undefined,
      ]),
      inNamespace(element('TransactionContent', [transaction.primitive]), namespaces.trc),
    ]),
  );
  const session = element('Session', [
    element('SessionDescriptor', [
      element('SessionType', message.sessionType),
      message.sessionId === undefined ? undefined : element('SessionID', message.sessionId),
    ]),
    ...transactions,
    message.version === '1.1' ? undefined : poll,
  ]);
  return inNamespace(element(ROOT, [session]), namespaces.csp);
}

/**
 * The message that a document holds.
 * @param fallbackVersion the version when the root names no namespace: from a public identifier, or 1.2.
 * @throws {CspError} `NOT_CSP` or `UNKNOWN_VERSION`.
 */
export function fromDocument(root: Element, fallbackVersion: CspVersion = '1.2'): CspMessage {
  if (root.name !== ROOT) throw new CspError('NOT_CSP', `the root element is not ${ROOT}`, 0);
  const namespace = root.attributes?.xmlns;
  const version = namespace === undefined ? fallbackVersion : versionOfNamespace(namespace);
  if (version === undefined) throw new CspError('UNKNOWN_VERSION', 'the CSP namespace is of no version known here', 0);
  const session = child(root, 'Session');
  const descriptor = child(session, 'SessionDescriptor');
  const sessionType = childText(descriptor, 'SessionType');
  if (session === undefined || (sessionType !== 'Inband' && sessionType !== 'Outband')) {
    throw new CspError('NOT_CSP', 'the message has no Session with a SessionType of Inband or Outband', 0, { version });
  }
  const transactions: Transaction[] = [];
  let poll = childText(session, 'Poll');
  for (const candidate of session.children) {
    if (candidate.name !== 'Transaction') continue;
    const transactionDescriptor = child(candidate, 'TransactionDescriptor');
    const mode = childText(transactionDescriptor, 'TransactionMode');
    const primitive = child(candidate, 'TransactionContent')?.children[0];
    if ((mode !== 'Request' && mode !== 'Response') || primitive === undefined) {
      throw new CspError('NOT_CSP', 'a Transaction lacks its mode or its primitive', 0, { version, sessionType });
    }
    transactions.push({ mode, id: childText(transactionDescriptor, 'TransactionID') ?? '', primitive });
    poll = childText(transactionDescriptor, 'Poll') ?? poll;
  }
  if (transactions.length === 0)
    throw new CspError('NOT_CSP', 'the message has no Transaction', 0, { version, sessionType });
  const sessionId = childText(descriptor, 'SessionID');
  return {
    version,
    sessionType,
    ...(sessionId === undefined ? {} : { sessionId }),
    transactions,
    ...(poll === undefined ? {} : { poll: poll === 'T' }),
  };
}
