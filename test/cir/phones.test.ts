/**
 * Phones that are called, through a whole gateway in front of the sandbox: in every version and encoding, by STCP, SHTTP and
 * SUDP. A phone here polls when it was called and at no other time, so what it receives came by CIR.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Element, element } from '../../gateway/csp/element.ts';
import { CSP_VERSIONS, type CspVersion, type Encoding } from '../../gateway/csp/versions.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { Handset, type HandsetOptions } from '../../gateway/sandbox/handset/handset.ts';
import { createSandbox, type Sandbox } from '../../gateway/sandbox/server.ts';
import { start, testConfig, vaspConfig } from '../main/running.ts';
import { Line } from './stcp.ts';

const WAYS = CSP_VERSIONS.flatMap((version) =>
  (['xml', 'wbxml'] as const).map((encoding) => [version, encoding] as const),
);

let sandbox: Sandbox;
let sandboxUrl: string;
let gateway: RunningGateway;
let url: string;
const phones: Handset[] = [];
const lines: Line[] = [];

beforeAll(async () => {
  sandbox = createSandbox({ cirPort: 0 });
  sandboxUrl = (await sandbox.listen('127.0.0.1', 0)).url;
  gateway = await start(
    testConfig({
      vasps: [vaspConfig('v', sandboxUrl)],
      useSandbox: false,
      publicUrl: 'https://im.operator.example',
      cir: {
        tcp: { host: '127.0.0.1', port: 0 },
        udp: { host: '127.0.0.1', port: 0 },
        advertise: undefined,
        blindIntervalMillis: 86_400_000,
      },
    }),
  );
  url = `http://127.0.0.1:${gateway.listen.port}/`;
});

afterEach(async () => {
  for (const line of lines.splice(0)) line.close();
  for (const phone of phones.splice(0)) {
    if (phone.loggedIn) await phone.logout();
    await phone.close();
  }
});

afterAll(async () => {
  await gateway.stop();
  await sandbox.close();
});

interface LoggedIn {
  readonly phone: Handset;
  readonly sessionId: string;
  /** What the capability answer said, text by element. */
  readonly told: Readonly<Record<string, string>>;
}

async function logIn(name: string, options: Partial<HandsetOptions> = {}): Promise<LoggedIn> {
  const phone = new Handset({
    url,
    userId: `wv:${name}@sandbox`,
    password: 'secret',
    sessionCookie: `of-${name}`,
    ...options,
  });
  phones.push(phone);
  const result = await phone.login();
  if (result.kind !== 'logged-in') throw new Error(`${name} is ${result.kind}`);
  const list: readonly Element[] = result.capabilities?.children ?? [];
  const told = Object.fromEntries(list.map(({ name, text, children }) => [name, text || (children[0]?.text ?? '')]));
  // Whatever the login left waiting is taken, so that a call is for something new.
  await phone.receive();
  return { phone, sessionId: result.sessionId, told };
}

async function callable(port: string | undefined, sessionId: string): Promise<Line> {
  const line = await Line.to(Number(port));
  lines.push(line);
  expect(await line.ask(`HELO ${sessionId}\r\n`)).toBe('OK');
  return line;
}

/** What a phone gets that polls because it was called. */
async function texts(phone: Handset): Promise<string[]> {
  return (await phone.receive()).map((event) => (event.kind === 'message' ? event.text : event.kind));
}

const latencies: number[] = [];

describe.each(WAYS)('CSP %s in %s', (version: CspVersion, encoding: Encoding) => {
  test('STCP: a message at the VASP calls the phone, and is there at its poll', async () => {
    const alice = await logIn('alice', { version, encoding, cir: ['STCP'] });
    expect(alice.told).toMatchObject({ SupportedCIRMethod: 'STCP', TCPAddress: '127.0.0.1' });
    const line = await callable(alice.told.TCPPort, alice.sessionId);
    const bob = await logIn('bob');
    for (let number = 1; number <= 5; number++) {
      const sentAt = performance.now();
      const sending = bob.phone.send('wv:alice@sandbox', `number ${number}`);
      expect(await line.next()).toBe(`WVCI ${version} of-alice`);
      expect(await texts(alice.phone)).toEqual([`number ${number}`]);
      latencies.push(performance.now() - sentAt);
      expect((await sending).ok).toBe(true);
    }
    // A call for each message and no more.
    expect(line.unread).toEqual([]);
    await alice.phone.logout();
    expect(await line.next()).toBe('closed');
  });
});

