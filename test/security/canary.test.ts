/**
 * Credentials, contents and users' ids on every path through the running program, at the most talkative level: they reach
 * the VASP, and what the program writes, keeps, counts or tells anybody else holds none of them, in no spelling
 * [reliability §3]. What somebody is answered may repeat the ids and names that this somebody sent, and no credential.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { textTo } from '../gateway/conversation-phone.ts';
import { message, SPELLINGS, type Spelling } from '../gateway/messages.ts';
import { RawClient } from '../http/raw-client.ts';
import { Program, type Served, serve } from '../main/processes.ts';
import { LEVELS, policyFolder, temporaryFolder } from '../main/running.ts';
import { TestVasp } from '../main/vasp.ts';
import { CANARIES, type Canary, canariesIn, NAMES, timesIn } from './canaries.ts';
import { administration } from './canary-admin.ts';
import {
  type Answer,
  answerList,
  BY_NUMBER,
  BY_URL,
  DIGEST,
  HEADS,
  KINDS,
  loginOf,
  MSISDN,
  malformed,
  OFFER,
  PASSWORD,
  policyOf,
  userOf,
} from './canary-messages.ts';

/** What may stand in an answer to whoever sent it: ids, and what the VASP said. */
const ANSWERABLE: readonly Canary[] = ['user', 'msisdn', 'nonce', 'session', 'place', 'nonsense'];

let vasp: TestVasp;
let folder: string;
let config: string;
let served: Served;
/** What every process of the program wrote. */
const programs: Program[] = [];
/** What came back, by what it may hold. */
const answers: { readonly what: string; readonly bytes: Buffer; readonly may: readonly Canary[] }[] = [];

