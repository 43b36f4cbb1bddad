/**
 * The desk by itself: who is sent what, in which session, how often, and what an answer is worth. What goes over the wire
 * is the transcripts' matter.
 */
import { describe, expect, test } from '@jest/globals';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { DeskWorld, idOf, NOON, onLine, textOf } from './world.ts';

const GREETING = onLine('greeting', 'login', 'resend: { every: 1m, times: 2 }');
const QUESTION = onLine(
  'question',
  'login',
  [
    'requiresResponse: true',
    'expires: 1h',
    'options:',
    '  - { id: yes, text: { en: "Yes" } }',
    '  - { id: no, text: { en: "No" } }',
  ].join('\n'),
  '{ en: "Well, {user}?" }',
);

const ADD_BACK = onLine(
  'added',
  'added-to-contact-list',
  'options:\n  - { id: add, text: { en: Add }, do: [ { addToContactList: "{otherUser}" } ] }',
);

describe('a message', () => {
  test('goes out once, and is done when it is acknowledged', async () => {
    const world = await DeskWorld.open([GREETING]);
    const alice = world.user('alice');
    await alice.logsIn();
    expect(world.concerned).toEqual(new Set([alice.addressee.userKey]));
    expect(world.rung).toEqual([alice.addressee.userKey]);
    const out = await alice.poll();
    expect(textOf(out?.primitive ?? { name: '', children: [], text: '' })).toBe('Hello');
    expect(await alice.poll()).toBeUndefined();
    await alice.acknowledges(out);
    expect(world.concerned.size).toBe(0);
    const [record] = await world.records('wv:alice@im.example');
    expect(record).toMatchObject({ state: 'delivered', sentAt: NOON, deliveredAt: NOON, tries: 1, endedAt: NOON });
    expect(world.counted).toEqual(['greeting queued', 'greeting sent', 'greeting delivered']);
  });

  test('goes out again unacknowledged, as often as the policy says, under its own id and new TransactionIDs', async () => {
    const world = await DeskWorld.open([GREETING]);
    const alice = world.user('alice');
    await alice.logsIn();
    const first = await alice.poll();
    await world.sweepAfter(59_000);
    expect(await alice.poll()).toBeUndefined();
    world.rung.length = 0;
    await world.sweepAfter(1_000);
    expect(world.rung).toEqual([alice.addressee.userKey]);
    const second = await alice.poll();
    await world.sweepAfter(60_000);
    const third = await alice.poll();
    expect(idOf(second)).toBe(idOf(first));
    expect(idOf(third)).toBe(idOf(first));
    expect(new Set([first, second, third].map((out) => out?.transactionId)).size).toBe(3);
    await world.sweepAfter(3_600_000);
    expect(await alice.poll()).toBeUndefined();
    // The first TransactionID of all still acknowledges it.
    await alice.acknowledges(first);
    expect((await world.records('wv:alice@im.example'))[0]).toMatchObject({ state: 'delivered', tries: 3 });
  });

  test('that is acknowledged after its end is delivered all the same', async () => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice');
    await alice.logsIn();
    const out = await alice.poll();
    await world.sweepAfter(3_600_000);
    await world.user('mallory').acknowledges(out);
    expect(await world.records('wv:alice@im.example')).toMatchObject([{ state: 'expired', deliveredAt: undefined }]);
    await alice.acknowledges(out);
    await alice.acknowledges(out);
    expect(await world.records('wv:alice@im.example')).toMatchObject([
      { state: 'expired', deliveredAt: NOON + 3_600_000 },
    ]);
    expect(world.counted.filter((one) => one === 'question delivered')).toHaveLength(1);
  });

  test('waits for a user who is away, until it expires', async () => {
    const added = onLine('added', 'added-to-contact-list', 'expires: 1h', '{ en: "{otherUser} added you." }');
    const world = await DeskWorld.open([added]);
    await world.user('alice').adds('wv:bob@im.example', 'carol');
    await world.sweepAfter(3_599_000);
    expect(await world.user('bob').reads()).toBe('wv:alice@im.example added you.');
    await world.sweepAfter(2_000);
    expect(await world.user('carol').reads()).toBeUndefined();
    expect((await world.records('wv:carol@im.example'))[0]).toMatchObject({ state: 'expired', sentAt: undefined });
  });

  test('that wants no answer goes to one session of several, one that wants one to all until it is answered', async () => {
    const world = await DeskWorld.open([GREETING, QUESTION]);
    const phone = world.user('alice');
    const tablet = world.user('alice', { session: 'alice-2' });
    await phone.logsIn();
    expect(await phone.reads()).toBe('Hello');
    const asked = await phone.poll();
    const askedAgain = await tablet.poll();
    expect(idOf(askedAgain)).toBe(idOf(asked));
    expect(await tablet.poll()).toBeUndefined();
    await phone.acknowledges(asked);
    await phone.chooses(asked, '1');
    await world.sweepAfter(600_000);
    // The greeting, which nobody has acknowledged; not the question.
    expect(await tablet.reads()).toBe('Hello');
    expect(await tablet.poll()).toBeUndefined();
  });

  test('goes out in the order in which messages came, what blocks first', async () => {
    const urgent = onLine('urgent', 'login', 'order: 200\nblock: true', '{ en: Urgent }');
    const world = await DeskWorld.open([GREETING, urgent]);
    const alice = world.user('alice');
    await alice.logsIn();
    expect([await alice.reads(), await alice.reads(), await alice.reads()]).toEqual(['Urgent', 'Hello', undefined]);
  });

  test('has its limits: so many of a user, so many of all', async () => {
    const world = await DeskWorld.open([onLine('note', 'operator')], { limits: { open: 3, openPerUser: 2 } });
    const request = (name: string, broadcast: string) => ({
      policy: world.policy('note'),
      userKey: world.keyOf(`wv:${name}@im.example`),
      vasp: 'verona',
      broadcast,
    });
    const outcomes = await world.desk.enqueue([
      request('alice', 'a'),
      request('alice', 'b'),
      request('alice', 'c'),
      request('bob', 'a'),
      request('carol', 'a'),
    ]);
    expect(outcomes).toEqual(['queued', 'queued', 'full', 'queued', 'full']);
  });

  test('stays what it was when its policy is changed or removed, also after a restart', async () => {
    const store = openMemoryStore();
    const world = await DeskWorld.open([QUESTION], { store });
    const alice = world.user('alice');
    await alice.logsIn();
    world.replacePolicies(GREETING);
    expect(await alice.reads()).toBe('Well, wv:alice@im.example?');
    const again = await DeskWorld.open([], { store, clock: world.clock });
    expect(again.desk.interests().any).toBe(true);
    const out = await again.user('alice').poll();
    expect(textOf(out?.primitive ?? { name: '', children: [], text: '' })).toBe('Well, wv:alice@im.example?');
    expect(await again.user('alice').chooses(out, '2')).toMatchObject({ status: 200 });
    expect(await again.records('wv:alice@im.example')).toMatchObject([{ state: 'answered', option: 'no' }]);
    expect(again.desk.interests().any).toBe(false);
  });

  test('is not put a second time while it is open, and a new version takes its place', async () => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice');
    await alice.logsIn();
    await alice.logsIn();
    expect(await world.records('wv:alice@im.example')).toHaveLength(1);
    world.replacePolicies(QUESTION.replace('version: 1', 'version: 2'));
    await alice.logsIn();
    const records = await world.records('wv:alice@im.example');
    expect(records.map(({ version, state }) => [version, state])).toEqual([
      [1, 'withdrawn'],
      [2, 'open'],
    ]);
  });
});

