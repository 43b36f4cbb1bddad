/** One desk, asked by two workers: what one of them causes the other one knows of, and nothing is said or counted twice. */
import { expect, test } from '@jest/globals';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { element } from '../../gateway/csp/element.ts';
import { result } from '../../gateway/csp/status.ts';
import { Desk } from '../../gateway/desk/desk.ts';
import type { SelfCare } from '../../gateway/desk/self-care.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import type { Addressee, SystemMessages } from '../../gateway/system-message-ports.ts';
import {
  ConcernSender,
  type Concerns,
  remoteSystemMessages,
  type SystemMessageNews,
  type SystemMessageService,
  systemMessageService,
} from '../../gateway/workers/system-messages.ts';
import { USUAL_LIMITS } from '../desk/limits.ts';
import { idOf, onLine, textOf } from '../desk/world.ts';
import { setOf } from '../policy/sample.ts';
import { createClock, secretsOf, TEST_KEY } from '../transcripts/rig.ts';
import { pipe } from './lines.ts';

const SECRETS = secretsOf(TEST_KEY);
const NOTICE = onLine(
  'notice',
  'added-to-contact-list',
  'options: [{ id: add, text: { en: Add }, do: [{ addToContactList: "{otherUser}" }] }, { id: no, text: { en: "No" } }]',
  '{ en: "{otherUser} added you." }',
);

function addressee(name: string): Addressee {
  const userId = `wv:${name}@im.example`;
  return {
    sessionKey: `session of ${name}`,
    userKey: userKeyOf(SECRETS, { name: 'v' }, userId),
    openedAt: 0,
    facts: { userId, vasp: 'v', clientId: '', version: '1.3', encoding: 'xml', language: undefined },
    languageOfVasp: undefined,
    knowsSystemMessages: true,
  };
}

const ALICE = addressee('alice');
const BOB = addressee('bob');
const CAROL = addressee('carol');

async function desk(concern: (changes: Concerns) => Promise<void>, ...files: readonly string[]) {
  const store = openMemoryStore();
  const policies = new LivePolicySets(setOf(...files));
  const opened = await Desk.open({
    store: store.systemMessages,
    notes: store.notes,
    acceptances: store.acceptances,
    policies,
    secrets: SECRETS,
    clock: createClock(Date.UTC(2026, 5, 1, 12)),
    metrics: { systemMessage: () => {}, systemMessagesOpen: () => {}, systemMessageEffect: () => {} },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    limits: USUAL_LIMITS,
    events: { concern, ring: () => {}, changed: () => {} },
    serviceContact: undefined,
    selfCareUrl: () => undefined,
    userKey: (vasp, userId) => userKeyOf(SECRETS, { name: vasp }, userId),
    webhook: undefined,
  });
  return { desk: opened, policies };
}

/** As the primary and its workers are put together. */
async function twoWorkers(...files: readonly string[]) {
  const told: SystemMessageNews[] = [];
  const sender = new ConcernSender(async (changes) => {
    await Promise.all(told.map((news) => news.concern(changes)));
  });
  const { desk: local, policies } = await desk((changes) => sender.concern(changes), ...files);
  const start = () => {
    const { primary, worker } = pipe();
    primary.serve<SystemMessageService>('system-messages', systemMessageService(local));
    primary.serve<SelfCare>('self-care', local.selfCare);
    const remote = remoteSystemMessages(worker.remote<SystemMessageService>('system-messages'));
    worker.serve<SystemMessageNews>('worker', remote.news);
    told.push(primary.remote<SystemMessageNews>('worker'));
    return { ...remote, selfCare: worker.remote<SelfCare>('self-care') };
  };
  const begin = (): SystemMessages => start().begin({ hasMessages: local.hasMessages }, 100, policies);
  return { local, policies, start, a: begin(), b: begin() };
}

/** News that nobody waits for have come by then. */
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

