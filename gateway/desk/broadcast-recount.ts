/**
 * The counts of sendings from the records in the store. Records of ended messages are dropped some days later, so what they
 * count for is written into the sending's note before: what ended until then is counted there, what ended later, or has
 * not ended, from the records.
 */
import type { Clock, NoteStore } from '../ports.ts';
import { slicesOf } from '../slices.ts';
import type { SystemMessageStore } from '../system-message-ports.ts';
import { RunningCounts } from './broadcast-counts.ts';
import { keepBroadcast } from './broadcast-notes.ts';
import type { Sending } from './broadcast-sending.ts';

/** Records that are read at once: about a millisecond. */
const SLICE = 500;
/** What ended longer ago is in the store for certain. */
const SETTLED_MILLIS = 3_600_000;

export interface RecountParts {
  readonly messages: Pick<SystemMessageStore, 'slice'>;
  readonly notes: NoteStore;
  readonly clock: Pick<Clock, 'wall'>;
}

/** @param isStart the counts in memory hold nothing of the records yet */
export async function countFromRecords(
  { messages, notes, clock }: RecountParts,
  sendings: ReadonlyMap<string, Sending>,
  isStart: boolean,
): Promise<void> {
  if (sendings.size === 0) return;
  const until = clock.wall() - SETTLED_MILLIS;
  const ended = new Map<Sending, RunningCounts>();
  for await (const records of slicesOf(messages, SLICE, ({ id }) => id)) {
    for (const record of records) {
      const sending = record.broadcast === undefined ? undefined : sendings.get(record.broadcast);
      const { endedAt } = record;
      if (sending === undefined || (endedAt !== undefined && endedAt <= sending.ended.until)) continue;
      if (isStart) sending.counts.changed(record, undefined);
      if (endedAt === undefined || endedAt > until) continue;
      const counts = ended.get(sending) ?? new RunningCounts(sending.ended.counts);
      counts.changed(record, undefined);
      ended.set(sending, counts);
    }
  }
  for (const [sending, counts] of ended) {
    sending.ended = { until, counts: counts.now() };
    await keepBroadcast(notes, sending.kept());
  }
}