test('what was read and wants no answer comes again at the next occasion; a question about somebody does not', async () => {
  const tip = onLine('tip', 'login', 'options:\n  - { id: ok, text: { en: OK } }');
  const added = onLine('added', 'added-to-contact-list', 'options:\n  - { id: ok, text: { en: OK } }');
  const world = await DeskWorld.open([tip, added]);
  const bob = world.user('bob');
  for (let times = 0; times < 2; times++) {
    await bob.logsIn();
    await world.user('alice').adds('wv:bob@im.example');
    for (let out = await bob.poll(); out !== undefined; out = await bob.poll()) await bob.acknowledges(out);
  }
  const records = await world.records('wv:bob@im.example');
  expect(records.map(({ policy, state }) => [policy, state])).toEqual([
    ['tip', 'delivered'],
    ['added', 'open'],
    ['tip', 'open'],
  ]);
});

describe('an answer', () => {
  test('counts once; the same again is confirmed, another is refused', async () => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice');
    await alice.logsIn();
    const out = await alice.poll();
    expect(await alice.chooses(out, '1')).toMatchObject({ status: 200, effects: [] });
    expect(await alice.chooses(out, '1')).toMatchObject({ status: 200, effects: [] });
    expect(await alice.chooses(out, '2')).toMatchObject({ status: 402 });
    expect(await world.records('wv:alice@im.example')).toMatchObject([
      { state: 'answered', option: 'yes', way: 'system-message', answeredAt: NOON, deliveredAt: NOON },
    ]);
  });

  test.each([
    ['without an option', undefined],
    ['of an option that is not there', '3'],
    ['of no number', 'yes'],
    ['of a number that is none of ours', '1e0'],
  ])('%s is told what would be right, and changes nothing', async (_what, option) => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice');
    await alice.logsIn();
    const judged = await alice.chooses(await alice.poll(), option);
    expect(judged).toMatchObject({ status: 402, effects: [] });
    expect(judged.description).toContain('1 to 2');
    expect(await world.records('wv:alice@im.example')).toMatchObject([{ state: 'open' }]);
  });

  test("to somebody else's message is worth nothing, whoever gives it, and does not tell that there is one", async () => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice');
    const mallory = world.user('mallory');
    await alice.logsIn();
    const out = await alice.poll();
    const foreign = await mallory.chooses(out, '1');
    const invented = await world.desk.chosen(mallory.addressee, [
      { id: `sapgw.${'A'.repeat(22)}`, chosenOptionId: '1', verificationKey: undefined },
    ]);
    expect(foreign).toEqual(invented);
    expect(foreign.status).toBe(402);
    await mallory.acknowledges(out);
    expect(await world.records('wv:alice@im.example')).toMatchObject([{ state: 'open', deliveredAt: undefined }]);
    expect(world.counted).toContain('question foreign');
  });

  test('that comes too late is worth nothing', async () => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice');
    await alice.logsIn();
    const out = await alice.poll();
    world.clock.advance(3_600_000);
    expect(await alice.chooses(out, '1')).toMatchObject({ status: 402 });
    await world.desk.sweep();
    expect(await alice.chooses(out, '1')).toMatchObject({ status: 402 });
    expect(await world.records('wv:alice@im.example')).toMatchObject([{ state: 'expired' }]);
  });

  test('whose effects nobody finished leaves the question open', async () => {
    const world = await DeskWorld.open([ADD_BACK]);
    await world.user('alice').adds('wv:bob@im.example');
    const bob = world.user('bob');
    const out = await bob.poll();
    const judged = await bob.chooses(out, '1');
    expect(judged.effects).toEqual([{ kind: 'add-contact', user: 'wv:alice@im.example' }]);
    // While the effect is under way nobody else has the answer.
    expect(await bob.chooses(out, '1')).toMatchObject({ status: 402 });
    await world.sweepAfter(61_000);
    const again = await bob.chooses(out, '1');
    expect(again).toMatchObject({ status: 200, effects: [{ kind: 'add-contact' }] });
    await bob.done(again);
    expect(await world.records('wv:bob@im.example')).toMatchObject([{ state: 'answered', option: 'add' }]);
  });

  test('whose effect failed is kept, and the user is told', async () => {
    const world = await DeskWorld.open([ADD_BACK]);
    await world.user('alice').adds('wv:bob@im.example');
    const bob = world.user('bob');
    const out = await bob.poll();
    await bob.acknowledges(out);
    await bob.done(await bob.chooses(out, '1'), 506);
    expect(await bob.reads()).toContain('wv:alice@im.example');
    expect(world.counted).toContain('add-contact failed');
  });

  test('with accept: true is recorded, with the text that was shown', async () => {
    const terms = onLine(
      'terms',
      'first-login',
      'options:\n  - { id: accept, text: { en: Accept }, do: [ { accept: true } ] }',
      '{ en: "Terms for {user}." }',
    ).replace('notification', 'terms');
    const world = await DeskWorld.open([terms]);
    const alice = world.user('alice');
    await alice.logsIn();
    await alice.chooses(await alice.poll(), '1');
    expect(await world.store.acceptances.of(alice.addressee.userKey)).toMatchObject([
      { policy: 'terms', version: 1, option: 'accept' },
    ]);
    const [entry] = await world.store.audit.recordsOf(alice.addressee.userKey);
    expect(entry).toMatchObject({ kind: 'record', record: { policy: 'terms', outcome: 'accepted', option: 'accept' } });
    const text = entry?.kind === 'record' ? await world.store.texts.get(entry.record.text) : undefined;
    expect(text).toBe('Terms for {user}.\n\n1. Accept\n');
    // Whoever has answered is not asked at the next first login.
    await alice.logsIn();
    expect(await alice.poll()).toBeUndefined();
  });

  test('calls its webhook, again after a pause until it is taken, also after a restart', async () => {
    const outcomes: ('try-again' | 'delivered')[] = ['try-again', 'try-again', 'delivered'];
    const calls: string[] = [];
    const webhook = async ({ id, option }: { id: string; option: string }) => {
      calls.push(`${id} ${option}`);
      return outcomes.shift() ?? ('delivered' as const);
    };
    const store = openMemoryStore();
    const hooked = onLine(
      'hooked',
      'login',
      'options:\n  - { id: go, text: { en: Go }, do: [ { webhook: "https://hooks.example/in" } ] }',
    );
    const world = await DeskWorld.open([hooked], { store, webhook });
    const alice = world.user('alice');
    await alice.logsIn();
    await alice.chooses(await alice.poll(), '1');
    await world.desk.sweep();
    expect(calls).toHaveLength(1);
    await world.sweepAfter(500);
    expect(calls).toHaveLength(1);
    const again = await DeskWorld.open([hooked], { store, webhook, clock: world.clock });
    await again.sweepAfter(600);
    await again.sweepAfter(5_000);
    await again.sweepAfter(3_600_000);
    expect(new Set(calls).size).toBe(1);
    expect(calls).toHaveLength(3);
  });
});

