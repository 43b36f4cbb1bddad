/** A client's connection is at one node, its session in the hands of another: it is called all the same, whatever moves. */
import { describe, expect, test } from '@jest/globals';
import { sessionKeyOf } from '../../gateway/chain/identity.ts';
import { CirHub, DEFAULT_CIR_HUB } from '../../gateway/cir/hub.ts';
import type { CirAgreement, CirSession } from '../../gateway/cir-ports.ts';
import { HeldCir } from '../../gateway/holders/cir.ts';
import { shareOf } from '../../gateway/shares.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { countedCir, turnedSchedule } from '../cir/turned-schedule.ts';
import { silentLog } from '../http/doubles.ts';
import { session as recordOf } from '../stores/records-of-tests.ts';
import { secretsOf, TEST_KEY } from '../transcripts/rig.ts';
import { TestNodes, until } from './nodes.ts';

const SECRETS = secretsOf(TEST_KEY);
const ID = 'S-0815';
const KEY = sessionKeyOf(SECRETS, 'v', ID);
const SHARE = shareOf(KEY);
const STCP: CirAgreement = { stcp: true, shttp: false, udp: undefined, vaspTcp: undefined, vaspUrl: undefined };
const CALL = expect.stringMatching(/^WVCI/);

/** The session is kept, and b looks after it. */
async function world() {
  const nodes = new TestNodes('a', 'b', 'c');
  nodes.move(SHARE, 'b');
  const schedule = turnedSchedule();
  const store = openMemoryStore();
  await store.sessions.put(
    KEY,
    recordOf({ vasp: 'v', cir: STCP, version: '1.2', expiresAt: schedule.wall() + 7_200_000 }),
  );
  const rang: string[] = [];
  const all = nodes.all.map((node) => {
    const hub = new CirHub({
      settings: { ...DEFAULT_CIR_HUB, blindMillis: 86_400_000 },
      vasps: ['other', 'v'],
      sessions: store.sessions,
      secrets: SECRETS,
      clock: schedule,
      schedule,
      random: () => 0.5,
      metrics: countedCir(),
      log: silentLog,
      asker: { ask: async () => 'nothing', close: async () => {} },
      sendDatagram: () => {},
    });
    const vasps = ['other', 'v'];
    const ringElsewhere = (userKey: string): void => void rang.push(`${node.id} ${userKey}`);
    const held = new HeldCir({ ...node.holders, hub, vasps, secrets: SECRETS, ringElsewhere });
    return { node, hub, held, cir: held.cir };
  });
  const [a, b, c] = all;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes');
  await b.cir.agreed(session());
  const move = (to: typeof a): void => {
    const from = all.find(({ node }) => node.id === nodes.holders.get(SHARE));
    nodes.holders.set(SHARE, undefined);
    from?.held.letGo(SHARE);
    nodes.move(SHARE, to.node.id);
  };
  const close = (): void => {
    for (const { hub } of all) hub.close();
  };
  return { nodes, schedule, store, a, b, c, move, rang, close };
}

/** A phone's connection: what came on it, in its order. */
function phone() {
  const said: string[] = [];
  return {
    said,
    ready: () => void said.push('OK'),
    call: (text: string) => void said.push(text),
    close: () => void said.push('closed'),
  };
}

/** Everything that was on its way has come. */
async function arrived(): Promise<void> {
  for (let round = 0; round < 30; round++) await new Promise((resolve) => setImmediate(resolve));
}

function session(change: Partial<CirSession> = {}): CirSession {
  return { key: KEY, vasp: 'v', userKey: 'u', id: ID, version: '1.2', agreement: STCP, expiresAt: 9e12, ...change };
}

describe('a client whose session another node looks after', () => {
  test('is welcome, is called when it is rung from any node, and no more when it polled', async () => {
    const { a, b, c, schedule, close } = await world();
    const client = phone();
    expect(await a.held.attach(ID, client, client.ready)).toEqual({ key: KEY, replaced: false });
    expect(client.said).toEqual(['OK']);
    await c.cir.ring(KEY);
    await until('the call', () => client.said.length === 2);
    expect(client.said).toEqual(['OK', CALL]);
    await a.cir.polled(session());
    schedule.pass(3_600_000);
    await arrived();
    expect(client.said.length).toBe(2);
    schedule.pass(1);
    await b.cir.ring(KEY);
    await until('the next call', () => client.said.length === 3);
    close();
  });

  test('hears of what waited before it was there after it was told that it is welcome', async () => {
    const { a, b, close } = await world();
    await b.cir.ring(KEY);
    const client = phone();
    await a.held.attach(ID, client, client.ready);
    await arrived();
    expect(client.said).toEqual(['OK', CALL]);
    close();
  });

  test('is called when its user is rung at the node that looks after it, and that node tells the others', async () => {
    const { a, b, rang, close } = await world();
    const client = phone();
    await a.held.attach(ID, client, client.ready);
    await b.cir.ringUser('u');
    await until('the call', () => client.said.length === 2);
    expect(rang).toEqual(['b u']);
    close();
  });

  test('is unknown with a session that there is not, or that is not to be called so', async () => {
    const { a, b, c, store, close } = await world();
    const client = phone();
    expect(await c.held.attach('S-none', client, client.ready)).toBeUndefined();
    await b.cir.ended(KEY);
    await store.sessions.delete(KEY);
    expect(await a.held.attach(ID, client, client.ready)).toBeUndefined();
    expect(client.said).toEqual([]);
    close();
  });

  test('is turned away when nobody looks after it: it comes again', async () => {
    const { nodes, a, close } = await world();
    nodes.move(SHARE, undefined);
    const client = phone();
    expect(await a.held.attach(ID, client, client.ready)).toBeUndefined();
    nodes.move(SHARE, 'b');
    expect(await a.held.attach(ID, client, client.ready)).toEqual({ key: KEY, replaced: false });
    close();
  });

  test('has its connection closed when its session ends', async () => {
    const { a, c, close } = await world();
    const client = phone();
    await a.held.attach(ID, client, client.ready);
    await c.cir.ended(KEY);
    await until('the end', () => client.said.length === 2);
    expect(client.said).toEqual(['OK', 'closed']);
    close();
  });
});

