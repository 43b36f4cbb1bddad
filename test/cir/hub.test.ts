/**
 * The hub of CIR with channels, VASPs and timers that the test holds in its hand: when a client is called and when no
 * longer, what is relayed, what a restart finds again, and that every limit holds [X51, X52].
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sessionKeyOf } from '../../gateway/chain/identity.ts';
import { CirHub, type CirHubSettings, DEFAULT_CIR_HUB } from '../../gateway/cir/hub.ts';
import type { VaspAsker } from '../../gateway/cir/vasp-poll.ts';
import type { CirAgreement, CirSession } from '../../gateway/cir-ports.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { session as recordOf } from '../stores/records-of-tests.ts';
import { secretsOf, settled, TEST_KEY } from './hub-world.ts';
import { type Line, StcpVasp } from './stcp.ts';
import { countedCir, type TurnedSchedule, turnedSchedule } from './turned-schedule.ts';

const SECRETS = secretsOf(TEST_KEY);
const ID = 'S-0815';
const KEY = sessionKeyOf(SECRETS, 'v', ID);
const STCP: CirAgreement = { stcp: true, shttp: false, udp: undefined, vaspTcp: undefined, vaspUrl: undefined };

let schedule: TurnedSchedule;
let vasp: StcpVasp;
const hubs: CirHub[] = [];

beforeEach(async () => {
  schedule = turnedSchedule();
  vasp = await StcpVasp.listen();
});

afterEach(async () => {
  for (const hub of hubs.splice(0)) hub.close();
  await vasp.close();
});

function world(settings: Partial<CirHubSettings> = {}, asker: VaspAsker['ask'] = async () => 'nothing') {
  const metrics = countedCir();
  const store = openMemoryStore();
  const datagrams: string[] = [];
  const warnings: string[] = [];
  const create = (): CirHub => {
    const hub = new CirHub({
      settings: { ...DEFAULT_CIR_HUB, ...settings },
      vasps: ['other', 'v'],
      sessions: store.sessions,
      secrets: SECRETS,
      clock: schedule,
      schedule,
      random: () => 0.5,
      metrics,
      log: { info: () => {}, warn: (event) => void warnings.push(event), error: () => {} },
      asker: { ask: asker, close: async () => {} },
      sendDatagram: (text, host, port) => void datagrams.push(`${host}:${port} ${text}`),
    });
    hubs.push(hub);
    return hub;
  };
  return { hub: create(), create, metrics, store, datagrams, warnings };
}

function sessionWith(agreement: CirAgreement, change: Partial<CirSession> = {}): CirSession {
  return {
    key: KEY,
    vasp: 'v',
    userKey: 'user',
    id: ID,
    version: '1.2',
    agreement,
    expiresAt: schedule.wall() + 7_200_000,
    ...change,
  };
}

/** A phone's channel: what it was called by, and whether it was closed. */
function channel() {
  const said: string[] = [];
  return { said, call: (text: string) => void said.push(text), close: () => void said.push('closed') };
}

const live = (cir: CirAgreement, expiresAt = schedule.wall() + 7_200_000) =>
  recordOf({ vasp: 'v', cir, version: '1.2', expiresAt });