test('terms for the first login are asked again until they are accepted', async () => {
  const terms = onLine(
    'terms',
    'first-login',
    [
      'options:',
      '  - { id: accept, text: { en: Accept }, do: [ { accept: true } ] }',
      '  - { id: leave, text: { en: Leave }, do: [ { logout: true } ] }',
    ].join('\n'),
  ).replace('notification', 'terms');
  const world = await DeskWorld.open([terms]);
  const alice = world.user('alice');
  await alice.logsIn();
  await alice.done(await alice.chooses(await alice.poll(), '2'));
  await alice.logsIn();
  await alice.chooses(await alice.poll(), '1');
  await alice.logsIn();
  expect(await alice.poll()).toBeUndefined();
});

test('an end on its way into the store is not overtaken: not by a poll, nor by an acknowledgement', async () => {
  const world = await DeskWorld.open([QUESTION]);
  const phone = world.user('alice');
  const tablet = world.user('alice', { session: 'alice-2' });
  await phone.logsIn();
  const out = await phone.poll();
  const { systemMessages } = world.store;
  const put = systemMessages.put.bind(systemMessages);
  let goOn: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let reach: () => void = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  systemMessages.put = async (records) => {
    if (records.some(({ state }) => state === 'answered')) {
      reach();
      await held;
    }
    await put(records);
  };
  const answered = phone.chooses(out, '1');
  await reached;
  const polled = tablet.poll();
  const acknowledged = tablet.acknowledges(out);
  goOn();
  expect(await answered).toMatchObject({ status: 200 });
  expect(await polled).toBeUndefined();
  await acknowledged;
  expect(await world.records('wv:alice@im.example')).toMatchObject([{ state: 'answered', option: 'yes' }]);
});

