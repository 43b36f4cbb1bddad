/**
 * Many mailboxes through the running gateway: every message that was put in is there, and whoever fetches gets all of it. How
 * fast is printed; `mailbox-figures.ts` measures it with a million on a quiet machine.
 */
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../main/running.ts';
import { scaled } from '../scale.ts';
import { runMailbox } from './mailbox-run.ts';

const MESSAGES = scaled(2_000, 1_000_000);
const LOGINS = scaled(10, 200);
const SENDS = scaled(200, 5_000);
const FETCHERS = scaled(20, 2_000);
const PER_USER = 10;

test(`${MESSAGES} messages wait: all are counted, and everybody gets theirs`, async () => {
  const plan = { messages: MESSAGES, perUser: PER_USER, logins: LOGINS, sends: SENDS, fetchers: FETCHERS };
  const { before, full, delivered, waiting, wrong, ...rest } = await runMailbox({
    directory: temporaryFolder(),
    ...plan,
  });
  console.log(JSON.stringify({ before, full, ...rest }));
  const ownWaiting = 3 * LOGINS + SENDS;
  expect(before.waiting).toBe(ownWaiting);
  expect(full.waiting).toBe(MESSAGES + ownWaiting);
  expect(delivered).toBe(PER_USER * FETCHERS);
  expect(waiting).toBe(full.waiting - delivered);
  expect(wrong).toEqual([]);
});