describe('a connection that takes the place of another', () => {
  test('at another node closes it, and alone is called', async () => {
    const { a, b, c, close } = await world();
    const [older, newer] = [phone(), phone()];
    await a.held.attach(ID, older, older.ready);
    expect(await c.held.attach(ID, newer, newer.ready)).toEqual({ key: KEY, replaced: true });
    await until('the older one is closed', () => older.said.length === 2);
    expect(older.said).toEqual(['OK', 'closed']);
    a.held.detach(KEY, older);
    await arrived();
    await b.cir.ring(KEY);
    await until('the call', () => newer.said.length === 2);
    expect([older.said.length, newer.said]).toEqual([2, ['OK', CALL]]);
    close();
  });

  test('is none when the older one is gone already', async () => {
    const { a, c, close } = await world();
    const [older, newer] = [phone(), phone()];
    await a.held.attach(ID, older, older.ready);
    a.held.detach(KEY, older);
    await arrived();
    expect(await c.held.attach(ID, newer, newer.ready)).toEqual({ key: KEY, replaced: false });
    close();
  });
});

describe('when the share moves', () => {
  test('its clients are introduced to the next holder, stay connected, and are called', async () => {
    const { a, b, c, move, nodes, close } = await world();
    const client = phone();
    await a.held.attach(ID, client, client.ready);
    for (const next of [c, a, b]) {
      move(next);
      const before = client.said.length;
      // Nobody knows what came meanwhile, so it is called at once.
      await until('the call', () => client.said.length === before + 1);
      await next.cir.polled(session());
      await next.cir.ring(KEY);
      await until('the next call', () => client.said.length === before + 2);
      await next.cir.polled(session());
    }
    expect(client.said).toEqual(['OK', CALL, CALL, CALL, CALL, CALL, CALL]);
    expect(nodes.pauses).toEqual([]);
    close();
  });

  test('and nobody takes it for some time, they are introduced to whoever does', async () => {
    const { nodes, a, c, close } = await world();
    const client = phone();
    await a.held.attach(ID, client, client.ready);
    // Who holds it now cannot be heard at first.
    nodes.loseStore(true);
    nodes.move(SHARE, 'c');
    await arrived();
    nodes.loseStore(false);
    await c.cir.ring(KEY);
    await until('the call', () => client.said.length === 2);
    expect(nodes.pauses).toContain(1_000);
    close();
  });

  test('a session that is over by then has its connection closed', async () => {
    const { a, c, store, move, close } = await world();
    const client = phone();
    await a.held.attach(ID, client, client.ready);
    await store.sessions.delete(KEY);
    move(c);
    await until('the end', () => client.said.length === 2);
    expect(client.said).toEqual(['OK', 'closed']);
    close();
  });

  test('or only seems to, nothing is closed: to be introduced twice is nothing', async () => {
    const { nodes, a, b, close } = await world();
    const client = phone();
    await a.held.attach(ID, client, client.ready);
    a.node.learn(SHARE, undefined);
    a.node.learn(SHARE, 'b');
    a.node.gap();
    await arrived();
    expect(client.said).toEqual(['OK']);
    await b.cir.ring(KEY);
    await until('the call', () => client.said.length === 2);
    expect(nodes.holders.get(SHARE)).toBe('b');
    close();
  });
});

describe('when a node is gone', () => {
  test('connections there are not called any more, and are in nobody’s way', async () => {
    const { nodes, a, b, c, close } = await world();
    const [lost, client] = [phone(), phone()];
    await a.held.attach(ID, lost, lost.ready);
    nodes.kill(a.node);
    await b.cir.ring(KEY);
    await arrived();
    expect(lost.said).toEqual(['OK']);
    expect(await c.held.attach(ID, client, client.ready)).toEqual({ key: KEY, replaced: false });
    await until('the call', () => client.said.length === 2);
    close();
  });

  test('and was only not heard: it introduces its clients again when it is back', async () => {
    const { nodes, a, b, close } = await world();
    const client = phone();
    await a.held.attach(ID, client, client.ready);
    nodes.kill(a.node);
    nodes.connect(a.node, b.node);
    a.node.gap();
    await arrived();
    await b.cir.ring(KEY);
    await until('the call', () => client.said.length === 2);
    expect(client.said).toEqual(['OK', CALL]);
    close();
  });

  test('with the share, nobody who asks for its sessions is failed by it', async () => {
    const { nodes, a, b, close } = await world();
    nodes.kill(b.node);
    nodes.move(SHARE, undefined);
    await a.cir.ring(KEY);
    await a.cir.heard(session());
    await a.cir.ended(KEY);
    expect(await a.cir.waits(KEY)).toBeUndefined();
    close();
  });
});
