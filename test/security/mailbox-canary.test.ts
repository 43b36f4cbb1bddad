/**
 * Who writes to whom while the recipient is away, what, to which number it is announced and by which credentials: the VASP, the
 * bearer and the recipient get it, and what the program writes, keeps and tells its operator holds none of it in any spelling,
 * at the most talkative level, also after kill -9 and while bearers refuse [reliability §3].
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { childText, element } from '../../gateway/csp/element.ts';
import { SPELLINGS } from '../gateway/messages.ts';
import { headOf, letter, listedIn, MailPhone } from '../load/mailbox-phone.ts';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Lanes } from '../load/messages-lanes.ts';
import { call, metric, TOKEN, until } from '../main/admin-calls.ts';
import { type Program, type Served, serve } from '../main/processes.ts';
import { LEVELS, policyFolder, temporaryFolder } from '../main/running.ts';
import { CANARIES, type Canary, canariesIn } from './canaries.ts';
import { MSISDN, userOf } from './canary-messages.ts';

const policy = (id: string, users: string): string => `kind: off-line-user
id: ${id}
applies: { users: ["${users}"] }
storeOn: [533]
notify: { bearer: ${id}, text: { en: "{sender} wrote to you, {user}." }, atMostEvery: 1h }
atLogin: { message: { en: "Dear {user}, {count} wait." }, options: [{ id: in, text: { en: In }, proceed: true }] }
`;
const SECRETS: readonly Canary[] = ['user', 'msisdn', 'password', 'header', 'content', 'signingKey'];

let vasp: MailboxVasp;
let bearer: Server;
/** What bearers were told. */
const told: string[] = [];
let folder: string;
let config: string;
let served: Served;
let lanes: Lanes;
const programs: Program[] = [];

