/** What operators do reaches the sessions: a message that was given up is handed over again when it was replayed. */
import { expect, test } from '@jest/globals';
import { childText, element } from '../../gateway/csp/element.ts';
import { createMailboxOffice } from '../../gateway/mailbox/office.ts';
import { PostOffice } from '../../gateway/mailbox/post-office.ts';
import type { Visitor } from '../../gateway/mailbox-ports.ts';
import type { PolicySets } from '../../gateway/policy/live-sets.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { MemoryMailbox } from '../../gateway/stores/memory-mailbox.ts';
import { silentLog } from '../http/doubles.ts';

const HOUR = 3_600_000;

test('given up, replayed, handed over, in a session that knew of nothing', async () => {
  const opened = openSecrets({ kind: 'keys', text: 'a'.repeat(40) });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const none = { offLineUser: [] };
  const store = new MemoryMailbox();
  const rung: string[] = [];
  let now = 1_700_000_000_000;
  const common = { store, clock: { wall: () => now }, metrics: { mailbox: () => {} }, log: silentLog };
  const mailbox = await PostOffice.open({
    ...common,
    policies: { current: () => none, live: () => [none] } as unknown as PolicySets,
    secrets: opened.secrets,
    mostMessages: 10,
    sendsTextMessages: () => true,
    knownUsers: 10,
    firstTransactionNumber: 0,
    events: { concern: async () => {}, ring: (userKey) => void rung.push(userKey) },
  });
  const office = createMailboxOffice({
    ...common,
    vasps: ['v'],
    userKey: (vasp, user) => `${vasp}/${user}`,
    changed: (userKeys) => mailbox.changed(userKeys),
  });
  await mailbox.deposit({
    vasp: 'v',
    sessionKey: 's',
    senderKey: 'v/alice',
    sender: 'wv:alice@im.example',
    transactionId: '1',
    info: element('MessageInfo', [element('Sender', [element('User', [element('UserID', 'wv:alice@im.example')])])]),
    content: element('ContentData', 'hello'),
    wantsReport: false,
    validitySeconds: undefined,
    vaspMessageId: undefined,
    recipients: [
      {
        userId: 'wv:bob@im.example',
        userKey: 'v/bob',
        keep: { policy: 'p', messages: 10, bytes: 100, keepMillis: HOUR, notify: undefined },
      },
    ],
  });
  const [kept] = await store.waiting('v/bob', 1);
  await store.bury(kept?.id ?? '', 'unacknowledged', now);
  const bob: Visitor = {
    sessionKey: 'of-bob',
    userKey: 'v/bob',
    vasp: 'v',
    version: '1.3',
    openedAt: now,
    gets: { messages: true, notifications: true, reports: true },
    delivery: { method: 'P', pushedBytes: undefined },
  };
  await mailbox.standing(bob, true);
  expect([mailbox.concerns('v/bob'), rung.length]).toEqual([false, 1]);
  now += 2 * HOUR;
  const replayed = await office.replay({ which: 'user', user: { by: 'id', user: 'bob', vasp: undefined } }, 'test');
  expect(replayed).toEqual({ kind: 'done', done: 1 });
  expect([mailbox.concerns('v/bob'), rung]).toEqual([true, ['v/bob', 'v/bob']]);
  await mailbox.accessLists(bob, { blocked: undefined, granted: undefined });
  const handed = await mailbox.take(bob);
  expect(childText(handed?.primitive, 'ContentData')).toBe('hello');
});