beforeAll(async () => {
  vasp = await TestVasp.listen(CANARIES.session);
  vasp.nonce = CANARIES.nonce;
  folder = temporaryFolder();
  config = join(folder, 'gateway.yaml');
  writeFileSync(join(folder, 'secret'), `${CANARIES.signingKey}\nhash:${CANARIES.hashKey}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'token'), CANARIES.adminToken);
  const policies = Object.entries(KINDS).map(([id, keys]) => [`${id}.yaml`, policyOf(id, keys)] as const);
  const settings = {
    policies: policyFolder({ 'levels.yaml': LEVELS, ...Object.fromEntries(policies) }),
    store: `lmdb:${join(folder, 'data')}`,
    secretFile: join(folder, 'secret'),
    admin: { tokenFile: join(folder, 'token') },
    publicUrl: 'http://im.example',
    vasps: {
      v: { url: vasp.url, paths: ['/v'], timeout: '300ms', passThrough: ['/content/*'] },
      dead: { url: 'http://127.0.0.1:1', paths: ['/dead'], timeout: '300ms' },
    },
    limits: { body: '8KiB' },
    log: { level: 'trace', access: true },
  };
  writeFileSync(config, JSON.stringify(settings));
  served = await run();
});

afterAll(async () => {
  for (const program of programs) await program.kill();
  await vasp.close();
});

async function run(): Promise<Served> {
  const started = await serve('--config', config);
  programs.push(started.program);
  return started;
}

/** Headers that no place of the gateway's own has any business with. */
const HEADERS = {
  'x-canary': CANARIES.header,
  cookie: `id=${CANARIES.httpCookie}`,
  referer: `http://elsewhere.example/${CANARIES.header}`,
  'user-agent': CANARIES.header,
};

async function post(path: string, body: Uint8Array, type: string, may = ANSWERABLE): Promise<Buffer> {
  const headers = { ...HEADERS, 'content-type': type };
  const response = await fetch(new URL(path, served.url), { method: 'POST', headers, body: new Uint8Array(body) });
  return kept(`POST ${path}`, response, may);
}

async function kept(what: string, response: Response, may: readonly Canary[]): Promise<Buffer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  answers.push({ what: `${what} ${response.status}`, bytes: Buffer.concat([Buffer.from(head), bytes]), may });
  return bytes;
}

/** A phone in one version and encoding; what a message gets is its first primitive. */
class Phone {
  readonly spelling: Spelling;
  readonly path: string;

  constructor(spelling: Spelling, path = '/v') {
    this.spelling = spelling;
    this.path = path;
  }

  get type(): string {
    return contentTypeOf(this.spelling.version, this.spelling.encoding);
  }

  bytes(primitive: Element, session?: string): Buffer {
    return message(this.spelling, session, [['t', primitive]]);
  }

  async send(primitive: Element, session?: string): Promise<Element | undefined> {
    const body = await post(this.path, this.bytes(primitive, session), this.type);
    if (body.length === 0 || body[0] === 0x43) return undefined;
    return decodeMessage(body, this.spelling.encoding).transactions[0]?.primitive;
  }
}

/** What the gateway itself makes for one user alone: tokens, words that prove reading, its own sessions. */
const handedOut = new Set<string>();

function noted(text: string | undefined): string {
  if (text !== undefined && text !== '') handedOut.add(text);
  return text ?? '';
}

const codeOf = (primitive: Element | undefined): string => childText(child(primitive, 'Result'), 'Code') ?? '';
const tokenIn = (primitive: Element | undefined): string =>
  noted(childText(descendant(primitive, 'Result', 'SystemMessageList', 'SystemMessage'), 'SystemMessageID'));
const addressIn = (primitive: Element | undefined): string =>
  noted(/consent\/(\S{48})/.exec(childText(child(primitive, 'Result'), 'Description') ?? '')?.[1]);
const wordIn = (shown: Buffer): string | undefined => /class="w">([A-Z]{6})</.exec(shown.toString())?.[1];

/** A login as far as it goes with one answer, the password or a digest after the VASP's challenge. */
async function logIn(phone: Phone, user: string, client: Element, isFourWay: boolean, answer: Omit<Answer, 'token'>) {
  const credential = isFourWay ? OFFER : PASSWORD;
  vasp.challenges = isFourWay;
  const asked = await phone.send(loginOf(user, credential, client));
  const token = tokenIn(asked);
  const first = token === '' ? asked : await phone.send(loginOf(user, credential, client, { token, ...answer }));
  vasp.challenges = false;
  return isFourWay && codeOf(first) === '401' ? phone.send(loginOf(user, DIGEST, client)) : first;
}

const page = async (path: string, fields?: Readonly<Record<string, string>>): Promise<Buffer> => {
  const own: readonly Canary[] = ['user', 'typed'];
  if (fields !== undefined) {
    const body = Buffer.from(new URLSearchParams({ ...fields, junk: CANARIES.form }).toString());
    return post(path, body, 'application/x-www-form-urlencoded', own);
  }
  const headers = { ...HEADERS, 'accept-language': `en, x-${CANARIES.header}` };
  return kept(`GET ${path}`, await fetch(new URL(path, served.url), { headers }), own);
};

async function logInsAndAnswers(): Promise<void> {
  for (const spelling of SPELLINGS) {
    const phone = new Phone(spelling);
    for (const isFourWay of [false, true]) {
      for (const [user, client] of [
        [userOf('plain'), BY_URL],
        [MSISDN, BY_NUMBER],
      ] as const) {
        expect(codeOf(await logIn(phone, user, client, isFourWay, { option: '1' }))).toBe('200');
      }
    }
    expect(codeOf(await phone.send(textTo('wv:romeo@im.example', CANARIES.content), CANARIES.session))).toBe('200');
    expect(codeOf(await phone.send(textTo('wv:romeo@im.example', CANARIES.content), `${CANARIES.session}x`))).toBe(
      '604',
    );
    const other = element('GetSPInfo-Request', [element('ClientID', [element('URL', CANARIES.place)])]);
    await phone.send(other, CANARIES.session);
  }
  for (const spelling of SPELLINGS.filter(({ version }) => version === '1.3')) {
    const phone = new Phone(spelling);
    const user = userOf('typed');
    for (const answer of [
      { option: '1', key: CANARIES.typed },
      { option: CANARIES.typed, key: 'green' },
      { option: '1' },
      { option: '2', key: 'green' },
      { option: '1', key: 'green' },
    ]) {
      await logIn(phone, user, BY_URL, false, answer);
    }
    await phone.send(loginOf(user, PASSWORD, BY_URL, { token: 'A'.repeat(48), option: '1', key: CANARIES.typed }));
    await phone.send(loginOf(user, PASSWORD, BY_URL, { token: CANARIES.typed, option: '1', key: CANARIES.typed }));
    const outband = async (answer: Omit<Answer, 'token'>) => {
      const token = tokenIn(await phone.send(loginOf(userOf('plain', 1), PASSWORD, BY_URL)));
      return codeOf(await phone.send(element('SystemMessage-User', [answerList([{ token, ...answer }])])));
    };
    expect(await outband({ option: CANARIES.typed })).toBe('402');
    expect(await outband({ option: '1', key: CANARIES.typed })).toBe('200');
    expect(codeOf(await phone.send(loginOf(userOf('plain', 1), PASSWORD, BY_URL)))).toBe('200');
    const late = tokenIn(await phone.send(loginOf(userOf('late'), PASSWORD, BY_URL)));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const tooLate = await phone.send(loginOf(userOf('late'), PASSWORD, BY_URL, { token: late, option: '1' }));
    expect(codeOf(tooLate)).toBe('408');
  }
}

async function pagesAndConversations(): Promise<void> {
  for (const [index, spelling] of SPELLINGS.filter(({ version }) => version !== '1.3').entries()) {
    const phone = new Phone(spelling);
    for (const kind of ['typed', 'word']) {
      const user = userOf(kind, 10 + index);
      const ask = async () => addressIn(await phone.send(loginOf(user, PASSWORD, BY_URL)));
      let token = await ask();
      await page(`/consent/${token}?lang=en&password=${CANARIES.address}`);
      await page(`/consent/${token}`, { t1: token, q1: '1', w1: CANARIES.typed });
      await page(`/consent/${token}`, { t1: CANARIES.form, q1: CANARIES.form, w1: CANARIES.form, l1: CANARIES.form });
      const word = noted(wordIn(await page(`/word/${token}?${CANARIES.address}`))) || 'green';
      const declined = await page(`/consent/${token}`, { t1: token, q1: '2', w1: word });
      expect(declined.toString()).toContain(`You declined, ${user}.`);
      expect(codeOf(await phone.send(loginOf(user, PASSWORD, BY_URL)))).toBe('403');
      token = await ask();
      const right = noted(wordIn(await page(`/word/${token}`))) || 'green';
      await page(`/consent/${token}`, { t1: token, q1: '1', w1: right });
      expect(codeOf(await phone.send(loginOf(user, PASSWORD, BY_URL)))).toBe('200');
      await page(`/consent/${token}`);
    }
    for (const isFourWay of [false, true]) {
      const user = userOf('talk', index * 2 + Number(isFourWay));
      const talk = async () => {
        if (isFourWay) expect(codeOf(await phone.send(loginOf(user, OFFER, BY_URL)))).toBe('401');
        const opened = await phone.send(loginOf(user, isFourWay ? DIGEST : PASSWORD, BY_URL));
        return noted(childText(opened, 'SessionID'));
      };
      const session = await talk();
      const write = (text: string) => phone.send(textTo('wv:service@im.example', text), session);
      expect((await phone.send(element('Polling-Request'), session))?.name).toBe('NewMessage');
      for (const text of [CANARIES.content, `1 ${CANARIES.typed}`, '1']) await write(text);
      await phone.send(textTo('wv:romeo@im.example', CANARIES.content), session);
      await phone.send(element('GetMessageList-Request', []), session);
      await write('1 green');
      expect((await phone.send(element('Polling-Request'), session))?.name).toBe('Disconnect');
      expect(codeOf(await phone.send(loginOf(user, PASSWORD, BY_URL)))).toBe('200');
      const next = await talk();
      for (let wrong = 0; wrong < 5; wrong++) await phone.send(textTo('wv:service@im.example', CANARIES.typed), next);
      await phone.send(element('Polling-Request'), next);
    }
  }
}

async function vaspsThatFail(): Promise<void> {
  const phone = new Phone({ version: '1.2', encoding: 'xml' });
  const login = loginOf(userOf('plain', 2), PASSWORD, BY_URL);
  for (const code of [409, 500, 531]) {
    vasp.loginCode = code;
    expect(codeOf(await phone.send(login))).toBe(String(code));
  }
  vasp.loginCode = 200;
  expect(codeOf(await new Phone(phone.spelling, '/dead').send(login))).toBe('503');
  const { nonsense } = CANARIES;
  const ways: readonly ((response: Parameters<NonNullable<TestVasp['instead']>>[0]) => void)[] = [
    (response) => response.writeHead(500, { 'content-type': 'text/html' }).end(`<html>${nonsense}</html>`),
    (response) => response.writeHead(200, { 'content-type': phone.type }).end(`<${nonsense}>`),
    (response) => response.writeHead(302, { location: `http://${nonsense}.example/` }).end(),
    (response) => response.destroy(),
    (response) => response.socket?.end(`HTTP/9.9 ${nonsense}\r\n\r\n`),
    (response) => void setTimeout(() => response.end(nonsense), 400),
  ];
  for (const instead of ways) {
    vasp.instead = instead;
    expect(codeOf(await phone.send(login))).toMatch(/^50[034]$/);
    const sent = phone.bytes(textTo('wv:romeo@im.example', CANARIES.content), CANARIES.session);
    await post(phone.path, sent, phone.type);
    // Right answers in between keep the breaker closed, so that the next failure is met too.
    vasp.instead = undefined;
    expect(codeOf(await phone.send(login))).toBe('200');
  }
  const opaque = `/content/${CANARIES.address}?${CANARIES.address}`;
  await kept('GET opaque', await fetch(new URL(opaque, served.url), { headers: HEADERS }), [...ANSWERABLE, 'address']);
}

/** Requests that are no good HTTP, or lead nowhere. */
async function nowhere(): Promise<void> {
  const { address } = CANARIES;
  const paths = [`/${address}`, `/v/../${address}`, `/consent/${address}`, `/word/${address}`, `/%00${address}`];
  for (const path of paths) {
    await kept('GET nowhere', await fetch(new URL(path, served.url), { headers: HEADERS }), []);
    await post(path, Buffer.from(CANARIES.form), 'text/plain', []);
  }
  for (const head of HEADS) {
    const client = await RawClient.connect(served.port);
    client.send(head);
    await client.answers(1);
    answers.push({ what: head.slice(0, 40), bytes: Buffer.from(client.received, 'latin1'), may: ['place'] });
    client.destroy();
  }
}

/** Everything below a folder but what the operator put there, byte by byte. */
function stored(): Buffer {
  const data = join(folder, 'data');
  const files = readdirSync(data, { recursive: true }).map((name) => join(data, String(name)));
  return Buffer.concat(files.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path)));
}

