/**
 * On-line System Messages with several processes: what somebody does through one process reaches a user at every other, the
 * phone is called, every answer says that something waits, and a process that ends, or begins, loses and doubles nothing.
 */
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { result } from '../../gateway/csp/status.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { createSandbox, type Sandbox } from '../../gateway/sandbox/server.ts';
import { Line } from '../cir/stcp.ts';
import { onLine } from '../desk/world.ts';
import { call, metric, until } from './admin-calls.ts';
import { type Served, serve, serveInTwo } from './processes.ts';
import { policyFolder, temporaryFolder } from './running.ts';

const ADDED = onLine(
  'added',
  'added-to-contact-list',
  'options: [{ id: add, text: { en: Add }, do: [{ addToContactList: "{otherUser}" }] }]',
  '{ en: "{otherUser} added you." }',
);

const names = (count: number, prefix: string): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const USERS = ['alice', 'carol', 'dave', ...names(4, 'friend-'), ...names(6, 'pal-'), ...names(4, 'mate-')];

let sandbox: Sandbox;
let served: Served;
let config: string;

beforeAll(async () => {
  sandbox = createSandbox({ cirPort: 0, users: USERS.map((id) => ({ id, password: 'secret' })) });
  const { url } = await sandbox.listen('127.0.0.1', 0);
  ({ served, config } = await serveInTwo(temporaryFolder(), {
    policies: policyFolder({ 'added.yaml': ADDED }),
    vasps: { v: { url } },
    cir: { tcp: '127.0.0.1:0', blindInterval: '1h' },
    log: { access: true },
  }));
});
afterAll(async () => {
  await served.program.kill();
  await sandbox.close();
});

type Mode = 'Request' | 'Response';

interface Phone {
  readonly handset: Handset;
  readonly sessionId: string;
  readonly userId: string;
  readonly cirPort: number;
}

async function logIn(name: string, cir: readonly ['STCP'] | readonly [] = []): Promise<Phone> {
  const userId = `wv:${name}@sandbox`;
  const handset = new Handset({ url: served.url, userId, password: 'secret', sessionCookie: `of-${name}`, cir });
  const login = await handset.login();
  if (login.kind !== 'logged-in') throw new Error(`${name} is ${login.kind}`);
  return { handset, userId, sessionId: login.sessionId, cirPort: Number(childText(login.capabilities, 'TCPPort')) };
}

interface Heard {
  readonly transactionId: string;
  readonly primitive: Element | undefined;
  readonly polls: boolean;
}