describe('a client on STCP', () => {
  test('is called at once, then after growing pauses, until it polls', async () => {
    const { hub, metrics } = world({ blindMillis: 86_400_000 });
    const phone = channel();
    await hub.opened(KEY, 'cookie-1');
    await hub.agreed(sessionWith(STCP, { id: '' }));
    await hub.attach(ID, phone, () => {});
    await hub.ring(KEY);
    expect(phone.said).toEqual(['WVCI 1.2 cookie-1']);
    const counts = [3_000, 6_000, 12_000, 24_000].map((pause) => {
      schedule.pass(pause);
      return phone.said.length;
    });
    expect(counts).toEqual([2, 3, 4, 5]);
    await hub.polled(sessionWith(STCP));
    schedule.pass(50_000);
    expect(phone.said.length).toBe(5);
    expect(metrics.counts.get('rings stcp')).toBe(5);
  });

  test('the pauses grow to five minutes and no further, and the calls do not end', async () => {
    const { hub } = world({ blindMillis: 86_400_000 });
    const phone = channel();
    await hub.agreed(sessionWith(STCP, { expiresAt: schedule.wall() + 30 * 86_400_000 }));
    await hub.attach(ID, phone, () => {});
    await hub.ring(KEY);
    schedule.pass(3_000 * (2 ** 7 - 1));
    const before = phone.said.length;
    schedule.pass(3_000_000 / 10);
    schedule.pass(300_000);
    expect(phone.said.length).toBe(before + 2);
  });

  test('is called right after OK when something waits already, and the newest channel wins', async () => {
    const { hub } = world();
    await hub.agreed(sessionWith(STCP));
    await hub.ring(KEY);
    const order: string[] = [];
    const older = { call: (text: string) => void order.push(text), close: () => void order.push('older closed') };
    expect(await hub.attach(ID, older, () => order.push('OK'))).toEqual({ key: KEY, replaced: false });
    expect(order).toEqual(['OK', 'WVCI 1.2 ']);
    const newer = channel();
    expect(await hub.attach(ID, newer, () => {})).toEqual({ key: KEY, replaced: true });
    expect(order.at(-1)).toBe('older closed');
    // The older one's end comes late and takes nothing from the newer one.
    hub.detach(KEY, older);
    schedule.pass(3_000);
    expect(newer.said).toEqual(['WVCI 1.2 ', 'WVCI 1.2 ']);
  });

  test('an unknown session, an expired one and one without STCP get no channel', async () => {
    const { hub, store } = world();
    const attach = () => hub.attach(ID, channel(), () => {});
    expect(await attach()).toBeUndefined();
    await store.sessions.put(KEY, live(STCP, schedule.wall()));
    expect(await attach()).toBeUndefined();
    await store.sessions.put(KEY, live({ ...STCP, stcp: false, shttp: true }));
    expect(await attach()).toBeUndefined();
    await store.sessions.put(KEY, recordOf({ vasp: 'v', expiresAt: schedule.wall() + 1_000 }));
    await hub.ended(KEY);
    expect(await attach()).toBeUndefined();
  });

  test.each(['a\r\nWVCI 1.2 b', 'y'.repeat(257), '\u0000'])(
    'cookie %#, which would break the line, stands in none',
    async (cookie) => {
      const { hub } = world();
      const phone = channel();
      await hub.opened(KEY, cookie);
      await hub.agreed(sessionWith(STCP));
      await hub.attach(ID, phone, () => {});
      await hub.ring(KEY);
      expect(phone.said).toEqual(['WVCI 1.2 ']);
    },
  );

  test('the end of the session closes its channel and every timer', async () => {
    const { hub } = world();
    const phone = channel();
    await hub.agreed(sessionWith(STCP));
    await hub.attach(ID, phone, () => {});
    await hub.ring(KEY);
    await hub.ended(KEY);
    expect([phone.said.at(-1), schedule.running]).toEqual(['closed', 0]);
    expect(await hub.waits(KEY)).toBeUndefined();
  });

  test('a session that is gone from the store, or has expired there, is found out', async () => {
    const { hub, store } = world();
    const phone = channel();
    await store.sessions.put(KEY, live(STCP, schedule.wall() + 900_000));
    await hub.agreed(sessionWith(STCP));
    await hub.attach(ID, phone, () => {});
    schedule.pass(DEFAULT_CIR_HUB.checkMillis);
    await settled();
    expect(phone.said).not.toContain('closed');
    await store.sessions.delete(KEY);
    schedule.pass(DEFAULT_CIR_HUB.checkMillis);
    await settled();
    expect(phone.said.at(-1)).toBe('closed');
  });
});

describe('a user with several sessions', () => {
  test('is called in each that has CIR, until that one polls; nobody else is', async () => {
    const { hub } = world({ blindMillis: 86_400_000 });
    const phones = await Promise.all(
      ['one', 'two', 'strange'].map(async (id) => {
        const key = sessionKeyOf(SECRETS, 'v', id);
        const session = sessionWith(STCP, { key, id, userKey: id === 'strange' ? 'somebody else' : 'user' });
        await hub.agreed(session);
        const phone = channel();
        await hub.attach(id, phone, () => {});
        return { key, session, phone };
      }),
    );
    const said = () => phones.map(({ phone }) => phone.said.length);
    await hub.ringUser('user');
    expect(said()).toEqual([1, 1, 0]);
    const [one, two] = phones;
    if (one === undefined || two === undefined) throw new Error('two sessions');
    await hub.polled(one.session);
    schedule.pass(3_000);
    expect(said()).toEqual([1, 2, 0]);
    await hub.ended(two.key);
    await hub.ringUser('user');
    expect([one.phone.said.length, two.phone.said.at(-1)]).toEqual([2, 'closed']);
    await hub.ringUser('nobody');
  });

  test('of whom nothing was heard since the start is called when heard of', async () => {
    const { hub, store } = world({ blindMillis: 86_400_000 });
    await store.sessions.put(KEY, live(STCP));
    await hub.ringUser('user');
    const phone = channel();
    await hub.attach(ID, phone, () => {});
    expect(phone.said).toEqual(['WVCI 1.2 ']);
  });
});

