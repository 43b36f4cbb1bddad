/** A process that stores, says so, and waits to be killed. Arguments: the directory. Not a test itself: lmdb.test.ts starts it. */
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { acceptance, seal, session } from './records-of-tests.ts';

const opened = openLmdbStore(process.argv[2] ?? '', Date.now(), seal);
if (opened.kind === 'failed') throw new Error(opened.problem);
for (let index = 0; ; index++) {
  await opened.store.sessions.put(`session-${index}`, session());
  await opened.store.acceptances.add(`user-${index}`, [acceptance()]);
  process.stdout.write(`${index}\n`);
}