async function exportOf(...args: readonly string[]): Promise<string> {
  const program = new Program([...args, '--config', config]);
  programs.push(program);
  const { status, stdout } = await program.finished;
  expect(status).toBe(0);
  return stdout;
}

test('every canary reaches whom it is for, and nothing else holds one', async () => {
  await logInsAndAnswers();
  await pagesAndConversations();
  await vaspsThatFail();
  for (const [body, type] of malformed()) await post('/v', body, type);
  await nowhere();
  served.program.child.kill('SIGKILL');
  await served.program.finished;
  const crashed = stored();
  served = await run();
  await logInsAndAnswers();
  const texts = join(folder, 'texts');
  const exports = await Promise.all([
    exportOf('audit', 'export', '--with-texts'),
    exportOf('audit', 'export', '--format', 'csv', '--texts', texts),
  ]);
  await administration(served.adminUrl, HEADERS, kept);
  served.program.child.kill('SIGTERM');
  expect((await served.program.finished).status).toBe(0);

  const written = programs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  for (const line of programs[0]?.stdout.trim().split('\n') ?? []) expect(() => JSON.parse(line)).not.toThrow();
  expect(written).toContain('"event":"request"');
  expect(exports[0].trim().split('\n').length).toBeGreaterThan(20);
  const textFiles = readdirSync(texts).map((name) => readFileSync(join(texts, name), 'utf8'));
  expect(textFiles.length).toBeGreaterThan(2);
  const places: Readonly<Record<string, Buffer | string>> = {
    'standard output and error': written,
    'store after kill -9': crashed,
    'store at the end': stored(),
    'audit as JSON lines': exports[0],
    'audit as CSV': exports[1],
    'texts that were shown': textFiles.join('\n'),
  };
  expect(handedOut.size).toBeGreaterThan(30);
  for (const [place, bytes] of Object.entries(places)) {
    expect([place, canariesIn(bytes)]).toEqual([place, []]);
    expect([place, [...handedOut].filter((one) => bytes.includes(one))]).toEqual([place, []]);
  }
  const leaked = answers.flatMap(({ what, bytes, may }) =>
    canariesIn(bytes)
      .filter((name) => !may.includes(name))
      .map((name) => `${what}: ${name}`),
  );
  expect([...new Set(leaked)]).toEqual([]);

  const atVasp = Buffer.concat([...vasp.seen, Buffer.from(vasp.heads.join('\n'))]);
  const times = Object.fromEntries(NAMES.map((name) => [name, timesIn(atVasp, name)]));
  process.stdout.write(`canaries at the VASP: ${JSON.stringify(times)}; ${answers.length} answers looked at\n`);
  const arriving: readonly Canary[] = [
    ...(['user', 'msisdn', 'password', 'digest', 'cookie', 'content', 'session', 'header', 'address'] as const),
  ];
  expect(arriving.filter((name) => times[name] === 0)).toEqual([]);
  const never: readonly Canary[] = ['typed', 'form', 'adminToken', 'wrongToken', 'apiBody', 'signingKey', 'hashKey'];
  expect(never.filter((name) => times[name] !== 0)).toEqual([]);
  // The nonce and the nonsense are the VASP's own words.
  const answered = new Set(answers.flatMap(({ bytes }) => canariesIn(bytes)));
  expect([answered.has('nonce'), answered.has('user')]).toEqual([true, true]);
});

test('a canary is found in whatever spelling, wherever it begins', () => {
  for (const name of NAMES) {
    const text = CANARIES[name];
    const bytes = Buffer.from(text);
    const found = [
      text.toUpperCase(),
      `\0${text}\0`,
      encodeURIComponent(text),
      ...['', 'x', 'xy', 'xyz'].map((before) => Buffer.from(`${before}${text}xyz`).toString('base64')),
      ...['', 'x', 'xy', 'xyz'].map((before) => Buffer.from(`${before}${text}`).toString('base64url')),
      bytes.toString('hex').toUpperCase(),
      Buffer.from(text, 'utf16le'),
      Buffer.from(`${text}x`, 'utf16le').swap16(),
    ].map((spelt) => canariesIn(spelt).includes(name));
    expect([name, found]).toEqual([name, found.map(() => true)]);
    expect(canariesIn(Buffer.from(text.slice(1)))).not.toContain(name);
  }
});
