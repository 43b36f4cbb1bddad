/** The totals of the mailboxes, counted from the messages themselves. */
import type { MailboxStore, MailboxTotals } from '../../gateway/mailbox-ports.ts';

export async function recounted(box: MailboxStore): Promise<MailboxTotals> {
  const totals = { waiting: 0, waitingBytes: 0, reports: 0, dead: 0 };
  for (let after: string | undefined; ; ) {
    const slice = await box.slice(after, 500);
    for (const { kind, state, bytes } of slice) {
      if (state === 'dead') totals.dead += 1;
      else if (kind === 'report') totals.reports += 1;
      else {
        totals.waiting += 1;
        totals.waitingBytes += bytes;
      }
    }
    const last = slice.at(-1);
    if (last === undefined) return totals;
    after = last.id;
  }
}
