/**
 * A process that puts messages into a store whose disk takes no more from one moment on, and takes more again later. Its limit
 * of a file's size stands for the end of the disk: what LMDB gets to see is a write that fails. Prints a line of JSON. Not a
 * test itself: mailbox-faults.test.ts starts it. Arguments: directory, how many bytes the file may still grow.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Deposit } from '../../gateway/mailbox-ports.ts';
import type { Store } from '../../gateway/ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { recounted } from './mailbox-recount.ts';
import { deposit, idOf, KEY, remembering, seal, session } from './records-of-tests.ts';

const [directory = '', room = ''] = process.argv.slice(2);
const MOST = 1_000_000;
const TOLD = idOf('sent');
/** Far more than a failed write takes: whoever waits longer is taken to wait for ever. */
const FOR_EVER_MILLIS = 20_000;

let unhandled = 0;
process.on('unhandledRejection', () => {
  unhandled += 1;
});

const opened = openLmdbStore(directory, 0, seal);
if (opened.kind === 'failed') throw new Error(opened.problem);
const { store } = opened;
const { mailbox } = store;

function limitFiles(bytes: number | 'unlimited'): void {
  const limit = spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
  if (limit.status !== 0) throw new Error(`prlimit: ${limit.stderr?.toString() ?? 'cannot be started'}`);
}

/** What became of it: `stored`, the code of its error, or `silence`. */
async function fateOf(work: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('silence'), FOR_EVER_MILLIS);
  });
  const done = work.then(
    () => 'stored',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'an error without a code'),
  );
  const fate = await Promise.race([done, silence]);
  clearTimeout(timer);
  return fate;
}

const stored: string[] = [];
const refused: string[] = [];
let number = 0;

async function putOne(size: number): Promise<string> {
  number += 1;
  const content = Buffer.alloc(size, number);
  const one: Deposit = deposit(
    number,
    { userKey: idOf(`user ${number % 20}`) },
    { content, duplicate: { key: idOf(`try ${number}`), sentId: TOLD, until: 2 ** 47 } },
  );
  const fate = await fateOf(mailbox.put(one, MOST));
  (fate === 'stored' ? stored : refused).push(one.message.id);
  return fate;
}

async function phase(count: number, atOnce: number, size: (turn: number) => number): Promise<Record<string, number>> {
  const fates: Record<string, number> = {};
  let turn = 0;
  const lane = async (): Promise<void> => {
    while (turn < count) {
      turn += 1;
      const fate = await putOne(size(turn));
      fates[fate] = (fates[fate] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return fates;
}

async function closedAfterFailure(other: Store): Promise<string> {
  const failed = await fateOf(other.mailbox.put(deposit(1_000_000, {}, { content: Buffer.alloc(1_000_000) }), MOST));
  return `${failed}, closed: ${await fateOf(other.close())}`;
}

const small = () => 200;
const mixed = (turn: number) => (turn % 3 === 0 ? 100_000 : 200);

const before = await phase(50, 8, small);
const full = statSync(join(directory, 'data.mdb')).size + Number(room);
limitFiles(full);
const during = await phase(200, 16, mixed);
const others = [
  await fateOf(store.sessions.put(KEY, session({ person: new Uint8Array(60_000) }))),
  await fateOf(
    store.acceptances.accept(
      KEY,
      remembering([{ policy: 'p'.repeat(60_000), version: 1, option: undefined, acceptedAt: 1 }]),
    ),
  ),
  await fateOf(store.notes.put('a note', 'n'.repeat(60_000))),
  await fateOf(
    mailbox.wishes.set(KEY, { bearers: ['x'.repeat(60_000)], etemHandling: undefined, notifications: true }),
  ),
];
limitFiles(0);
const fresh = openLmdbStore(`${directory}-fresh`, 0, seal);
limitFiles(full);
const again = openLmdbStore(directory, 0, seal);
const openWhileFull = [fresh.kind, again.kind];
// A store whose last commit failed still comes to its end.
const closedWhileFull = again.kind === 'open' ? await closedAfterFailure(again.store) : again.problem;
const readable = (await mailbox.waiting(idOf('user 1'), 5)).length > 0;
limitFiles('unlimited');
const after = await phase(50, 8, mixed);
const sessionAfter = await fateOf(store.sessions.put(KEY, session()));

const lost = [];
for (const id of stored) {
  if ((await mailbox.get(id)) === undefined || (await mailbox.content(id)) === undefined) lost.push(id);
}
const sneaked = [];
for (const id of refused) if ((await mailbox.get(id)) !== undefined) sneaked.push(id);
const totals = await mailbox.totals();
const isCountRight = JSON.stringify(totals) === JSON.stringify(await recounted(mailbox));
const closed = await fateOf(store.close());
process.stdout.write(
  `${JSON.stringify({ before, during, others, openWhileFull, closedWhileFull, readable, after, sessionAfter, stored: stored.length, lost: lost.length, sneaked: sneaked.length, waiting: totals.waiting, isCountRight, unhandled, closed })}\n`,
);
