/**
 * CIR when things break: the VASP's channel cut again and again, the gateway stopped and started on its store. The phone
 * polls when it was called and at no other time; whatever the VASP has for it arrives.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sessionKeyOf } from '../../gateway/chain/identity.ts';
import { DEFAULT_CALLS } from '../../gateway/cir/client-calls.ts';
import { CirHub, DEFAULT_CIR_HUB } from '../../gateway/cir/hub.ts';
import { SYSTEM_SCHEDULE } from '../../gateway/cir/schedule.ts';
import { DEFAULT_STCP_SERVER, StcpServer } from '../../gateway/cir/stcp-server.ts';
import { DEFAULT_VASP_LINE } from '../../gateway/cir/vasp-line.ts';
import { httpAsker } from '../../gateway/cir/vasp-poll.ts';
import type { CirAgreement, CirSession } from '../../gateway/cir-ports.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { secretsOf, TEST_KEY } from '../cir/hub-world.ts';
import { Line, StcpVasp } from '../cir/stcp.ts';
import { countedCir } from '../cir/turned-schedule.ts';
import { start, temporaryFolder, testConfig, vaspConfig } from '../main/running.ts';

const SECRETS = secretsOf(TEST_KEY);
const ID = 'S-0815';
const KEY = sessionKeyOf(SECRETS, 'v', ID);

describe('the channel to the VASP', () => {
  let vasp: StcpVasp;
  let hub: CirHub;
  let server: StcpServer;
  let phone: Line;
  let session: CirSession;
  const metrics = countedCir();
  const asker = httpAsker({ connections: 1, timeoutMillis: 1_000 });

  beforeEach(async () => {
    vasp = await StcpVasp.listen();
    const vaspTcp = { host: '127.0.0.1', port: vasp.port };
    const agreement: CirAgreement = { stcp: true, shttp: false, udp: undefined, vaspTcp, vaspUrl: undefined };
    session = {
      key: KEY,
      vasp: 'v',
      userKey: 'user',
      id: ID,
      version: '1.2',
      agreement,
      expiresAt: Date.now() + 3_600_000,
    };
    hub = new CirHub({
      settings: {
        ...DEFAULT_CIR_HUB,
        calls: { ...DEFAULT_CALLS, togetherMillis: 0 },
        line: { ...DEFAULT_VASP_LINE, pauseMillis: 1, longestPauseMillis: 20 },
        blindMillis: 3_600_000,
      },
      vasps: ['v'],
      sessions: openMemoryStore().sessions,
      secrets: SECRETS,
      clock: { wall: () => Date.now(), monotonic: () => performance.now() },
      schedule: SYSTEM_SCHEDULE,
      random: () => 0.5,
      metrics,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      asker,
      sendDatagram: undefined,
    });
    server = new StcpServer({ hub, settings: DEFAULT_STCP_SERVER, schedule: SYSTEM_SCHEDULE, metrics });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    await hub.opened(KEY, 'c');
    await hub.agreed(session);
    phone = await Line.to(port);
    expect(await phone.ask(`HELO ${ID}\r\n`)).toBe('OK');
  });

  afterEach(async () => {
    phone.close();
    hub.close();
    await server.close();
    await asker.close();
    await vasp.close();
  });

  test('cut 20 times it is made again each time, and every message is called for', async () => {
    const CUTS = 20;
    for (let cut = 0; cut <= CUTS; cut++) {
      const { line, said } = await vasp.next();
      expect(said).toBe(`HELO ${ID}`);
      line.send('OK\r\n');
      if (cut > 0) {
        // What the VASP had while the channel was away, it may not call for again: being there again is a call.
        expect(await phone.next()).toBe('WVCI 1.2 c');
        await hub.polled(session);
      }
      line.send('WVCI 1.2 c\r\n');
      expect(await phone.next()).toBe('WVCI 1.2 c');
      await hub.polled(session);
      if (cut < CUTS) line.socket.resetAndDestroy();
    }
    expect([metrics.counts.get('vasps v connected'), metrics.counts.get('vasps v lost')]).toEqual([CUTS + 1, CUTS]);
    expect(phone.unread).toEqual([]);
  });

  test('closed before OK, silent, or talking nonsense: made again', async () => {
    const first = await vasp.next();
    first.line.close();
    const second = await vasp.next();
    second.line.send(`${'x'.repeat(600)}`);
    const third = await vasp.next();
    third.line.send('OK\r\n???\r\nWVCI\r\n');
    expect(await phone.next()).toBe('WVCI 1.2 c');
  });
});

test('a VASP that has SHTTP alone is asked, and its failures are survived', async () => {
  const answers = [200, 500, 204, 302, 200];
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(request.url ?? '');
    const status = answers.shift() ?? 204;
    response.writeHead(status, status === 302 ? { Location: 'http://127.0.0.1:1/' } : {}).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cir/1`;
  const asker = httpAsker({ connections: 1, timeoutMillis: 1_000 });
  const said: string[] = [];
  for (const _ of Array.from({ length: 5 })) said.push(await asker.ask(url));
  expect(said).toEqual(['waiting', 'failed', 'nothing', 'failed', 'waiting']);
  expect(seen).toEqual(Array.from({ length: 5 }, () => '/cir/1'));
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  expect(await asker.ask(url)).toBe('failed');
  await asker.close();
});

test('a restart of the gateway in between: the phone says HELO again and is called', async () => {
  const sandbox = createSandbox({ cirPort: 0 });
  const { url: sandboxUrl } = await sandbox.listen('127.0.0.1', 0);
  const store = { kind: 'lmdb', directory: temporaryFolder() } as const;
  const run = (listen: number, cir: number): Promise<RunningGateway> =>
    start(
      testConfig({
        store,
        vasps: [vaspConfig('v', sandboxUrl)],
        useSandbox: false,
        listen: { host: '127.0.0.1', port: listen },
        cir: {
          tcp: { host: '127.0.0.1', port: cir },
          udp: undefined,
          advertise: undefined,
          blindIntervalMillis: 86_400_000,
        },
      }),
    );
  const first = await run(0, 0);
  const url = `http://127.0.0.1:${first.listen.port}/`;
  const alice = new Handset({ url, userId: 'wv:alice@sandbox', password: 'secret', cir: ['STCP'], sessionCookie: 'c' });
  const result = await alice.login();
  if (result.kind !== 'logged-in') throw new Error(result.kind);
  const port = Number(result.capabilities?.children.find(({ name }) => name === 'TCPPort')?.text);
  const line = await Line.to(port);
  expect(await line.ask(`HELO ${result.sessionId}\r\n`)).toBe('OK');
  await first.stop();
  expect(await line.next()).toBe('closed');

  const second = await run(first.listen.port, port);
  const again = await Line.to(port);
  expect(await again.ask(`HELO ${result.sessionId}\r\n`)).toBe('OK');
  // Whatever came meanwhile: the phone is called once, and polls.
  expect(await again.next()).toMatch(/^WVCI 1\.3 /);
  expect(await alice.receive()).toEqual([]);
  const bob = new Handset({ url: sandboxUrl, userId: 'wv:bob@sandbox', password: 'secret' });
  await bob.login();
  await bob.send('wv:alice@sandbox', 'after the restart');
  expect(await again.next()).toBe('WVCI 1.3 c');
  expect(await alice.receive()).toMatchObject([{ kind: 'message', text: 'after the restart' }]);
  again.close();
  await bob.close();
  await alice.close();
  await second.stop();
  await sandbox.close();
});
