/**
 * Operator messages: whom they reach, how fast, what is reported of them at every moment, and that a crash at any step
 * makes none come twice and leaves none out.
 */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { BroadcastReport } from '../../gateway/desk/broadcast-model.ts';
import type { Store } from '../../gateway/ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { temporaryFolder } from '../main/running.ts';
import { HELP, NOTICE, Rig, userKey, VASPS, World } from './broadcast-rig.ts';

const ALICE = 'wv:alice@im.example';
const users = (count: number): string[] => Array.from({ length: count }, (_, index) => `wv:user${index}@im.example`);

async function logInAll(world: World, names: readonly string[]): Promise<void> {
  for (const user of names) await world.logIn({ user });
}

/** Who got a message, without `wv:` and domain. */
async function reached(world: World, names: readonly string[], vasp: string = VASPS[0]): Promise<string[]> {
  const keys = (await world.records()).map((record) => record.userKey);
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index);
  expect(twice).toEqual([]);
  return names.filter((user) => keys.includes(userKey(vasp, user)));
}

describe('to one user', () => {
  test('who is on-line', async () => {
    const world = new World();
    await world.logIn({ user: ALICE });
    const rig = await Rig.start(world);
    const { id, ...report } = await rig.begin({ to: { kind: 'user', user: 'ALICE@im.example' }, vasp: 'friendly-im' });
    expect(id).toMatch(/^[0-9a-f]{12}$/);
    expect(report).toMatchObject({
      policy: 'notice',
      version: 2,
      state: 'sent',
      matched: 1,
      queued: 1,
      walked: 0,
      of: 0,
    });
    await rig.hand(ALICE, 'answered', 2);
    expect(rig.report(id).counts).toMatchObject({ open: 0, sent: 1, delivered: 1, answered: 1, options: { no: 1 } });
    expect(world.logged.join('\n')).not.toMatch(/alice/i);
    expect(world.logged[0]).toContain(userKey('friendly-im', ALICE));
  });

  test('who is off-line: the message waits, and expires when nobody comes', async () => {
    const world = new World();
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ to: { kind: 'user', user: ALICE }, vasp: 'friendly-im' });
    expect(rig.report(id)).toMatchObject({ state: 'sent', matched: 1, counts: { open: 1, sent: 0 } });
    world.now += 24 * 3_600_000;
    await rig.desk.sweep();
    expect(rig.report(id)).toMatchObject({ matched: 1, counts: { open: 0, sent: 0, expired: 1 } });
  });

  test('who wants no help: it is in the inbox, and counted there', async () => {
    const world = new World();
    const key = userKey('friendly-im', ALICE);
    await world.store.systemMessages.set(key, { help: 'off', seen: new Map() });
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ policy: 'tip', to: { kind: 'user', user: ALICE }, vasp: 'friendly-im' });
    expect(rig.report(id)).toMatchObject({ matched: 1, queued: 1, counts: { open: 0, inbox: 1, sent: 0 } });
  });

  test('the operator is told of somebody without a domain, to whom nothing is sent', async () => {
    const world = new World();
    await world.logIn({ user: 'alice' });
    const rig = await Rig.start(world);
    const order = {
      policy: 'notice',
      to: { kind: 'user', user: ALICE },
      vasp: 'friendly-im',
      perSecond: undefined,
    } as const;
    expect(await rig.broadcasts.send(order, 'a test')).toMatchObject({
      kind: 'begun',
      hint: expect.stringMatching(/^Nobody is on-line under this id, but somebody is who logged in without a domain;/),
    });
    expect(await reached(world, ['alice', ALICE])).toEqual([ALICE]);
    await world.logIn({ user: ALICE });
    expect(await rig.broadcasts.send(order, 'a test')).toMatchObject({ hint: undefined });
  });
});