test('from the sending to the message on the phone takes no timer', () => {
  const sorted = latencies.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  process.stdout.write(
    `CIR by STCP: ${sorted.length} messages, median ${median.toFixed(1)} ms, most ${sorted.at(-1)?.toFixed(1)} ms\n`,
  );
  expect(sorted.length).toBe(WAYS.length * 5);
});

describe.each(WAYS.filter(([version]) => version !== '1.1'))('SHTTP in CSP %s, %s', (version, encoding) => {
  test('200 while something waits, 204 when it was polled, 404 after the session', async () => {
    const alice = await logIn('alice', { version, encoding, cir: ['SHTTP'] });
    const address = alice.told[version === '1.3' ? 'CIRHTTPAddress' : 'CIRURL'] ?? '';
    expect(address).toMatch(/^https:\/\/im\.operator\.example\/cir\/[A-Za-z0-9_-]{44}$/);
    expect(Object.keys(alice.told)).not.toContain('TCPAddress');
    const ask = async (path = new URL(address).pathname) => (await fetch(new URL(path, url))).status;
    expect(await ask()).toBe(204);
    const bob = await logIn('bob');
    await bob.phone.send('wv:alice@sandbox', 'hello');
    let status = await ask();
    while (status === 204) status = await ask();
    expect(status).toBe(200);
    expect(await texts(alice.phone)).toEqual(['hello']);
    expect(await ask()).toBe(204);
    // Another token is another path, which nobody serves.
    expect(await ask(new URL(address).pathname.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))).not.toBe(204);
    await alice.phone.logout();
    expect(await ask()).toBe(404);
  });
});

test('SUDP: a datagram without a line end at the port that the phone named', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  const alice = await logIn('alice', { version: '1.2' });
  const list = element('CapabilityList', [
    element('ClientType', 'CLI'),
    element('InitialDeliveryMethod', 'P'),
    element('AcceptedContentType', 'text/plain'),
    element('AcceptedTransferEncoding', 'None'),
    element('AcceptedContentLength', 32_767),
    element('SupportedBearer', 'HTTP'),
    element('MultiTrans', 1),
    element('ParserSize', 65_535),
    element('SupportedCIRMethod', 'SUDP'),
    element('UDPPort', port),
  ]);
  const { primitive } = await alice.phone.request(element('ClientCapability-Request', [list]));
  expect(primitive.children[0]?.children.map(({ name, text }) => `${name} ${text}`)).toContain(
    'SupportedCIRMethod SUDP',
  );
  const bob = await logIn('bob');
  const sending = bob.phone.send('wv:alice@sandbox', 'hello');
  const [datagram] = (await once(socket, 'message')) as [Buffer];
  expect(datagram.toString()).toBe('WVCI 1.2 of-alice');
  await sending;
  expect(await texts(alice.phone)).toEqual(['hello']);
  socket.close();
});

test('a 1.3 login that carries its capabilities is called too', async () => {
  const alice = await logIn('alice', { version: '1.3', fold: true, cir: ['STCP', 'SHTTP'] });
  expect(Object.keys(alice.told)).toEqual(expect.arrayContaining(['CIRHTTPAddress', 'TCPAddress', 'TCPPort']));
  const line = await callable(alice.told.TCPPort, alice.sessionId);
  const bob = await logIn('bob');
  const sending = bob.phone.send('wv:alice@sandbox', 'hello');
  expect(await line.next()).toBe('WVCI 1.3 of-alice');
  expect(await texts(alice.phone)).toEqual(['hello']);
  await sending;
});

test('what waits when HELO comes is called for right after OK', async () => {
  const alice = await logIn('alice', { cir: ['STCP'] });
  const bob = await logIn('bob');
  await bob.phone.send('wv:alice@sandbox', 'hello');
  const line = await callable(alice.told.TCPPort, alice.sessionId);
  expect(await line.next()).toBe('WVCI 1.3 of-alice');
  expect(await texts(alice.phone)).toEqual(['hello']);
});

test('the handset itself is called, and polls at no other time', async () => {
  const alice = await logIn('alice', { cir: ['STCP'] });
  const cir = await alice.phone.cir();
  expect(cir?.method).toBe('STCP');
  const bob = await logIn('bob');
  const sending = bob.phone.send('wv:alice@sandbox', 'hello');
  expect(await cir?.called()).toBe(true);
  expect(await texts(alice.phone)).toEqual(['hello']);
  await sending;
});

test('a session that has not agreed on STCP has no channel', async () => {
  const alice = await logIn('alice', { cir: ['STCP'] });
  const bob = await logIn('bob');
  const line = await Line.to(Number(alice.told.TCPPort));
  lines.push(line);
  expect(await line.ask(`HELO ${bob.sessionId}\r\n`)).toBe('closed');
});
