/**
 * The ids of kept messages on the wire [X63]. A message has one MessageID for as long as it is kept, in every session; every
 * time that it is handed over it has a new TransactionID, which names it too, so that an answer finds its message after a
 * restart. Ids are unguessable, and are worth something only from their user.
 */

/** Recognisable as the gateway's; what is said in sessions has ids of another form. */
export const MAIL_ID_PREFIX = 'sapgw.mail.';

/** 16 random bytes in base64url. */
const ID = '[A-Za-z0-9_-]{22}';
const MESSAGE_ID = new RegExp(`^sapgw\\.mail\\.(${ID})$`);
const TRANSACTION_ID = new RegExp(`^s[bn][0-9a-z]{6}-(${ID})$`);
/** How it was handed over, so that an answer without a MessageID says what it answers. */
const PREFIXES = { whole: 'sb', announced: 'sn' } as const;
/** Of a TransactionID: with the prefix, six characters and a dash before the id. */
const TRANSACTION_LENGTH = 31;

export function mailMessageId(id: string): string {
  return MAIL_ID_PREFIX + id;
}

/** The kept message that a MessageID names; undefined when it is none of ours. */
export function readMailMessageId(text: string): string | undefined {
  return MESSAGE_ID.exec(text)?.[1];
}

/**
 * @param number anything that does not come twice in the life of a message
 * @param how as MessageNotification, or whole: as NewMessage or DeliveryReport-Request
 */
export function mailTransactionId(id: string, number: number, how: keyof typeof PREFIXES): string {
  return `${PREFIXES[how]}${(number % 36 ** 6).toString(36).padStart(6, '0')}-${id}`;
}

/** Whether a TransactionID is one of ours; asked for every answer of a client. */
export function ownsMailTransaction(transactionId: string): boolean {
  return (
    transactionId.length === TRANSACTION_LENGTH &&
    transactionId.startsWith('s') &&
    readMailTransaction(transactionId) !== undefined
  );
}

/** The kept message that a TransactionID of ours stands for. */
export function readMailTransaction(transactionId: string): string | undefined {
  return TRANSACTION_ID.exec(transactionId)?.[1];
}

/** Whether it was only announced under this TransactionID of ours. */
export function wasAnnounced(transactionId: string): boolean {
  return transactionId.startsWith(PREFIXES.announced);
}