describe('silence', () => {
  const silent = (onTimeout: string) =>
    onLine('silent', 'login', `requiresResponse: true\nexpires: 1m\nonTimeout: ${onTimeout}`);

  test.each([
    ['{ logout: true }', { kind: 'logout' }],
    ['{ grant: few }', { kind: 'grant', level: 'few', isAtMost: true }],
  ])('leads to %s in sessions that were open, not in later ones', async (onTimeout, effect) => {
    const world = await DeskWorld.open([silent(onTimeout)]);
    const alice = world.user('alice');
    await alice.logsIn();
    await world.sweepAfter(61_000);
    expect((await world.desk.standing(alice.addressee)).timedOut).toMatchObject([effect]);
    expect(world.concerned.size).toBe(1);
    world.clock.advance(1);
    expect((await world.desk.standing(world.user('alice').addressee)).timedOut).toEqual([]);
    const again = await DeskWorld.open([], { store: world.store, clock: world.clock });
    expect((await again.desk.standing(alice.addressee)).timedOut).toMatchObject([effect]);
    await world.sweepAfter(86_400_000);
    await world.desk.sweep();
    expect(world.concerned.size).toBe(0);
  });

  test('holds no longer where the user has chosen a level since', async () => {
    const upgrade = onLine(
      'upgrade',
      'operator',
      'options:\n  - { id: more, text: { en: More }, do: [ { grant: full } ] }',
    );
    const world = await DeskWorld.open([silent('{ grant: few }'), upgrade]);
    const alice = world.user('alice');
    await alice.logsIn();
    await world.sweepAfter(61_000);
    const { userKey } = alice.addressee;
    await world.desk.enqueue([{ policy: world.policy('upgrade'), userKey, vasp: 'verona' }]);
    world.clock.advance(1_000);
    await alice.done(await alice.chooses(await alice.poll(), '1'));
    expect((await world.desk.standing(alice.addressee)).timedOut).toEqual([]);
    expect((await world.desk.standing({ ...alice.addressee, sessionKey: 'alice-2' })).timedOut).toHaveLength(1);
  });

  test('about terms ends the session, unless the policy says otherwise', async () => {
    const world = await DeskWorld.open([
      onLine('terms', 'first-login', 'expires: 1m').replace('notification', 'terms'),
    ]);
    const alice = world.user('alice');
    await alice.logsIn();
    expect((await world.desk.standing(alice.addressee)).blocking).toMatchObject({
      text: 'Hello',
      requiresResponse: true,
    });
    await world.sweepAfter(61_000);
    expect(await world.desk.standing(alice.addressee)).toMatchObject({
      blocking: undefined,
      timedOut: [{ kind: 'logout' }],
    });
    await world.user('alice').logsIn();
    expect((await world.desk.standing(world.user('alice').addressee)).blocking).toBeDefined();
  });
});

