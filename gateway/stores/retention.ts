/** Drops records of acceptance that are older than the operator keeps them: at the start, and once an hour. */
import type { AuditStore } from '../audit-ports.ts';
import type { Clock, Log } from '../ports.ts';

const EVERY_MILLIS = 3_600_000;

/** Starts dropping; the function that comes back ends it. Without `keepMillis` everything is kept. */
export function startRetention(
  audit: Pick<AuditStore, 'dropBefore'>,
  keepMillis: number | undefined,
  clock: Pick<Clock, 'wall'>,
  log: Log,
): () => void {
  if (keepMillis === undefined) return () => {};
  let isRunning = false;
  let isStopped = false;
  const drop = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    try {
      const dropped = await audit.dropBefore(clock.wall() - keepMillis);
      if (dropped > 0) log.info('old audit records dropped', { records: dropped });
    } catch {
      // The store may be closed under a slice that was still to come.
      if (!isStopped) log.error('old audit records cannot be dropped; run sapgw audit verify');
    } finally {
      isRunning = false;
    }
  };
  void drop();
  const timer = setInterval(() => void drop(), EVERY_MILLIS);
  timer.unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}