describe('to users by a glob, and to everybody', () => {
  const names = ['wv:anna@im.example', 'wv:bert@im.example', 'wv:carl@other.example', 'dora'];

  test('a glob is held against the names; whoever has no domain is taken for what the VASP fills in', async () => {
    const world = new World();
    await logInAll(world, names);
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ to: { kind: 'users', users: 'wv:*@im.example' } });
    expect(await rig.whole(id)).toMatchObject({ state: 'sent', matched: 3, queued: 3, walked: 4, of: 4, nameless: 0 });
    expect(await reached(world, names)).toEqual([names[0], names[1], names[3]]);
  });

  test('each user once, however many sessions', async () => {
    const world = new World();
    for (let number = 0; number < 40; number++) await world.logIn({ user: ALICE, number });
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ perSecond: 20 });
    expect(await rig.whole(id)).toMatchObject({ matched: 1, queued: 1, walked: 40 });
    // What was known already cost no time: the first slice has the user, the others go on at once.
    expect(world.now).toBeLessThanOrEqual(200);
  });

  test('one VASP alone, one that is not configured never, expired sessions never', async () => {
    const world = new World();
    await world.logIn({ user: 'wv:here@x', vasp: 'other-im' });
    await world.logIn({ user: 'wv:there@x', vasp: 'friendly-im' });
    await world.logIn({ user: 'wv:gone@x', vasp: 'former-im' });
    await world.logIn({ user: 'wv:late@x', vasp: 'other-im', change: { expiresAt: world.clock.wall() } });
    const rig = await Rig.start(world);
    const one = await rig.begin({ vasp: 'other-im' });
    expect(await rig.whole(one.id)).toMatchObject({ matched: 1, walked: 4 });
    expect(await reached(world, ['wv:here@x'], 'other-im')).toEqual(['wv:here@x']);
    const all = await rig.begin({});
    expect(await rig.whole(all.id)).toMatchObject({ matched: 2 });
  });

  test('whom the policy does not concern is left alone', async () => {
    const world = new World();
    await logInAll(world, names);
    await world.logIn({ user: 'wv:old@im.example', change: { version: '1.1' } });
    const applies = 'applies: { users: ["wv:*@im.example"], csp: ["1.3"] }\n';
    const rig = await Rig.start(world, { policies: [NOTICE + applies] });
    const { id } = await rig.begin({});
    expect(await rig.whole(id)).toMatchObject({ matched: 3 });
    expect(await reached(world, [...names, 'wv:old@im.example'])).toEqual([names[0], names[1], names[3]]);
  });

  test('sessions without a name are reached by everybody, and counted by a glob', async () => {
    const world = new World();
    await world.logIn({ user: ALICE, isNameless: true });
    await world.logIn({ user: 'wv:bert@x', isNameless: true, vasp: 'other-im' });
    const rig = await Rig.start(world);
    const glob = await rig.begin({ to: { kind: 'users', users: '*' } });
    expect(await rig.whole(glob.id)).toMatchObject({ matched: 0, nameless: 2 });
    const here = await rig.begin({ to: { kind: 'users', users: '*' }, vasp: 'other-im' });
    expect(await rig.whole(here.id)).toMatchObject({ matched: 0, nameless: 1 });
    const all = await rig.begin({});
    expect(await rig.whole(all.id)).toMatchObject({ matched: 2, nameless: 0 });
  });

  test('a session without a name that was opened meanwhile is counted once', async () => {
    const world = new World();
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ to: { kind: 'users', users: '*' } });
    await world.logIn({ user: ALICE, isNameless: true, change: { openedAt: world.clock.wall() } });
    expect(await rig.whole(id)).toMatchObject({ matched: 0, nameless: 1 });
  });

  test('a policy that asks for names cannot reach those without', async () => {
    const world = new World();
    await world.logIn({ user: ALICE, isNameless: true });
    const rig = await Rig.start(world, { policies: [`${NOTICE}applies: { users: ["wv:*"] }\n`] });
    const { id } = await rig.begin({});
    expect(await rig.whole(id)).toMatchObject({ matched: 0, nameless: 1 });
  });

  test('who comes, or comes again, while it is being sent is reached too', async () => {
    const world = new World();
    await logInAll(world, users(200));
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ perSecond: 100 });
    await rig.pass(20);
    const late = Array.from({ length: 60 }, (_, index) => `wv:late${index}@im.example`);
    for (const user of late) await world.logIn({ user, change: { openedAt: world.clock.wall() } });
    expect(await rig.whole(id)).toMatchObject({ state: 'sent', matched: 260, queued: 260 });
    expect(await reached(world, [...users(200), ...late])).toHaveLength(260);
  });

  test('nobody on-line is nobody to wait for', async () => {
    const rig = await Rig.start(new World());
    const { id } = await rig.begin({});
    expect(await rig.whole(id)).toMatchObject({ state: 'sent', matched: 0, walked: 0, of: 0 });
    expect(rig.world.timers).not.toContain(50);
  });
});