describe('by text messages', () => {
  const talk = { knows: false };

  test.each(['2', ' 2. ', 'No', 'nO!'])('%j answers the question, and is confirmed', async (text) => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice', talk);
    await alice.logsIn();
    const out = await alice.poll();
    expect(out?.primitive.name).toBe('NewMessage');
    expect(textOf(out?.primitive ?? { name: '', children: [], text: '' })).toContain('2 No');
    expect(await alice.writes(text)).toMatchObject({ status: 200, effects: [] });
    expect(await alice.reads()).toContain('No');
    expect(await world.records('wv:alice@im.example')).toMatchObject([{ option: 'no', way: 'conversation' }]);
  });

  test('the next question waits until the one before is answered', async () => {
    const second = QUESTION.replace('id: question', 'id: second').replace('Well, {user}', 'And');
    const world = await DeskWorld.open([QUESTION, second, GREETING]);
    const alice = world.user('alice', talk);
    await alice.logsIn();
    const shown: (string | undefined)[] = [await alice.reads(), await alice.reads(), await alice.reads()];
    await alice.writes('1');
    shown.push(await alice.reads(), await alice.reads());
    expect(shown.map((text) => text?.split('\n')[0])).toEqual([
      'Hello',
      'Well, wv:alice@im.example?',
      undefined,
      'Thank you. You chose: Yes',
      'And?',
    ]);
  });

  test('a question that went out before a restart and is acknowledged after it can be answered', async () => {
    const store = openMemoryStore();
    const world = await DeskWorld.open([QUESTION], { store });
    const before = world.user('alice', talk);
    await before.logsIn();
    const out = await before.poll();
    const again = await DeskWorld.open([QUESTION], { store, clock: world.clock });
    const alice = again.user('alice', talk);
    await alice.acknowledges(out);
    expect(await alice.reads()).toBeUndefined();
    await alice.writes('2');
    expect(await alice.reads()).toContain('You chose: No');
    expect(await again.records('wv:alice@im.example')).toMatchObject([{ state: 'answered', option: 'no' }]);
  });

  test('a page that went out before a restart is not taken for the whole text', async () => {
    const long = QUESTION.replace('message: ', `message: { en: "${'a long text '.repeat(40)}" } # `);
    const store = openMemoryStore();
    const world = await DeskWorld.open([long], { store });
    const before = world.user('alice', talk);
    await before.logsIn();
    const out = await before.poll();
    const again = await DeskWorld.open([long], { store, clock: world.clock });
    const alice = again.user('alice', talk);
    await again.desk.delivered(alice.addressee, idOf(out));
    expect(await again.records('wv:alice@im.example')).toMatchObject([{ state: 'open', deliveredAt: undefined }]);
    expect(await alice.reads()).toContain('Reply with the number');
  });

  test('what is no answer is told so; commands work meanwhile', async () => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice', talk);
    await alice.logsIn();
    await alice.poll();
    await alice.writes('maybe');
    expect(await alice.reads()).not.toBeUndefined();
    await alice.writes('help status');
    expect(await alice.reads()).toContain('on');
    expect(await world.records('wv:alice@im.example')).toMatchObject([{ state: 'open' }]);
  });

  test('a client that does not know the primitive is written to instead', async () => {
    const world = await DeskWorld.open([QUESTION]);
    const alice = world.user('alice');
    await alice.logsIn();
    const out = await alice.poll();
    expect(out?.primitive.name).toBe('SystemMessage-Request');
    await alice.acknowledges(out, 501);
    expect((await alice.poll())?.primitive.name).toBe('NewMessage');
    expect(world.counted).toContain('question not-understood');
  });
});

