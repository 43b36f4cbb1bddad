/**
 * A process without rights to write: opens a store whose files it may only read, then one that it may write. As root, to whom
 * rights are nothing, it becomes somebody else first. Prints a line of JSON. Not a test itself: mailbox-faults.test.ts starts
 * it. Argument: a directory for both.
 */
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { deposit, seal } from './records-of-tests.ts';

const NOBODY = 65_534;
const directory = join(process.argv[2] ?? '', 'store');
const isRoot = process.geteuid?.() === 0;

async function putInto(number: number): Promise<string> {
  const opened = openLmdbStore(directory, 0, seal);
  if (opened.kind === 'failed') return opened.problem;
  const outcome = await opened.store.mailbox.put(deposit(number), 9);
  await opened.store.close();
  return outcome.kind;
}

/** Takes all rights to write from the owner, or gives them back. */
function allow(files: number, folder: number): void {
  for (const name of readdirSync(directory)) chmodSync(join(directory, name), files);
  chmodSync(directory, folder);
}

mkdirSync(directory);
if (isRoot) {
  chmodSync(process.argv[2] ?? '', 0o755);
  chownSync(directory, NOBODY, NOBODY);
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
}
const before = await putInto(1);
allow(0o400, 0o500);
const readOnly = await putInto(2);
allow(0o600, 0o700);
const after = await putInto(3);
const opened = openLmdbStore(directory, 0, seal);
const left = opened.kind === 'open' ? await opened.store.mailbox.totals() : undefined;
process.stdout.write(
  `${JSON.stringify({ before, readOnly, after, waiting: left?.waiting, setAside: readdirSync(join(directory, '..')).length })}\n`,
);
process.exit(0);