describe('the rate', () => {
  test.each([
    [1, 3],
    [100, 400],
    [333, 700],
    [10_000, 3_000],
  ])('%d a second, for %d users: steady', async (perSecond, count) => {
    const world = new World();
    await logInAll(world, users(count));
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ perSecond });
    const perSlice: number[] = [];
    for (let before = 0; rig.report(id).state === 'running' && perSlice.length < 10_000; ) {
      await rig.pass(1);
      const { queued } = rig.report(id);
      perSlice.push(queued - before);
      before = queued;
      expect(queued).toBeLessThanOrEqual((world.now * perSecond) / 1_000);
    }
    expect(rig.report(id)).toMatchObject({ queued: count });
    expect(Math.max(...perSlice)).toBeLessThanOrEqual(Math.ceil(perSecond / 20));
    // The look for who came meanwhile takes a slice for each thousand sessions, and waits for one more to be due.
    const due = (count / perSecond) * 1_000;
    expect(world.now - due).toBeLessThanOrEqual(Math.max(200, 1_000 / perSecond + 50));
  });

  test('what a stall kept back is not made up for by a burst', async () => {
    const world = new World();
    await logInAll(world, users(300));
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ perSecond: 100 });
    await rig.pass(10);
    expect(rig.report(id).queued).toBe(50);
    world.now += 5_000;
    await rig.pass(1);
    expect(rig.report(id).queued).toBe(60);
    await rig.pass(1);
    expect(rig.report(id).queued).toBe(65);
  });

  test('several at the same time share what there is, each at its own rate', async () => {
    const world = new World();
    await logInAll(world, users(2_000));
    const rig = await Rig.start(world, { policies: [NOTICE, HELP] });
    const fast = await rig.begin({ perSecond: 10_000 });
    const other = await rig.begin({ policy: 'tip', perSecond: 10_000 });
    const slow = await rig.begin({ policy: 'tip', perSecond: 20 });
    await rig.pass(2);
    const [a, b, c] = [fast, other, slow].map(({ id }) => rig.report(id).queued);
    expect((a ?? 0) + (b ?? 0)).toBeLessThanOrEqual(1_000);
    expect([a, b].map((queued) => (queued ?? 0) > 300)).toEqual([true, true]);
    expect(c).toBe(2);
    await rig.whole(fast.id);
    await rig.whole(other.id);
    expect(rig.report(slow.id)).toMatchObject({ state: 'running', queued: world.now / 50 });
  });
});

