/** What must hold between the number of processes and the store: what one process remembers, the others do not know. */
import type { Finding } from '../yaml/shape.ts';
import type { WrittenConfig } from './schema.ts';

/** A store in memory belongs to one process. */
export function checkWorkers({ workers, store }: WrittenConfig): Finding[] {
  if (workers === 1 || store.kind !== 'memory') return [];
  const message =
    'memory: is of one process, and there are several workers; write store: lmdb:DIRECTORY, or workers: 1';
  return [{ path: ['store'], at: 'value', message }];
}
