/**
 * Drops what is older than it is kept, at the start and once an hour: records of acceptance, as long as the operator says,
 * messages to users that came to their end, 7 days after, and messages for users who were away that nobody took, 30 days
 * after they were given up. Works in slices, so that nothing waits for it.
 */
import type { AuditStore } from '../audit-ports.ts';
import type { MailboxStore } from '../mailbox-ports.ts';
import type { Clock, Log } from '../ports.ts';
import { piecesOf, REMOVED_AT_ONCE, slicesOf } from '../slices.ts';
import type { SystemMessageStore } from '../system-message-ports.ts';

const EVERY_MILLIS = 3_600_000;
/** Long enough for a report about a sending, and for whoever asks what became of a message. */
const KEEP_ENDED_MILLIS = 7 * 86_400_000;
/** Long enough for an operator to hand them over again. */
const KEEP_DEAD_MILLIS = 30 * 86_400_000;
/** Messages that are looked at before other work runs: about a millisecond. */
const SLICE = 500;

interface Kept {
  readonly audit: Pick<AuditStore, 'dropBefore'>;
  readonly systemMessages: Pick<SystemMessageStore, 'slice' | 'unreadable' | 'remove'>;
  readonly mailbox: Pick<MailboxStore, 'totals' | 'slice' | 'unreadable' | 'end'>;
}

export interface RetentionParts {
  /** How long records of acceptance are kept; undefined: for ever. */
  readonly keepMillis: number | undefined;
  /** Whether it is this machine's turn: of several on one store one drops. */
  readonly mayDrop: () => boolean;
  readonly clock: Pick<Clock, 'wall'>;
  readonly log: Log;
}

/** Starts dropping; the function that comes back ends it. */
export function startRetention(
  { audit, systemMessages, mailbox }: Kept,
  { keepMillis, mayDrop, clock, log }: RetentionParts,
): () => void {
  const hourly = (work: () => Promise<void>, failed: () => void): (() => void) =>
    everyHour(async () => {
      if (mayDrop()) await work();
    }, failed);
  const stopMessages = hourly(
    async () => {
      const dropped = await dropEnded(systemMessages, clock.wall() - KEEP_ENDED_MILLIS);
      if (dropped > 0) log.info('old system messages dropped', { messages: dropped });
      const unreadable = await systemMessages.unreadable();
      if (unreadable > 0) log.error('system messages in the store cannot be read', { messages: unreadable });
    },
    () => log.error('old system messages cannot be dropped'),
  );
  const stopMail = hourly(
    async () => {
      const dropped = await dropDead(mailbox, clock.wall() - KEEP_DEAD_MILLIS);
      if (dropped > 0) log.info('old dead letters dropped', { messages: dropped });
      const unreadable = await mailbox.unreadable();
      if (unreadable > 0) log.error('kept messages in the store cannot be read', { messages: unreadable });
    },
    () => log.error('old dead letters cannot be dropped'),
  );
  const stopBoth = (): void => {
    stopMessages();
    stopMail();
  };
  if (keepMillis === undefined) return stopBoth;
  const stopRecords = hourly(
    async () => {
      const dropped = await audit.dropBefore(clock.wall() - keepMillis);
      if (dropped > 0) log.info('old audit records dropped', { records: dropped });
    },
    () => log.error('old audit records cannot be dropped; run sapgw audit verify'),
  );
  return () => {
    stopBoth();
    stopRecords();
  };
}

/** Drops the messages that came to their end before a time, in wall-clock milliseconds; resolves with how many. */
export async function dropEnded(
  messages: Pick<SystemMessageStore, 'slice' | 'remove'>,
  endedBefore: number,
): Promise<number> {
  let dropped = 0;
  for await (const slice of slicesOf(messages, SLICE, ({ id }) => id)) {
    const old = slice.filter(({ endedAt }) => endedAt !== undefined && endedAt < endedBefore).map(({ id }) => id);
    if (old.length > 0) await messages.remove(old);
    dropped += old.length;
  }
  return dropped;
}

/** Drops the messages that died before a time, in wall-clock milliseconds; resolves with how many. */
export async function dropDead(
  mailbox: Pick<MailboxStore, 'totals' | 'slice' | 'end'>,
  diedBefore: number,
): Promise<number> {
  let dropped = 0;
  if ((await mailbox.totals()).dead === 0) return dropped;
  for await (const slice of slicesOf(mailbox, SLICE, ({ id }) => id)) {
    const old = slice.filter(({ diedAt }) => diedAt !== undefined && diedAt < diedBefore).map(({ id }) => id);
    for (const some of piecesOf(old, REMOVED_AT_ONCE)) dropped += (await mailbox.end(some, [])).length;
  }
  return dropped;
}

/** Does it now and every hour, never twice at the same time; the function that comes back ends that. */
function everyHour(work: () => Promise<void>, failed: () => void): () => void {
  let isRunning = false;
  let isStopped = false;
  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    try {
      await work();
    } catch {
      // The store may be closed under a slice that was still to come.
      if (!isStopped) failed();
    } finally {
      isRunning = false;
    }
  };
  void run();
  const timer = setInterval(() => void run(), EVERY_MILLIS);
  timer.unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}