describe('the report', () => {
  test('is exact at every moment, whatever becomes of the messages', async () => {
    const world = new World();
    const names = users(120);
    await logInAll(world, names);
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ perSecond: 200 });
    const steps = ['sent', 'delivered', 'answered', 'answered'] as const;
    const todo = [...names];
    for (let slice = 0; slice < 20; slice++) {
      await rig.pass(1);
      for (let index = 0; index < 3; index++) {
        const keys = (await world.records()).filter(({ state, sentAt }) => state === 'open' && sentAt === undefined);
        const user = todo.find((one) => keys.some((record) => record.userKey === userKey(VASPS[0], one)));
        if (user === undefined) continue;
        await rig.hand(user, steps[(slice + index) % 4] ?? 'sent', 1 + (slice % 2));
        expect(rig.report(id).counts).toEqual(await rig.countedAnew(id));
      }
    }
    const { counts, matched, queued } = rig.report(id);
    expect({ matched, queued }).toEqual({ matched: 120, queued: 120 });
    expect(counts).toMatchObject({ sent: 60, delivered: 45, answered: 30, open: 90 });
    expect((counts.options.fine ?? 0) + (counts.options.no ?? 0)).toBe(30);
    world.now += 24 * 3_600_000;
    await rig.desk.sweep();
    expect(rig.report(id).counts).toEqual({ ...counts, open: 0, expired: 90 });
    expect(await rig.countedAnew(id)).toEqual(rig.report(id).counts);
    const again = await Rig.start(world);
    expect(again.report(id)).toEqual(rig.report(id));
  });

  test('counts users for whom there is no room, each once, and again after a restart', async () => {
    const world = new World();
    const names = users(30);
    await logInAll(world, names);
    for (const user of names) await world.logIn({ user, number: 1 });
    const rig = await Rig.start(world, { limits: { open: 12 } });
    const { id } = await rig.begin({ perSecond: 200 });
    await rig.pass(3);
    expect(rig.report(id)).toMatchObject({ state: 'running', queued: 12 });
    expect(rig.report(id).full).toBeGreaterThan(0);
    await rig.broadcasts.close();
    const again = await Rig.start(world, { limits: { open: 12 } });
    expect(await again.whole(id)).toMatchObject({ state: 'sent', matched: 30, queued: 12, full: 18, walked: 60 });
  });

  test('outlives the records', async () => {
    const world = new World();
    await logInAll(world, users(4));
    const rig = await Rig.start(world);
    const { id } = await rig.begin({});
    await rig.whole(id);
    await rig.hand('wv:user0@im.example', 'answered');
    await rig.hand('wv:user1@im.example', 'delivered');
    world.now += 3 * 3_600_000;
    const before = rig.report(id);
    await rig.broadcasts.recount();
    expect(rig.report(id)).toEqual(before);
    const ended = (await world.records()).filter(({ endedAt }) => endedAt !== undefined);
    await world.store.systemMessages.remove(ended.map((record) => record.id));
    const again = await Rig.start(world);
    expect(again.report(id)).toEqual(before);
    await again.hand('wv:user2@im.example', 'answered', 2);
    world.now += 24 * 3_600_000;
    await again.desk.sweep();
    const last = again.report(id);
    expect(last.counts).toMatchObject({ made: 4, open: 0, answered: 2, expired: 2, options: { fine: 1, no: 1 } });
    world.now += 3 * 3_600_000;
    await again.broadcasts.recount();
    await again.broadcasts.recount();
    await world.store.systemMessages.remove((await world.records()).map((record) => record.id));
    expect((await Rig.start(world)).report(id)).toEqual(last);
  });

  test('counts no message twice that ended just before its count was written', async () => {
    const world = new World();
    await logInAll(world, users(3));
    const rig = await Rig.start(world);
    const { id } = await rig.begin({});
    await rig.whole(id);
    await rig.hand('wv:user0@im.example', 'answered');
    world.now += 3 * 3_600_000;
    await rig.hand('wv:user1@im.example', 'answered');
    await rig.broadcasts.recount();
    expect((await Rig.start(world)).report(id)).toEqual(rig.report(id));
    expect(rig.report(id).counts).toMatchObject({ made: 3, answered: 2, open: 1 });
  });

  test('a hundred are kept, those under way all of them', async () => {
    const world = new World();
    await logInAll(world, users(2));
    const rig = await Rig.start(world);
    const running = await rig.begin({ perSecond: 1 });
    const first = await rig.begin({ to: { kind: 'user', user: ALICE }, vasp: 'friendly-im' });
    for (let index = 0; index < 99; index++) {
      world.now += 1;
      await rig.begin({ to: { kind: 'user', user: ALICE }, vasp: 'friendly-im' });
    }
    expect(rig.broadcasts.list()).toHaveLength(100);
    expect(rig.broadcasts.get(first.id)).toBeUndefined();
    expect(rig.broadcasts.list().at(-1)?.id).toBe(running.id);
    await rig.broadcasts.close();
    const again = await Rig.start(world);
    expect(again.broadcasts.list().map(({ id }) => id)).toEqual(rig.broadcasts.list().map(({ id }) => id));
  });

  test('a hundred under way are enough', async () => {
    const world = new World();
    await logInAll(world, users(2));
    const rig = await Rig.start(world);
    for (let index = 0; index < 100; index++) await rig.begin({ perSecond: 1 });
    await expect(rig.begin({})).rejects.toThrow(
      '100 operator messages are being sent; cancel one, or wait for its end.',
    );
  });
});

