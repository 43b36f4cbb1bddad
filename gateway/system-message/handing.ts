/**
 * When a message goes out in a session, and when again [X43]. A text too long for one NewMessage has several pages, each
 * acknowledged by itself. Times are monotonic milliseconds; everything here is data and gives new data.
 */

/** One page of a message in one session. */
export interface HandedPage {
  /** How often it went out here. */
  readonly sends: number;
  /** The last time. */
  readonly at: number;
  readonly transactionId: string;
  readonly isAcknowledged: boolean;
}

/** What one session has of one message, page by page. */
export type Handed = readonly HandedPage[];

export interface Resend {
  readonly everyMillis: number;
  readonly times: number;
}

const NEVER_SENT: HandedPage = { sends: 0, at: 0, transactionId: '', isAcknowledged: false };

export function notHanded(pages: number): Handed {
  return Array.from({ length: pages }, () => NEVER_SENT);
}

/** The page to send now; undefined when none is. */
export function pageDue(handed: Handed, { everyMillis, times }: Resend, now: number): number | undefined {
  const page = handed.findIndex(
    ({ sends, at, isAcknowledged }) => !isAcknowledged && (sends === 0 || (sends <= times && now >= at + everyMillis)),
  );
  return page === -1 ? undefined : page;
}

/** When the next page is due at the earliest; undefined: never again in this session. */
export function nextDueAt(handed: Handed, { everyMillis, times }: Resend): number | undefined {
  const open = handed.filter(({ sends, isAcknowledged }) => !isAcknowledged && sends <= times);
  return open.length === 0 ? undefined : Math.min(...open.map(({ sends, at }) => (sends === 0 ? 0 : at + everyMillis)));
}

export function withSent(handed: Handed, page: number, transactionId: string, now: number): Handed {
  return handed.map((one, index) => (index === page ? { ...one, sends: one.sends + 1, at: now, transactionId } : one));
}

/**
 * What the client has went out, be it before the process began.
 * @param page undefined: all of them
 */
export function withAcknowledged(handed: Handed, page: number | undefined): Handed {
  return handed.map((one, index) =>
    page === undefined || index === page ? { ...one, sends: Math.max(1, one.sends), isAcknowledged: true } : one,
  );
}

export function isAcknowledged(handed: Handed): boolean {
  return handed.every((page) => page.isAcknowledged);
}

/** The page that went out under a TransactionID last. */
export function pageOfTransaction(handed: Handed, transactionId: string): number | undefined {
  const page = handed.findIndex((one) => one.transactionId === transactionId);
  return page === -1 ? undefined : page;
}

/** Whether it went out here so lately that another session need not have it too. */
export function isUnderWay(handed: Handed, { everyMillis }: Resend, now: number): boolean {
  return handed.some(({ sends, at, isAcknowledged }) => sends > 0 && !isAcknowledged && now < at + everyMillis);
}
