/**
 * The ids of the gateway's own messages on the wire [X40, X41]. A message keeps one id for as long as it lives, under which
 * it is answered; every time that it goes out it has a new TransactionID, which names it too, so that an acknowledgement
 * finds its message whoever sent it, and after a restart. Ids are unguessable, and are worth something only from their user.
 */

/** Recognisable as the gateway's, as SystemMessageID and as MessageID [X63]. */
export const MESSAGE_ID_PREFIX = 'sapgw.';

const ID_BYTES = 16;
/** As many in base64url. */
const ID = '[A-Za-z0-9_-]{22}';
const OURS = new RegExp(`^sapgw\\.(${ID})(?:\\.([2-9]|[1-9][0-9]))?$`);
const TRANSACTION = new RegExp(`^sm[0-9a-z]{6}-(${ID})$`);
const TRANSACTION_PREFIX = 'sm';
/** Of a TransactionID: with the prefix, six characters and a dash before the id. */
const TRANSACTION_LENGTH = 31;

/** An id that nobody guesses. @param randomBytes gives so many random bytes */
export function newId(randomBytes: (count: number) => Uint8Array): string {
  return Buffer.from(randomBytes(ID_BYTES)).toString('base64url');
}

/** @param page from 0: a text too long for one NewMessage goes out in several, each with a MessageID of its own */
export function wireId(id: string, page = 0): string {
  return page === 0 ? MESSAGE_ID_PREFIX + id : `${MESSAGE_ID_PREFIX}${id}.${page + 1}`;
}

/** The message that a SystemMessageID or MessageID names; undefined when it is none of the gateway's. */
export function readWireId(text: string): { readonly id: string; readonly page: number } | undefined {
  const read = OURS.exec(text);
  return read?.[1] === undefined ? undefined : { id: read[1], page: Number(read[2] ?? 1) - 1 };
}

export function isOurMessageId(text: string): boolean {
  return OURS.test(text);
}

/** @param number anything that does not come twice in the life of a message */
export function transactionIdOf(id: string, number: number): string {
  return `${TRANSACTION_PREFIX}${(number % 36 ** 6).toString(36).padStart(6, '0')}-${id}`;
}

/** Whether a TransactionID is one of ours; asked for every answer of a client. */
export function ownsTransaction(transactionId: string): boolean {
  return (
    transactionId.length === TRANSACTION_LENGTH &&
    transactionId.startsWith(TRANSACTION_PREFIX) &&
    TRANSACTION.test(transactionId)
  );
}

/** The message that a TransactionID of ours stands for. */
export function messageOfTransaction(transactionId: string): string | undefined {
  return TRANSACTION.exec(transactionId)?.[1];
}
