/** Messages to users of all shares are made, taken back and answered at the desks that hold them, from whichever node. */
import { describe, expect, test } from '@jest/globals';
import { Broadcasts } from '../../gateway/desk/broadcasts.ts';
import { Desk } from '../../gateway/desk/desk.ts';
import type { EnqueueRequest } from '../../gateway/desk/parts.ts';
import { FIRST_SHARE, HeldBroadcasts } from '../../gateway/holders/broadcasts.ts';
import { HeldDesks } from '../../gateway/holders/system-messages.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import type { OnLinePolicy } from '../../gateway/policy/model.ts';
import { ALL_SHARES, shareOf } from '../../gateway/shares.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import type { Addressee } from '../../gateway/system-message-ports.ts';
import { silentLog } from '../http/doubles.ts';
import { createClock, policySetOf, STARTS_AT, secretsOf, TEST_KEY } from '../transcripts/rig.ts';
import { keyIn, TestNodes } from './nodes.ts';

const VASP = 'v';
const LEVELS = 'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n';
/** A glob and a condition are functions, which do not cross from one node to another. */
const NOTICE = `kind: on-line-service
id: notice
version: 2
category: notification
trigger: { on: operator }
applies: { users: ["wv:*@im.example"], when: "vasp.name == 'v'" }
message: { en: Hello }
expires: 1h
`;