describe('cancelling', () => {
  test('ends it at once and takes back what is open', async () => {
    const world = new World();
    const names = users(100);
    await logInAll(world, names);
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ perSecond: 200 });
    await rig.pass(4);
    const [first] = await reached(world, names);
    await rig.hand(first ?? '', 'answered');
    expect(await rig.broadcasts.cancel(id, 'a test')).toMatchObject({
      kind: 'cancelled',
      isKept: true,
      report: { state: 'cancelled', matched: 40, counts: { open: 0, withdrawn: 39, answered: 1 } },
    });
    await rig.pass(50);
    expect(rig.report(id)).toMatchObject({ state: 'cancelled', matched: 40 });
    expect(world.timers).not.toContain(50);
    expect(await rig.broadcasts.cancel(id, 'a test')).toMatchObject({ kind: 'over' });
    expect((await Rig.start(world)).report(id)).toEqual(rig.report(id));
  });

  test('of one that is sent takes back what nobody answered; then there is nothing left', async () => {
    const world = new World();
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ to: { kind: 'user', user: ALICE }, vasp: 'friendly-im' });
    expect(await rig.broadcasts.cancel(id, 'a test')).toMatchObject({ kind: 'cancelled' });
    expect(rig.report(id).counts).toMatchObject({ open: 0, withdrawn: 1 });
    const other = await rig.begin({ to: { kind: 'user', user: ALICE }, vasp: 'friendly-im' });
    await rig.hand(ALICE, 'answered');
    expect(await rig.broadcasts.cancel(other.id, 'a test')).toMatchObject({ kind: 'over', report: { state: 'sent' } });
    expect(await rig.broadcasts.cancel('nothing', 'a test')).toEqual({ kind: 'unknown' });
  });

  test('while a slice is under way takes its messages back too', async () => {
    const world = new World();
    await logInAll(world, users(50));
    let rig: Rig | undefined;
    let cancelled: Promise<unknown> | undefined;
    let id = '';
    rig = await Rig.start(world, {
      after: (step) => {
        if (step === 'enqueue' && cancelled === undefined) cancelled = rig?.broadcasts.cancel(id, 'a test');
      },
    });
    id = (await rig.begin({ perSecond: 200 })).id;
    await rig.pass(3);
    expect(await cancelled).toMatchObject({ kind: 'cancelled', isKept: true });
    expect(rig.report(id)).toMatchObject({ state: 'cancelled', matched: 10, counts: { withdrawn: 10, open: 0 } });
  });

  test('where the store fails holds nevertheless, is said, and is made good', async () => {
    const world = new World();
    await logInAll(world, users(50));
    let isBroken = false;
    const rig = await Rig.start(world, {
      before: (step) => {
        if (isBroken && step === 'write') throw new Error('no room');
      },
    });
    const { id } = await rig.begin({ perSecond: 200 });
    await rig.pass(2);
    isBroken = true;
    expect(await rig.broadcasts.cancel(id, 'a test')).toMatchObject({ kind: 'cancelled', isKept: false });
    await rig.pass(30);
    expect(rig.report(id)).toMatchObject({ state: 'cancelled', matched: 20, counts: { open: 20 } });
    isBroken = false;
    await rig.pass(30);
    expect(rig.report(id)).toMatchObject({ matched: 20, counts: { open: 0, withdrawn: 20 } });
    expect((await Rig.start(world)).report(id)).toEqual(rig.report(id));
  });
});

