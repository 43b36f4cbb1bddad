/**
 * Loaded into a gateway process before the program: tells its parent what the process holds when asked, after a collection
 * of garbage where the process was started with --expose-gc, and ends it when the parent is gone.
 */
import { readdirSync } from 'node:fs';

export interface Held {
  readonly heapBytes: number;
  /** What keeps the loop alive, by kind, such as `TCPSocketWrap`. */
  readonly resources: Readonly<Record<string, number>>;
  /** Open file descriptors; 0 where the machine does not tell. */
  readonly descriptors: number;
}

function held(): Held {
  // Twice: what the first one finalizes goes with the second.
  globalThis.gc?.();
  globalThis.gc?.();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { heapBytes: process.memoryUsage().heapUsed, resources, descriptors: descriptors() };
}

function descriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

process.on('message', (message) => {
  if (message === 'held') process.send?.(held());
});
process.on('disconnect', () => process.exit(0));
process.channel?.unref();