async function world(ids: readonly string[] = ['a', 'b', 'c']) {
  const nodes = new TestNodes(...ids);
  const clock = createClock(STARTS_AT);
  const sets = new LivePolicySets(
    policySetOf([
      { path: 'levels.yaml', text: LEVELS },
      { path: 'notice.yaml', text: NOTICE },
    ]),
  );
  const common = openMemoryStore();
  const desks = new Map<number, Desk>();
  const asked: string[] = [];
  const broadcasts = new Map<string, HeldBroadcasts>();
  let sendings: Broadcasts | undefined;
  const stores = new Map(ALL_SHARES.map((share) => [share, openMemoryStore().systemMessages]));
  const parts = { policies: sets, secrets: secretsOf(TEST_KEY), clock, log: silentLog };
  const userKey = (_vasp: string, userId: string) => keyIn(Number(/\d+/.exec(userId)?.[0] ?? 0), 'user');
  for (const [share, store] of stores) {
    const desk = await Desk.open({
      ...parts,
      store,
      notes: common.notes,
      acceptances: common.acceptances,
      metrics: { systemMessage: () => {}, systemMessagesOpen: () => {}, systemMessageEffect: () => {} },
      limits: { open: 20, openPerUser: 2 },
      events: {
        concern: async () => {},
        ring: () => {},
        changed: (record, before) => broadcasts.get(nodes.holders.get(share) ?? '')?.changed(record, before),
      },
      serviceContact: undefined,
      selfCareUrl: () => undefined,
      userKey,
      webhook: undefined,
    });
    desks.set(share, desk);
  }
  const held = nodes.all.map((node) => {
    const deskOf = (share: number): Desk => {
      asked.push(`${node.id}${share}`);
      const desk = desks.get(share);
      if (desk === undefined) throw new Error('a share is missing');
      return node.heldOr(share, desk);
    };
    return new HeldDesks(node.holders, deskOf, sets, false, 100, async () => broadcasts.get(node.id)?.tell());
  });
  for (const node of nodes.all) {
    const here = () => (node.shares.isHeld(FIRST_SHARE) ? sendings : undefined);
    broadcasts.set(node.id, new HeldBroadcasts(node.holders, here, node.log));
  }
  const [a, b, c] = held;
  if (a === undefined || b === undefined) throw new Error('two nodes at least');
  sendings = await Broadcasts.open({
    ...parts,
    desk: a,
    sessions: common.sessions,
    messages: common.systemMessages,
    notes: common.notes,
    vasps: [VASP],
    userKey,
    sessionCount: () => 0,
    every: () => () => {},
  });
  const [policy] = sets.current().onLine;
  if (policy === undefined) throw new Error('no policy');
  const open = async (share: number) =>
    (await stores.get(share)?.slice(undefined, 99))?.filter(({ state }) => state === 'open');
  const broadcastsOf = (id: string): HeldBroadcasts => {
    const found = broadcasts.get(id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  };
  return { nodes, clock, a, b, c: c ?? b, policy, asked, open, broadcastsOf, close: () => sendings?.close() };
}

const request = (
  policy: OnLinePolicy,
  share: number,
  name: string,
  change: Partial<EnqueueRequest> = {},
): EnqueueRequest => ({
  policy,
  userKey: keyIn(share, name),
  vasp: VASP,
  broadcast: 'b1',
  ...change,
});

function addressee(userKey: string): Addressee {
  return {
    sessionKey: `s${userKey}`.slice(0, 43),
    userKey,
    openedAt: STARTS_AT,
    facts: {
      userId: 'wv:u@im.example',
      vasp: VASP,
      clientId: '',
      version: '1.3',
      encoding: 'xml',
      language: undefined,
    },
    languageOfVasp: undefined,
    knowsSystemMessages: true,
  };
}

describe('messages to users of several shares', () => {
  test('are made by the holders, those of one share together, and each outcome is in its place', async () => {
    const { b, policy, asked, open } = await world();
    const twice = keyIn(4, 'twice');
    const outcomes = await b.enqueue([
      request(policy, 2, 'x'),
      request(policy, 4, 'twice', { id: 'one' }),
      request(policy, 0, 'y'),
      request(policy, 4, 'twice', { id: 'one' }),
      request(policy, 4, 'twice', { broadcast: 'b2' }),
      request(policy, 4, 'twice', { broadcast: 'b3' }),
      request(policy, 1, 'z'),
    ]);
    expect(outcomes).toEqual(['queued', 'queued', 'queued', 'known', 'queued', 'full', 'queued']);
    expect(asked.toSorted()).toEqual(['a0', 'b1', 'b4', 'c2']);
    expect((await open(4))?.map(({ userKey }) => userKey)).toEqual([twice, twice]);
    expect((await b.enqueue([])).length).toBe(0);
  });

  test('carry their policy whole: what the other node makes of it is what this one meant', async () => {
    const { a, b, policy, open } = await world();
    await a.enqueue([request(policy, 1, 'x'), request(policy, 0, 'y')]);
    const [[there], [here]] = [(await open(1)) ?? [], (await open(0)) ?? []];
    const { id: _there, userKey: _x, ...other } = there ?? { id: '', userKey: '' };
    const { id: _here, userKey: _y, ...own } = here ?? { id: '', userKey: '' };
    expect(other).toEqual(own);
    const handed = await b.take(addressee(keyIn(1, 'x')));
    expect(JSON.stringify(handed)).toContain('Hello');
  });

  test('of a policy that this version cannot read are refused, not made of something else', async () => {
    const { a, policy, open } = await world();
    const other = { ...policy, definition: policy.definition.replace('"version":2', '"version":"two"') };
    expect(other.definition).not.toBe(policy.definition);
    await expect(a.enqueue([request(other, 1, 'x')])).rejects.toMatchObject({ failure: 'OTHER_PROCESS_FAILED' });
    expect(await open(1)).toEqual([]);
  });

  test('are taken back at all nodes, and counted together', async () => {
    const { b, policy, asked, open } = await world();
    await b.enqueue([0, 1, 2, 31].map((share) => request(policy, share, 'x')));
    await b.enqueue([request(policy, 5, 'x', { broadcast: 'b2' })]);
    asked.length = 0;
    expect(await b.withdraw('b1')).toBe(4);
    expect(asked.toSorted()).toEqual(ALL_SHARES.map((share) => `${'abc'[share % 3]}${share}`).toSorted());
    expect([await open(0), await open(31), (await open(5))?.length]).toEqual([[], [], 1]);
    expect(await b.withdraw('b1')).toBe(0);
  });

  test('one of whose shares has nobody fail as a whole; sent again under their ids none comes twice', async () => {
    const { nodes, a, policy, open } = await world();
    const all = [0, 1, 2].map((share) => request(policy, share, 'x', { id: `id-${share}` }));
    nodes.move(1, undefined);
    await expect(a.enqueue(all)).rejects.toMatchObject({ code: 'NOT_HELD' });
    nodes.move(1, 'c');
    expect(await a.enqueue(all)).toEqual(['known', 'queued', 'known']);
    expect(await Promise.all([0, 1, 2].map(async (share) => (await open(share))?.length))).toEqual([1, 1, 1]);
  });

  test('reach a user at another node, whose node remembers when nothing is left', async () => {
    const { a, policy } = await world();
    const user = keyIn(1, 'x');
    await a.enqueue([request(policy, 1, 'x')]);
    expect(a.concerns(user)).toBe(true);
    expect((await a.standing(addressee(user))).isEmpty).toBe(false);
    expect(a.concerns(user)).toBe(true);
    expect(await a.forget(user)).toBe(1);
    expect((await a.standing(addressee(user))).isEmpty).toBe(true);
    expect(a.concerns(user)).toBe(false);
    expect(a.hasMessages).toBe(false);
    a.told([[user, true]]);
    expect([a.concerns(user), a.hasMessages, a.interests().any]).toEqual([true, true, true]);
    a.forgetKnown();
    expect(a.concerns(keyIn(1, 'other'))).toBe(true);
  });
});

describe('sendings of operators', () => {
  const ORDER = { policy: 'notice', vasp: VASP, perSecond: undefined } as const;
  const to = (user: string) => ({ ...ORDER, to: { kind: 'user', user } }) as const;

  test('are carried out by the holder of the first share, and seen and ended from every node', async () => {
    const { broadcastsOf, open, close } = await world();
    const [a, c] = [broadcastsOf('a'), broadcastsOf('c')];
    const outcome = await c.send(to('wv:user5@im.example'), 'c');
    expect(outcome).toMatchObject({ kind: 'begun', report: { matched: 1, queued: 1, counts: { open: 1 } } });
    const id = outcome.kind === 'begun' ? outcome.report.id : '';
    expect(id).toMatch(/^[0-9a-f]{12}$/);
    expect((await open(5))?.length).toBe(1);
    expect((await c.list()).map((report) => report.id)).toEqual([id]);
    expect(await c.get('no such one')).toBeUndefined();
    expect((await c.cancel(id, 'c')).kind).toBe('cancelled');
    expect(await open(5)).toEqual([]);
    expect((await a.get(id))?.state).toBe('cancelled');
    await close();
  });

  test('count what becomes of their messages at other nodes, a little later and together', async () => {
    const { b, broadcastsOf, close } = await world();
    const [a, atB] = [broadcastsOf('a'), broadcastsOf('b')];
    const outcome = await a.send(to('wv:user4@im.example'), 'a');
    const id = outcome.kind === 'begun' ? outcome.report.id : '';
    const user = keyIn(4, 'user');
    await b.take(addressee(user));
    await atB.close();
    expect((await a.get(id))?.counts).toMatchObject({ made: 1, open: 1, sent: 1 });
    await b.forget(user);
    await atB.close();
    expect((await a.get(id))?.counts).toMatchObject({ open: 0 });
    await close();
  });

  test('count what becomes of them where they are looked after at once', async () => {
    const { b, broadcastsOf, close } = await world();
    const outcome = await broadcastsOf('b').send(to('wv:user3@im.example'), 'b');
    const id = outcome.kind === 'begun' ? outcome.report.id : '';
    await b.take(addressee(keyIn(3, 'user')));
    expect((await broadcastsOf('c').get(id))?.counts).toMatchObject({ made: 1, open: 1, sent: 1 });
    await close();
  });

  test('whose changes nobody hears now are counted when somebody does', async () => {
    const { nodes, a, b, broadcastsOf, close } = await world();
    const outcome = await broadcastsOf('a').send(to('wv:user4@im.example'), 'a');
    const id = outcome.kind === 'begun' ? outcome.report.id : '';
    await b.take(addressee(keyIn(4, 'user')));
    nodes.move(FIRST_SHARE, undefined);
    await broadcastsOf('b').tell();
    await b.forget(keyIn(4, 'user'));
    nodes.move(FIRST_SHARE, 'c');
    expect((await broadcastsOf('a').get(id))?.counts).toMatchObject({ made: 1, open: 1, sent: 0 });
    await broadcastsOf('b').tell();
    expect((await broadcastsOf('a').get(id))?.counts).toMatchObject({ open: 0, withdrawn: 1, sent: 1 });
    expect(a.hasMessages).toBe(false);
    await close();
    await broadcastsOf('b').close();
  });

  test('of which nobody knows are not asked about for ever', async () => {
    const { nodes, broadcastsOf, close } = await world();
    nodes.move(FIRST_SHARE, undefined);
    await expect(broadcastsOf('b').list()).rejects.toMatchObject({ code: 'NOT_HELD' });
    expect(shareOf(keyIn(FIRST_SHARE))).toBe(FIRST_SHARE);
    await close();
  });
});