test('a message that one causes reaches its user at the other, who answers there', async () => {
  const { a, b } = await twoWorkers(NOTICE);
  // Of whom nothing is known it is asked once.
  expect([a, b].map((one) => one.concerns(BOB.userKey))).toEqual([true, true]);
  expect([await a.standing(BOB), await b.standing(BOB)]).toMatchObject([{ isEmpty: true }, { isEmpty: true }]);
  expect([a, b].map((one) => one.concerns(BOB.userKey))).toEqual([false, false]);
  await a.happened({ kind: 'added-to-contact-list', addressee: ALICE, users: ['wv:bob@im.example'] });
  expect([a, b].map((one) => one.concerns(BOB.userKey))).toEqual([true, true]);
  expect(await a.standing(BOB)).toEqual({ isEmpty: false, isWaiting: true, blocking: undefined, timedOut: [] });
  const taken = await b.take(BOB);
  expect(taken && textOf(taken.primitive)).toBe('wv:alice@im.example added you.');
  expect(await a.take(BOB)).toBeUndefined();
  await b.answered(BOB, taken?.transactionId ?? '', element('Status', [result(200)]));
  // The choice comes on another connection.
  const judged = await a.chosen(BOB, [{ id: idOf(taken), chosenOptionId: '1', verificationKey: undefined }]);
  expect(judged).toMatchObject({ status: 200, effects: [{ kind: 'add-contact', user: 'wv:alice@im.example' }] });
  await a.done(BOB, judged.claim ?? '', []);
  expect(await b.take(BOB)).toBeUndefined();
  await later();
  expect([a, b].map((one) => one.concerns(BOB.userKey))).toEqual([false, false]);
});

test('a user who writes to one is answered at the other', async () => {
  const { a, b } = await twoWorkers();
  const carol: Addressee = { ...CAROL, knowsSystemMessages: false };
  await a.wrote(carol, 'help status');
  expect(b.concerns(carol.userKey)).toBe(true);
  const answer = await b.take(carol);
  expect(answer && textOf(answer.primitive)).toBeDefined();
  await b.delivered(carol, idOf(answer));
  await a.ended(carol.sessionKey, carol.userKey);
  await later();
  expect([a, b].map((one) => one.concerns(carol.userKey))).toEqual([false, false]);
});

test('a worker that begins knows what holds, and news that overtake what it is told are newer', async () => {
  const { local, policies, start, a } = await twoWorkers(NOTICE);
  await a.happened({ kind: 'added-to-contact-list', addressee: ALICE, users: ['wv:bob@im.example'] });
  const slow = start();
  const late = slow.begin({ hasMessages: local.hasMessages }, 100, policies);
  // The answer is on its way while the news come.
  const asked = late.standing(CAROL);
  await a.happened({ kind: 'added-to-contact-list', addressee: ALICE, users: ['wv:carol@im.example'] });
  await asked;
  await late.standing(BOB);
  expect([CAROL, BOB].map(({ userKey }) => late.concerns(userKey))).toEqual([true, true]);
  await local.forget(BOB.userKey);
  await later();
  expect([CAROL, BOB].map(({ userKey }) => late.concerns(userKey))).toEqual([true, false]);
});

test('what is looked for follows from the policies that are in force in each, and from what is open', async () => {
  const { a, b, policies } = await twoWorkers(NOTICE);
  expect(a.interests()).toEqual({
    any: true,
    logins: false,
    contactLists: true,
    presence: false,
    authorizations: false,
    errors: false,
  });
  expect(a.interests()).toBe(a.interests());
  await a.happened({ kind: 'added-to-contact-list', addressee: ALICE, users: ['wv:bob@im.example'] });
  policies.replace(setOf(), 0);
  expect(b.interests()).toMatchObject({ any: true, contactLists: false });
  const { a: without } = await twoWorkers();
  expect(without.interests().any).toBe(false);
});

test('the self-care page of either has one inbox and one preference', async () => {
  const { start } = await twoWorkers(NOTICE);
  const [one, other] = [start(), start()];
  await one.selfCare.setHelp(BOB.userKey, 'off');
  expect(await other.selfCare.look(BOB.userKey, 'v')).toEqual({ help: 'off', inbox: [] });
  await other.selfCare.removeFromInbox(BOB.userKey, 'A'.repeat(22));
});

test('changes that come together are told together, in their order', async () => {
  const told: Concerns[] = [];
  const sender = new ConcernSender(async (changes) => void told.push(changes));
  await sender.concern([['a', false]]);
  expect(told).toEqual([]);
  const waiting = [sender.concern([['b', true]]), sender.concern([['c', false]]), sender.concern([['a', true]])];
  await Promise.all(waiting);
  expect(told).toEqual([
    [
      ['a', true],
      ['b', true],
      ['c', false],
    ],
  ]);
  await sender.concern([['b', false]]);
  await later();
  expect(told[1]).toEqual([['b', false]]);
});