describe('help', () => {
  const HELP = onLine('tip', 'login', '', '{ en: "A tip." }').replace('notification', 'help');

  test('is switched off by its last option, kept in the inbox then, found there, and switched on again', async () => {
    const world = await DeskWorld.open([HELP]);
    const alice = world.user('alice');
    await alice.logsIn();
    const out = await alice.poll();
    expect(JSON.stringify(out?.primitive)).toContain('Do not show any more help messages');
    expect(await alice.chooses(out, '1')).toMatchObject({ status: 200 });
    await alice.logsIn();
    expect(await alice.poll()).toBeUndefined();
    expect((await world.records('wv:alice@im.example')).map(({ state }) => state)).toEqual(['answered', 'inbox']);
    await alice.writes('inbox');
    expect([await alice.reads(), await alice.reads()]).toEqual([expect.stringContaining('1'), 'A tip.']);
    await alice.writes('help on');
    await alice.reads();
    await alice.writes('help status');
    expect(await alice.reads()).toContain('on');
    await alice.logsIn();
    expect((await world.records('wv:alice@im.example')).map(({ state }) => state)).not.toContain('inbox');
  });
});

describe('somebody added', () => {
  const ADDED = onLine('added', 'added-to-contact-list', '', '{ en: "{otherUser} added you." }');

  test('is told once; who adds back is not told of, and a question about it is settled', async () => {
    const world = await DeskWorld.open([ADDED]);
    const alice = world.user('alice');
    const bob = world.user('bob');
    await alice.adds('wv:bob@im.example', 'WV:Bob@im.example', 'wv:alice@im.example');
    expect(await world.records('wv:bob@im.example')).toHaveLength(1);
    await bob.adds('wv:alice');
    expect(await bob.poll()).toBeUndefined();
    expect(await alice.poll()).toBeUndefined();
    expect(await world.records('wv:bob@im.example')).toMatchObject([{ state: 'withdrawn' }]);
  });
});

describe('errors', () => {
  test('are counted in their session, within the time, by the patterns of the policy', async () => {
    const errors = onLine('errors', 'repeated-errors, count: 3, within: 1m, statuses: [4xx, "506"]');
    const world = await DeskWorld.open([errors]);
    const alice = world.user('alice');
    const fails = (status: number) => world.desk.happened({ kind: 'error', addressee: alice.addressee, status });
    await fails(404);
    await fails(506);
    await fails(503);
    expect(await alice.poll()).toBeUndefined();
    world.clock.advance(61_000);
    await fails(404);
    await fails(404);
    expect(await alice.poll()).toBeUndefined();
    await fails(402);
    expect(await alice.reads()).toBe('Hello');
  });
});