describe('a client on SUDP or SHTTP', () => {
  test('SUDP: a datagram at once, repeated until the poll, eight times at most', async () => {
    const { hub, datagrams } = world({ blindMillis: 86_400_000 });
    const udp = { host: '192.0.2.7', port: 3717 };
    const session = sessionWith({ ...STCP, stcp: false, udp });
    await hub.opened(KEY, 'c');
    await hub.agreed(session);
    await hub.ring(KEY);
    schedule.pass(9_000);
    expect(datagrams).toEqual(Array.from({ length: 3 }, () => '192.0.2.7:3717 WVCI 1.2 c'));
    await hub.polled(session);
    schedule.pass(600_000);
    expect(datagrams.length).toBe(3);
    await hub.ring(KEY);
    schedule.pass(3_600_000);
    expect(datagrams.length).toBe(3 + 8);
  });

  test('SHTTP: waits until the poll, and no longer', async () => {
    const { hub } = world();
    const session = sessionWith({ ...STCP, stcp: false, shttp: true });
    await hub.agreed(session);
    expect(await hub.waits(KEY)).toBe(false);
    await hub.ring(KEY);
    expect(await hub.waits(KEY)).toBe(true);
    await hub.polled(session);
    expect(await hub.waits(KEY)).toBe(false);
  });
});

describe('towards the VASP', () => {
  const toVasp = (): CirAgreement => ({ ...STCP, vaspTcp: { host: '127.0.0.1', port: vasp.port } });

  async function connected(): Promise<Line> {
    const { line, said } = await vasp.next();
    expect(said).toBe(`HELO ${ID}`);
    line.send('OK\r\n');
    return line;
  }

  test('every call is relayed; calls that no poll has followed within a second are one', async () => {
    const { hub, metrics } = world();
    const phone = channel();
    await hub.opened(KEY, 'c');
    await hub.agreed(sessionWith(toVasp()));
    await hub.attach(ID, phone, () => {});
    const line = await connected();
    for (let call = 1; call <= 5; call++) {
      line.send('WVCI 1.2 c\r\nWVCI 1.2 c\r\n');
      await until(() => metrics.counts.get('vasps v rung') === call * 2);
      expect(phone.said.length).toBe(call);
      await hub.polled(sessionWith(toVasp()));
    }
    line.send('WVCI 1.2 c\r\n');
    await until(() => phone.said.length === 6);
    schedule.pass(1_000);
    line.send('wvci 1.2 c\n');
    await until(() => phone.said.length === 7);
  });

  test('a ping now and then, and a silent VASP is given up', async () => {
    const { hub, metrics, store } = world();
    await store.sessions.put(KEY, live(toVasp()));
    await hub.agreed(sessionWith(toVasp()));
    const line = await connected();
    await until(() => metrics.counts.get('vasps v connected') === 1);
    schedule.pass(600_000);
    expect(await line.next()).toBe('PING');
    line.send('OK\r\n');
    await settledOnTheWire();
    schedule.pass(600_000);
    expect(await line.next()).toBe('PING');
    schedule.pass(30_000);
    expect(await line.next()).toBe('closed');
    expect(metrics.counts.get('vasps v lost')).toBe(1);
    expect(metrics.connections.get('vasp')).toBe(0);
  });

  test('a VASP that cannot be reached: the client is called every minute', async () => {
    const { hub, metrics, warnings } = world();
    const phone = channel();
    const session = sessionWith({ ...STCP, vaspTcp: { host: '127.0.0.1', port: await freePort() } });
    await hub.agreed(session);
    await hub.attach(ID, phone, () => {});
    await until(() => metrics.counts.get('vasps v refused') === 1);
    for (let minute = 1; minute <= 3; minute++) {
      schedule.pass(60_000);
      expect(phone.said.length).toBe(minute);
      await hub.polled(session);
      await settledOnTheWire();
    }
    expect(warnings).toContain('CIR channels to a VASP fail');
  });

  test('no room for another channel: called blindly, until there is', async () => {
    const { hub, metrics, warnings } = world({ vaspChannels: () => 1 });
    const otherKey = sessionKeyOf(SECRETS, 'v', 'S-2');
    await hub.agreed(sessionWith(toVasp()));
    await connected();
    const phone = channel();
    await hub.agreed(sessionWith(toVasp(), { key: otherKey, id: 'S-2' }));
    await hub.attach('S-2', phone, () => {});
    expect([metrics.counts.get('vasps v full'), warnings]).toEqual([1, ['CIR channels to a VASP are full']]);
    schedule.pass(60_000);
    expect(phone.said).toEqual(['WVCI 1.2 ']);
    await hub.ended(KEY);
    await hub.polled(sessionWith(toVasp(), { key: otherKey, id: 'S-2' }));
    schedule.pass(60_000);
    const { line, said } = await vasp.next();
    expect(said).toBe('HELO S-2');
    line.send('OK\r\n');
  });

  test('SHTTP where the VASP has nothing else: asked every ten seconds, not while the client is called', async () => {
    const answers: ('waiting' | 'nothing' | 'failed')[] = ['nothing', 'waiting'];
    const asked: string[] = [];
    const { hub } = world({}, async (url) => {
      asked.push(url);
      return answers.shift() ?? 'nothing';
    });
    const phone = channel();
    const session = sessionWith({ ...STCP, vaspUrl: 'http://im.example/cir/1' });
    await hub.agreed(session);
    await hub.attach(ID, phone, () => {});
    await passes(10_000, 2);
    expect([asked.length, phone.said.length]).toEqual([2, 1]);
    await passes(10_000, 2);
    expect(asked.length).toBe(2);
    await hub.polled(session);
    await passes(10_000, 1);
    expect(asked).toEqual(Array.from({ length: 3 }, () => 'http://im.example/cir/1'));
  });

  async function passes(millis: number, times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      schedule.pass(millis);
      await settled();
    }
  }
});