describe('when things fail', () => {
  test.each(['enqueue', 'sessions', 'write'])(
    '%s for a while: said once a second, and gone on with',
    async (broken) => {
      const world = new World();
      await logInAll(world, users(100));
      let isBroken = false;
      const rig = await Rig.start(world, {
        before: (step) => {
          if (isBroken && step === broken) throw new Error('broken');
        },
      });
      const { id } = await rig.begin({ perSecond: 20 });
      await rig.pass(20);
      isBroken = true;
      await rig.pass(60);
      const told = world.logged.filter((line) => line.startsWith('operator messages cannot be stored'));
      expect([told.length >= 2, told.length <= 4]).toEqual([true, true]);
      isBroken = false;
      expect(await rig.whole(id)).toMatchObject({ state: 'sent', matched: 100, queued: 100, walked: 100 });
      expect(await reached(world, users(100))).toHaveLength(100);
    },
  );

  test('a note that nobody can read is said and left', async () => {
    const world = new World();
    await world.store.notes.put('broadcast-3', '{"format":7}');
    const rig = await Rig.start(world);
    expect(rig.broadcasts.list()).toEqual([]);
    expect(world.logged).toContain('an operator message cannot be read {"place":3}');
  });
});

/** Everything after the crash fails, as for a process that is gone. */
class Crash {
  #left: number;
  hasHappened = false;

  constructor(steps: number) {
    this.#left = steps;
  }

