/** The STCP server over real connections: the lines of P9.1 as phones send them, and every limit [X51]. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ClientChannel } from '../../gateway/cir/client-calls.ts';
import { DEFAULT_STCP_SERVER, StcpServer, type StcpServerSettings } from '../../gateway/cir/stcp-server.ts';
import { Line } from './stcp.ts';
import { type CountedCir, countedCir, type TurnedSchedule, turnedSchedule } from './turned-schedule.ts';

/** In the place of the hub: knows sessions by their ids, and whom it was last told of. */
class Sessions {
  readonly known = new Set(['S-1', 'S-2']);
  readonly channels = new Map<string, ClientChannel>();
  /** Resolves before each look-up. */
  gate: Promise<void> = Promise.resolve();
  lookUps = 0;

  async attach(id: string, channel: ClientChannel, ready: () => void) {
    this.lookUps += 1;
    await this.gate;
    if (!this.known.has(id)) return undefined;
    ready();
    const before = this.channels.get(id);
    this.channels.set(id, channel);
    before?.close();
    return { key: id, replaced: before !== undefined };
  }

  detach(key: string, channel: ClientChannel): void {
    if (this.channels.get(key) === channel) this.channels.delete(key);
  }
}

let sessions: Sessions;
let schedule: TurnedSchedule;
let metrics: CountedCir;
let server: StcpServer;
let port: number;
const lines: Line[] = [];

beforeEach(() => open());
afterEach(async () => {
  for (const line of lines.splice(0)) line.close();
  await server.close();
});

async function open(settings: Partial<StcpServerSettings> = {}): Promise<void> {
  sessions = new Sessions();
  schedule = turnedSchedule();
  metrics = countedCir();
  server = new StcpServer({ hub: sessions, settings: { ...DEFAULT_STCP_SERVER, ...settings }, schedule, metrics });
  ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
}

async function phone(): Promise<Line> {
  const line = await Line.to(port);
  lines.push(line);
  return line;
}

describe('lines', () => {
  test.each(['HELO S-1\r\n', 'HELO S-1\n', 'helo   S-1  \r\n', ' Helo\tS-1\r\n'])(
    '%j is answered OK',
    async (hello) => {
      expect(await (await phone()).ask(hello)).toBe('OK');
      expect([...sessions.channels.keys()]).toEqual(['S-1']);
    },
  );

  test.each(['PING\r\n', 'PING \r\n', 'ping\n', '\r\n', 'anything at all\r\n', 'HELO\r\n'])(
    '%j counts as a ping',
    async (text) => {
      const line = await phone();
      await line.ask('HELO S-1\r\n');
      expect(await line.ask(text)).toBe('OK');
    },
  );

  test('several in one packet, and one in many, are answered in order', async () => {
    const line = await phone();
    line.send('PING\r\nHELO S-1\r\nPI');
    line.send('NG\r');
    line.send('\n');
    expect([await line.next(), await line.next(), await line.next()]).toEqual(['OK', 'OK', 'OK']);
  });

  test('a call is a line of its own, at any time', async () => {
    const line = await phone();
    await line.ask('HELO S-1\r\n');
    sessions.channels.get('S-1')?.call('WVCI 1.2 cookie');
    expect(await line.next()).toBe('WVCI 1.2 cookie');
    expect(await line.ask('PING\r\n')).toBe('OK');
  });
});

describe('who is closed', () => {
  test('an unknown session, without a word', async () => {
    expect(await (await phone()).ask('HELO S-9\r\n')).toBe('closed');
    expect(metrics.counts.get('clients unknown-session')).toBe(1);
  });

  test('a connection that names another session than before; the same again is a ping', async () => {
    const line = await phone();
    await line.ask('HELO S-1\r\n');
    expect(await line.ask('HELO S-1\r\n')).toBe('OK');
    expect(await line.ask('HELO S-2\r\n')).toBe('closed');
    expect([...sessions.channels.keys()]).toEqual([]);
  });

  test('the older connection of a session', async () => {
    const older = await phone();
    await older.ask('HELO S-1\r\n');
    const newer = await phone();
    expect(await newer.ask('HELO S-1\r\n')).toBe('OK');
    expect(await older.next()).toBe('closed');
    sessions.channels.get('S-1')?.call('WVCI 1.1 c');
    expect(await newer.next()).toBe('WVCI 1.1 c');
    expect(metrics.counts.get('clients replaced')).toBe(1);
  });

  test('who says no HELO in time, whatever else it says', async () => {
    const line = await phone();
    expect(await line.ask('PING\r\n')).toBe('OK');
    const hello = await phone();
    await hello.ask('HELO S-1\r\n');
    schedule.pass(DEFAULT_STCP_SERVER.helloMillis);
    expect(await line.next()).toBe('closed');
    expect(await hello.ask('PING\r\n')).toBe('OK');
    expect(metrics.counts.get('clients no-hello')).toBe(1);
  });

  test.each(['x'.repeat(129), `${'x'.repeat(200)}\r\n`])('a line of more than 128 bytes, %#', async (text) => {
    const line = await phone();
    await line.ask('HELO S-1\r\n');
    expect(await line.ask(text)).toBe('closed');
    expect(metrics.counts.get('clients line-too-long')).toBe(1);
  });

  test('who is silent for too long', async () => {
    await server.close();
    await open({ idleMillis: 20 });
    const line = await phone();
    await line.ask('HELO S-1\r\n');
    expect(await line.next()).toBe('closed');
    expect(metrics.counts.get('clients idle')).toBe(1);
  });

  test('who does not read its calls', async () => {
    const line = await phone();
    await line.ask('HELO S-1\r\n');
    line.socket.pause();
    const channel = sessions.channels.get('S-1');
    // What the system takes off the server's hands varies; at some time it is full.
    for (let call = 0; call < 200_000 && !metrics.counts.has('clients slow-reader'); call++) {
      channel?.call(`WVCI 1.2 ${'c'.repeat(200)}`);
      if (call % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(metrics.counts.get('clients slow-reader')).toBe(1);
  });

  test('whoever comes when there is no room, and room comes back', async () => {
    await server.close();
    await open({ connections: 2 });
    const first = await phone();
    const second = await phone();
    await first.ask('PING\r\n');
    await second.ask('PING\r\n');
    expect(await (await phone()).next()).toBe('closed');
    expect([metrics.counts.get('clients full'), metrics.connections.get('client')]).toEqual([1, 2]);
    first.close();
    while (metrics.connections.get('client') !== 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await (await phone()).ask('HELO S-1\r\n')).toBe('OK');
  });
});

test('a phone that leaves while its session is looked up leaves nothing behind', async () => {
  let open: () => void = () => {};
  sessions.gate = new Promise((resolve) => {
    open = resolve;
  });
  const line = await phone();
  line.send('HELO S-1\r\n');
  while (sessions.lookUps === 0) await new Promise((resolve) => setImmediate(resolve));
  line.socket.resetAndDestroy();
  while (metrics.connections.get('client') !== 0) await new Promise((resolve) => setImmediate(resolve));
  open();
  await new Promise((resolve) => setImmediate(resolve));
  expect([...sessions.channels.keys()]).toEqual([]);
});