describe('after a restart', () => {
  const agreement = (): CirAgreement => ({ ...STCP, shttp: true, vaspTcp: { host: '127.0.0.1', port: vasp.port } });

  test('HELO brings the session back: the VASP is called at its channel, the cookie learned from its call', async () => {
    const { create, store } = world();
    await store.sessions.put(KEY, live(agreement()));
    const hub = create();
    const phone = channel();
    expect(await hub.attach(ID, phone, () => {})).toEqual({ key: KEY, replaced: false });
    // Nobody knows what the VASP has called for in the meantime.
    expect(phone.said).toEqual(['WVCI 1.2 ']);
    await hub.polled(sessionWith(agreement()));
    const { line, said } = await vasp.next();
    expect(said).toBe(`HELO ${ID}`);
    line.send('OK\r\nWVCI 1.2 its-cookie\r\n');
    await until(() => phone.said.length === 2);
    expect(phone.said[1]).toBe('WVCI 1.2 its-cookie');
  });

  test('a question at its URL does, without the VASP until a message brings the SessionID', async () => {
    const { create, store } = world();
    await store.sessions.put(KEY, live(agreement()));
    const hub = create();
    expect(await hub.waits(KEY)).toBe(true);
    expect(vasp.connections).toBe(0);
    await hub.polled(sessionWith(agreement()));
    expect((await vasp.next()).said).toBe(`HELO ${ID}`);
    expect(await hub.waits(KEY)).toBe(false);
  });

  test('a message does, and something that waits', async () => {
    const { create, store } = world();
    await store.sessions.put(KEY, live(agreement()));
    const heard = create();
    await heard.heard(sessionWith(agreement()));
    expect(await heard.waits(KEY)).toBe(true);
    const rung = create();
    await rung.ring(KEY);
    expect(await rung.waits(KEY)).toBe(true);
  });
});

test('more sessions than there is room for have no CIR', async () => {
  const { hub, metrics, warnings } = world({ sessions: 1 });
  await hub.agreed(sessionWith(STCP));
  const key = sessionKeyOf(SECRETS, 'v', 'S-2');
  await hub.agreed(sessionWith(STCP, { key, id: 'S-2' }));
  expect(await hub.attach('S-2', channel(), () => {})).toBeUndefined();
  expect([metrics.counts.get('vasps v full'), warnings]).toEqual([1, ['sessions with CIR are full']]);
});

/** What comes over a socket comes within a moment, or the test ends by its time-out. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

async function settledOnTheWire(): Promise<void> {
  for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve));
}

async function freePort(): Promise<number> {
  const closed = await StcpVasp.listen();
  const { port } = closed;
  await closed.close();
  return port;
}
