/**
 * A process that makes stores at the same moments as another one: at each tick it opens a new directory, keeps one user's
 * acceptance, and closes. Arguments: the folder for them, its own name. Not a test itself: lmdb.test.ts starts it.
 */
import { join } from 'node:path';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { accepted, idOf, record, seal } from './records-of-tests.ts';

const [, , folder = '', name = ''] = process.argv;
const TICK_MILLIS = 60;

/** When both processes have long started. */
process.once('message', (start: number) => void openAll(start));
process.send?.('ready');

async function openAll(start: number): Promise<void> {
  for (let round = 0; round < 30; round++) {
    while (Date.now() < start + round * TICK_MILLIS) {
      // Sleeping would wake at another moment than the other process.
    }
    const opened = openLmdbStore(join(folder, `round-${round}`), Date.now(), seal);
    if (opened.kind === 'failed') throw new Error(opened.problem);
    const user = idOf(name);
    await opened.store.acceptances.accept(user, accepted([record(1, { user, id: idOf(`${name} 1`) })]));
    await opened.store.close();
  }
  process.disconnect();
}