beforeAll(async () => {
  vasp = await MailboxVasp.listen();
  bearer = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    told.push([decodeURIComponent(request.url ?? ''), ...request.rawHeaders, body].join('\n'));
    response.writeHead(told.length % 3 === 0 ? 200 : 403).end(`${CANARIES.nonsense} ${request.url}`);
  });
  await new Promise<void>((resolve) => bearer.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(bearer.address() as AddressInfo).port}/tell`;
  folder = temporaryFolder();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const settings = {
    admin: { listen: '127.0.0.1:8081', tokenFile: file('token', TOKEN) },
    policies: policyFolder({
      'levels.yaml': LEVELS,
      'hook.yaml': policy('hook', 'wv:juliet.*'),
      'sms.yaml': policy('sms', '+46*'),
    }),
    store: `lmdb:${join(folder, 'data')}`,
    secretFile: join(folder, 'secret'),
    bearers: {
      hook: { kind: 'webhook', url, keyFile: file('key', CANARIES.signingKey) },
      sms: {
        kind: 'kannel',
        url,
        userFile: file('user', CANARIES.header),
        passwordFile: file('password', CANARIES.password),
      },
    },
    // Whoever logs in by a number is in a domain too.
    vasps: { im: { url: vasp.url, domain: 'im.example' } },
    log: { level: 'trace', access: true },
  };
  config = file('gateway.yaml', JSON.stringify(settings));
  await run();
});
afterAll(async () => {
  lanes.close();
  await served.program.kill();
  await vasp.close();
  bearer.closeAllConnections();
  bearer.close();
});

async function run(): Promise<void> {
  served = await serve('--config', config);
  programs.push(served.program);
  lanes = new Lanes(served.port, 4);
}

async function logIn(user: string, index: number): Promise<MailPhone> {
  const phone = new MailPhone(user, SPELLINGS[index] ?? { version: '1.3', encoding: 'xml' }, lanes);
  expect(await phone.logIn()).toBe(200);
  return phone;
}

/** Everything below the store's folder, byte by byte. */
function stored(): Buffer {
  const data = join(folder, 'data');
  return Buffer.concat(readdirSync(data).map((name) => readFileSync(join(data, name))));
}

/** Writes to everybody who is away, in one version and encoding. */
async function write(index: number, recipients: readonly string[]): Promise<void> {
  const sender = await logIn(userOf('romeo', index), index);
  for (const to of recipients) {
    const sent = await sender.request(
      letter(sender.user, { to: [to], text: `${CANARIES.content} ${index}`, report: true }),
    );
    expect(sent.code).toBe(200);
  }
}

/** Lists, fetches, refuses and takes everything. */
async function fetchAll(user: string, index: number): Promise<number> {
  const phone = await logIn(user, index);
  let got = 0;
  for (let empty = 0; empty < 4; ) {
    let said = await phone.poll();
    if (said.primitive === undefined) empty += 1;
    const [first, second] = listedIn((await phone.request(element('GetMessageList-Request', []))).primitive);
    await phone.request(element('GetMessage-Request', [element('MessageID', first ?? 'none')]));
    const refused = await phone.request(element('RejectMessage-Request', [element('MessageID', second ?? 'none')]));
    got += refused.code === 200 ? 1 : 0;
    while (said.primitive?.name === 'NewMessage') {
      expect(childText(said.primitive, 'ContentData')).toContain(CANARIES.content);
      got += 1;
      said = await phone.acknowledge(headOf(said.primitive).messageId, said.transactionId);
    }
  }
  await phone.request(element('Logout-Request'));
  return got;
}

/** What the operator is told; `user`: what it names itself. */
async function administration(user: string): Promise<string> {
  const answers: string[] = [];
  for (const path of ['/metrics', '/status', '/status.json', '/readyz']) {
    answers.push(await (await fetch(served.adminUrl + path)).text());
  }
  const ask = async (method: string, path: string, body?: unknown): Promise<void> => {
    answers.push(JSON.stringify((await call(served.adminUrl, method, path, body)).json));
  };
  for (const path of ['mailbox?policies=true', 'mailbox/dead', 'mailbox/notifications', 'sessions', 'policies']) {
    await ask('GET', path);
  }
  await ask('POST', 'mailbox/list', { user });
  await ask('POST', 'mailbox/notifications/retry', { all: true });
  await ask('POST', 'mailbox/replay', { all: true });
  return answers.join('\n');
}

test('who wrote what to whom stays between those who have to know', async () => {
  const juliet = userOf('juliet');
  const recipients = [juliet, MSISDN];
  for (const index of SPELLINGS.keys()) await write(index, recipients);
  await until(
    async () => told.length,
    (count) => count >= 2,
  );
  served.program.child.kill('SIGKILL');
  await served.program.finished;
  const crashed = stored();
  lanes.close();
  await run();
  await write(0, recipients);
  const midway = await administration(juliet);
  const kept = 2 * (SPELLINGS.length + 1);
  vasp.listsOf(MSISDN).blocked.add(userOf('romeo', 1));
  const got = (await fetchAll(juliet, 4)) + (await fetchAll(MSISDN, 1));
  // One is dropped because its sender is blocked.
  expect(got).toBe(kept - 1);
  expect(await metric(served.adminUrl, 'sapgw_mailbox_messages')).toBe(0);
  const after = await administration(MSISDN);
  served.program.child.kill('SIGTERM');
  expect((await served.program.finished).status).toBe(0);

  const places: Readonly<Record<string, Buffer | string>> = {
    'standard output and error': programs.map(({ stdout, stderr }) => stdout + stderr).join('\n'),
    'store after kill -9': crashed,
    'store at the end': stored(),
    'admin while messages wait': midway,
    'admin in the end': after,
  };
  expect(places['standard output and error']).toContain('"event":"request"');
  for (const [place, bytes] of Object.entries(places)) expect([place, canariesIn(bytes)]).toEqual([place, []]);
  // What is never found anywhere would prove nothing.
  const announced = canariesIn(told.join('\n'));
  expect(SECRETS.filter((name) => announced.includes(name)).toSorted()).toEqual(
    ['header', 'msisdn', 'password', 'user'].toSorted(),
  );
});