  step(): void {
    this.#left -= 1;
    if (this.#left >= 0) return;
    this.hasHappened = true;
    throw new Error('gone');
  }
}

describe('a crash at every step', () => {
  const names = users(60);

  async function world(): Promise<World> {
    const made = new World();
    await logInAll(made, names);
    for (const user of names.slice(0, 20)) await made.logIn({ user, number: 1 });
    return made;
  }

  /** Until it is through or crashed; what was acknowledged. */
  async function play(rig: Rig, crash: Crash, isCancelled: boolean): Promise<string | undefined> {
    let id: string | undefined;
    try {
      id = (await rig.begin({ perSecond: 400 })).id;
      for (let slice = 0; slice < 200 && !crash.hasHappened; slice++) {
        await rig.pass(1);
        if (isCancelled && slice === 1) await rig.broadcasts.cancel(id, 'a test');
        if (rig.report(id).state !== 'running') break;
      }
    } catch {
      // The one who sent was not told that it had begun.
    }
    return id;
  }

  test.each([
    ['before', false],
    ['after', false],
    ['before', true],
    ['after', true],
  ] as const)('%s it, cancelled: %s: nobody is left out, nobody gets it twice', async (when, isCancelled) => {
    let crashes = 0;
    for (let steps = 0; ; steps++) {
      const place = await world();
      let crash: Crash | undefined;
      const step = () => crash?.step();
      const rig = await Rig.start(place, when === 'before' ? { before: step } : { after: step });
      crash = new Crash(steps);
      const acknowledged = await play(rig, crash, isCancelled);
      const again = await Rig.start(place);
      const [kept, ...others] = again.broadcasts.list();
      expect(others).toEqual([]);
      if (acknowledged !== undefined) expect(kept?.id).toBe(acknowledged);
      const ended: BroadcastReport | undefined = kept === undefined ? undefined : await again.whole(kept.id);
      await again.pass(40);
      if (ended !== undefined) {
        const now = again.report(ended.id);
        const records = await place.records();
        const isTold = ended.state === 'cancelled';
        expect([steps, now.counts]).toEqual([steps, await again.countedAnew(ended.id)]);
        expect([steps, now.matched, now.counts.made]).toEqual([steps, records.length, records.length]);
        expect(await reached(place, names)).toHaveLength(records.length);
        if (isTold) expect([steps, now.counts.open]).toEqual([steps, 0]);
        else expect([steps, now.counts.open]).toEqual([steps, 60]);
      }
      if (!crash.hasHappened) break;
      crashes += 1;
    }
    expect(crashes).toBeGreaterThanOrEqual(8);
  });
});

describe('5,000 sessions', () => {
  const stores: readonly (readonly [string, () => Store])[] = [
    ['in memory', () => openMemoryStore()],
    [
      'in LMDB',
      () => {
        const opened = openLmdbStore(join(temporaryFolder(), 'data'), 0, () => '');
        if (opened.kind === 'failed') throw new Error(opened.problem);
        return opened.store;
      },
    ],
  ];

  test.each(stores)('%s: all are reached, through a restart', async (_name, open) => {
    const world = new World(open());
    const names = users(5_000);
    await Promise.all(names.map((user) => world.logIn({ user })));
    const rig = await Rig.start(world);
    const { id } = await rig.begin({ perSecond: 10_000 });
    await rig.pass(5);
    await rig.broadcasts.close();
    const again = await Rig.start(world);
    expect(again.report(id)).toEqual(rig.report(id));
    const ended = await again.whole(id);
    expect(ended).toMatchObject({ state: 'sent', matched: 5_000, queued: 5_000, walked: 5_000, of: 5_000 });
    expect(new Set((await world.records()).map((record) => record.userKey)).size).toBe(5_000);
    const glob = await again.begin({ policy: 'tip', to: { kind: 'users', users: 'wv:*99@im.example' } });
    expect(await again.whole(glob.id)).toMatchObject({ matched: 50, walked: 5_000 });
    await world.store.close();
  });
});

describe('an order that cannot be carried out', () => {
  const EVERYBODY = { kind: 'everybody' } as const;
  const base = { policy: 'notice', to: EVERYBODY, vasp: undefined, perSecond: undefined } as const;
  test.each([
    [{ policy: 'notise' }, 'no-such-policy', 'No policy in force has the id "notise"; did you mean notice?'],
    [
      { policy: 'farewell' },
      'no-such-policy',
      'No policy in force has the id "farewell"; with trigger: { on: operator } there are notice, tip.',
    ],
    [
      { policy: 'at-login' },
      'not-an-operator-policy',
      'The policy at-login is not sent by hand: that takes one with trigger: { on: operator }; there are notice, tip.',
    ],
    [{ policy: 'aoc' }, 'not-an-operator-policy', expect.stringMatching(/^The policy aoc is not sent by hand:/)],
    [{ vasp: 'third' }, 'no-such-vasp', 'No VASP is named "third"; there are friendly-im, other-im.'],
    [{ perSecond: 0 }, 'bad-rate', 'The rate is a whole number of users a second, 1 to 10000.'],
    [{ perSecond: 10_001 }, 'bad-rate', 'The rate is a whole number of users a second, 1 to 10000.'],
    [{ perSecond: 1.5 }, 'bad-rate', 'The rate is a whole number of users a second, 1 to 10000.'],
    [{ to: { kind: 'users', users: '' } }, 'bad-glob', 'The users must not be empty; "*" matches everything.'],
    [{ to: { kind: 'users', users: 'a b' } }, 'bad-glob', expect.stringMatching(/^The users must not hold blanks/)],
    [
      { to: { kind: 'users', users: ALICE } },
      'bad-glob',
      'A glob has a * or a ?; name one user as such, by the user id.',
    ],
    [
      { to: { kind: 'user', user: ALICE } },
      'vasp-needed',
      'Say at which VASP this user is; there are friendly-im, other-im.',
    ],
    [
      { to: { kind: 'user', user: 'wv:*@im.example' }, vasp: 'other-im' },
      'bad-user',
      'A user id has no * and no ?; a glob goes to several users.',
    ],
    [
      { to: { kind: 'user', user: 'wv:alice and bob' }, vasp: 'other-im' },
      'bad-user',
      'A user id has 1 to 256 characters and no blanks.',
    ],
  ] as const)('%j', async (change, code, message) => {
    const rig = await Rig.start(new World());
    expect(await rig.broadcasts.send({ ...base, ...change }, 'a test')).toEqual({ kind: 'refused', code, message });
    expect(rig.broadcasts.list()).toEqual([]);
  });

  test('to a user whom the policy does not concern', async () => {
    const rig = await Rig.start(new World(), { policies: [`${NOTICE}applies: { users: ["wv:*@im.example"] }\n`] });
    const order = { ...base, to: { kind: 'user', user: 'wv:alice@other.example' }, vasp: 'other-im' } as const;
    expect(await rig.broadcasts.send(order, 'a test')).toMatchObject({ kind: 'refused', code: 'not-concerned' });
  });

  test('where no policy is for operators', async () => {
    const rig = await Rig.start(new World(), { policies: [] });
    expect(await rig.broadcasts.send(base, 'a test')).toMatchObject({
      message: 'No policy in force has the id "notice"; with trigger: { on: operator } none of those in force has it.',
    });
  });
});