/** Says something in the phone's session on a connection of its own, which the processes get in turn; hears what comes back. */
function say(phone: Phone, primitive: Element, mode: Mode = 'Request', id = '7'): Promise<Heard | undefined> {
  const body = bodyOf(phone, primitive, mode, id);
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': contentTypeOf('1.3', 'xml'), 'Content-Length': body.length };
    const sent = request(served.url, { method: 'POST', headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(heardIn(Buffer.concat(chunks))));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function bodyOf({ sessionId }: Phone, primitive: Element, mode: Mode, id: string): Buffer {
  return Buffer.from(
    encodeMessage({ version: '1.3', sessionType: 'Inband', sessionId, transactions: [{ mode, id, primitive }] }, 'xml'),
  );
}

function heardIn(body: Buffer): Heard | undefined {
  if (body.length === 0) return undefined;
  const message = decodeMessage(body, 'xml');
  const [transaction] = message.transactions;
  return { transactionId: transaction?.id ?? '', primitive: transaction?.primitive, polls: message.poll === true };
}

const poll = (phone: Phone): Promise<Heard | undefined> => say(phone, element('Polling-Request'));
const acknowledge = (phone: Phone, heard: Heard | undefined): Promise<Heard | undefined> =>
  say(phone, element('Status', [result(200)]), 'Response', heard?.transactionId);
const textIn = (heard: Heard | undefined): string | undefined =>
  childText(descendant(heard?.primitive, 'SystemMessageList', 'SystemMessage'), 'SystemMessageText');

async function choose(phone: Phone, heard: Heard | undefined, option: string): Promise<string | undefined> {
  const list = descendant(heard?.primitive, 'SystemMessageList', 'SystemMessage');
  const answer = element('SystemMessageResponse', [
    element('SystemMessageID', childText(list, 'SystemMessageID') ?? ''),
    element('ChosenOptionID', option),
  ]);
  const judged = await say(phone, element('SystemMessage-User', [element('SystemMessageResponseList', [answer])]));
  return childText(descendant(judged?.primitive, 'Result'), 'Code');
}

/** Polls until nothing comes any more, and acknowledges what came. */
async function receive(phone: Phone): Promise<readonly Heard[]> {
  const received: Heard[] = [];
  for (let heard = await poll(phone); heard !== undefined; heard = await poll(phone)) {
    if (textIn(heard) === undefined) break;
    received.push(heard);
  }
  for (const heard of received) await acknowledge(phone, heard);
  return received;
}

interface LogLine {
  readonly event: string;
  readonly pid: number;
  readonly primitive?: string;
  readonly outcome?: string;
}

/** The processes that handed something over, of the lines behind `from`. */
function handingOver(from: number): ReadonlySet<number> {
  const lines = served.program.stdout.split('\n').slice(from, -1);
  const handed = lines
    .map((line) => JSON.parse(line) as LogLine)
    .filter(
      ({ event, primitive, outcome }) =>
        event === 'request' && primitive === 'Polling-Request' && outcome === 'answered',
    );
  return new Set(handed.map(({ pid }) => pid));
}

const lineCount = (): number => served.program.stdout.split('\n').length - 1;

async function workerPids(): Promise<readonly number[]> {
  const { json } = await call(served.adminUrl, 'GET', 'workers');
  return (json.workers as readonly { readonly pid: number }[]).map(({ pid }) => pid);
}

const counted = (outcome: string): Promise<number> =>
  metric(served.adminUrl, `sapgw_system_messages_total{policy="added",result="${outcome}"}`);

const textsOf = (senders: readonly Phone[]): readonly string[] =>
  senders.map(({ userId }) => `${userId} added you.`).toSorted();

/** One after the other, each by its own process. */
async function add(senders: readonly Phone[], added: Phone): Promise<void> {
  for (const { handset, userId } of senders) {
    const made = await handset.createList(userId.replace('@', '/friends@'), [added.userId]);
    expect(made.ok).toBe(true);
  }
}

test('what users do at any process calls the phone of another, who gets it at any process, and answers at any', async () => {
  const alice = await logIn('alice', ['STCP']);
  const line = await Line.to(alice.cirPort);
  expect(await line.ask(`HELO ${alice.sessionId}\r\n`)).toBe('OK');
  await receive(alice);
  const senders = await Promise.all(names(4, 'friend-').map((name) => logIn(name)));
  const from = lineCount();
  await add(senders, alice);
  expect(await line.next()).toBe('WVCI 1.3 of-alice');
  // Whoever answers says so.
  const said = await Promise.all(
    names(4, 'x').map(() => say(alice, element('KeepAlive-Request', [element('TimeToLive', 600)]))),
  );
  expect(said.map((heard) => heard?.polls)).toEqual([true, true, true, true]);
  const received = await receive(alice);
  expect(received.map(textIn).toSorted()).toEqual(textsOf(senders));
  expect(received.map(({ polls }) => polls)).toEqual([true, true, true, false]);
  for (const heard of received) expect(await choose(alice, heard, '1')).toBe('200');
  const lists = await alice.handset.contactLists();
  const contacts = (await alice.handset.contacts(lists.lists[0] ?? '')).contacts.map(({ userId }) => userId);
  expect(contacts).toEqual(expect.arrayContaining(senders.map(({ userId }) => userId)));
  expect(await choose(alice, received[0], '1')).toBe('200');
  await until(
    async () => handingOver(from),
    (pids) => pids.size === 2,
  );
  expect(await Promise.all(['queued', 'sent', 'delivered', 'answered'].map(counted))).toEqual([4, 4, 4, 4]);
  expect(await metric(served.adminUrl, 'sapgw_system_messages_open')).toBe(0);
});

test('a process ends while messages wait: the one in its place knows of them, and each comes once', async () => {
  const carol = await logIn('carol');
  await receive(carol);
  const senders = await Promise.all(names(6, 'pal-').map((name) => logIn(name)));
  await add(senders, carol);
  const first = await poll(carol);
  const [killed] = await workerPids();
  process.kill(killed ?? 0, 'SIGKILL');
  await until(workerPids, (pids) => !pids.includes(killed ?? 0) && pids.every((pid) => pid > 0));
  const from = lineCount();
  const received = [...(await receive(carol)), ...(first === undefined ? [] : [first])];
  expect(received.map(textIn).toSorted()).toEqual(textsOf(senders));
  const handed = await until(
    async () => handingOver(from),
    (pids) => pids.size === 2,
  );
  expect(handed.has(killed ?? 0)).toBe(false);
  expect(await counted('resent')).toBeNaN();
});

test('everything is killed: what was acknowledged does not come again, and nothing else is missing', async () => {
  const dave = await logIn('dave');
  await receive(dave);
  const senders = await Promise.all(names(4, 'mate-').map((name) => logIn(name)));
  await add(senders, dave);
  const before = await poll(dave);
  // The next one comes in answer to that: nobody has acknowledged it.
  const lost = await acknowledge(dave, before);
  await served.program.kill();
  served = await serve('--config', config);
  const after = await receive(dave);
  expect([before, ...after].map(textIn).toSorted()).toEqual(textsOf(senders));
  expect(after.map(textIn)).toContain(textIn(lost));
});
