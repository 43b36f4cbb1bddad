/**
 * A process that stores, says so, and waits to be killed. Arguments: the directory, and the number to begin with. Not a test
 * itself: lmdb.test.ts starts it.
 */
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import {
  acceptance,
  accepted,
  deposit,
  idOf,
  message,
  record,
  report,
  seal,
  session,
  wish,
} from './records-of-tests.ts';

const opened = openLmdbStore(process.argv[2] ?? '', Date.now(), seal);
if (opened.kind === 'failed') throw new Error(opened.problem);
const { store } = opened;
/** Logins under way at the same time, so that a kill is always in the middle of some. */
const AT_ONCE = 5;

async function write(first: number): Promise<never> {
  for (let number = first; ; number += AT_ONCE) {
    const user = idOf(`user ${number}`);
    await store.sessions.put(`session-${number}`, session());
    const all = accepted([record(number, { user }), record(number, { id: idOf(`terms ${number}`), user })], {
      remember: [acceptance()],
    });
    await store.acceptances.accept(user, all);
    await store.systemMessages.put(
      [2 * number, 2 * number + 1].map((sequence) => message(sequence, { userKey: user })),
    );
    await store.systemMessages.set(user, { help: 'off', seen: new Map([['welcome', number]]) });
    const { message: kept } = deposit(number, { userKey: user });
    await store.mailbox.put(deposit(number, { userKey: user }, { notification: wish({ userKey: user }) }), 1e9);
    if (number % 3 === 0)
      await store.mailbox.end([kept.id], [report(number, { id: idOf(`report ${number}`), userKey: user })]);
    process.stdout.write(`${number}\n`);
  }
}

const first = Number(process.argv[3] ?? 0);
for (let index = 0; index < AT_ONCE; index++) void write(first + index);
