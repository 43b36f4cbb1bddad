/**
 * The running program against what befalls a program: signals, a kill in the middle, a restart on the same store; and that
 * credentials that went through it are found nowhere but at the VASP.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, descendant, type Element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import {
  CANARIES,
  digestLogin,
  loginRequest,
  message,
  SPELLINGS,
  type Spelling,
  sendMessage,
  USER_ID,
} from '../gateway/messages.ts';
import { withAnswers } from '../recordings/answering.ts';
import { Program, type Served, serve } from './processes.ts';
import { chargePolicy, LEVELS, policyFolder, temporaryFolder } from './running.ts';
import { TestVasp } from './vasp.ts';

const SPELLING: Spelling = { version: '1.3', encoding: 'xml' };
const SESSION = 'S-0815';
const LOGIN = message(SPELLING, undefined, [['1', loginRequest()]]);
const SEND = message(SPELLING, SESSION, [['2', sendMessage()]]);

let vasp: TestVasp;
let config: string;
let store: string;
const running: Served[] = [];

beforeEach(async () => {
  vasp = await TestVasp.listen(SESSION);
  const folder = temporaryFolder();
  store = join(folder, 'data');
  config = join(folder, 'gateway.yaml');
  const policies = policyFolder({ 'levels.yaml': LEVELS, 'aoc.yaml': chargePolicy('{ grant: full }', 'on-change') });
  const settings = {
    policies,
    store: `lmdb:${store}`,
    secretFile: join(folder, 'secret'),
    vasps: { v: { url: vasp.url, paths: ['/'] } },
    log: { level: 'debug' },
  };
  writeFileSync(config, JSON.stringify(settings));
});

afterEach(async () => {
  for (const { program } of running.splice(0)) await program.kill();
  await vasp.close();
});

async function run(): Promise<Served> {
  const served = await serve('--config', config);
  running.push(served);
  return served;
}

async function post({ url }: Served, body: Buffer, spelling = SPELLING): Promise<Buffer> {
  const headers = { 'content-type': contentTypeOf(spelling.version, spelling.encoding) };
  return Buffer.from(await (await fetch(url, { method: 'POST', headers, body })).arrayBuffer());
}

function primitiveOf(body: Buffer, { encoding } = SPELLING): Element | undefined {
  return decodeMessage(body, encoding).transactions[0]?.primitive;
}

const codeOf = (body: Buffer, spelling = SPELLING): string | undefined =>
  childText(child(primitiveOf(body, spelling), 'Result'), 'Code');

/** Logs in, accepts what is asked; true when something was. */
async function logIn(served: Served): Promise<boolean> {
  const first = await post(served, LOGIN);
  const asked = descendant(primitiveOf(first), 'Result', 'SystemMessageList');
  const last = asked === undefined ? first : await post(served, withAnswers(LOGIN, 'xml', asked, 1));
  expect(childText(primitiveOf(last), 'SessionID')).toBe(SESSION);
  return asked !== undefined;
}

async function untilNotReady({ adminUrl }: Served): Promise<void> {
  while ((await fetch(`${adminUrl}/readyz`)).status === 200);
}

test('sessions and acceptances outlive kill -9', async () => {
  const before = await run();
  expect(await logIn(before)).toBe(true);
  expect(codeOf(await post(before, SEND))).toBe('200');
  before.program.child.kill('SIGKILL');
  expect((await before.program.finished).status).toBe(null);

  const after = await run();
  expect(codeOf(await post(after, SEND))).toBe('200');
  expect(await logIn(after)).toBe(false);
  expect(codeOf(await post(after, message(SPELLING, 'S-other', [['3', sendMessage()]])))).toBe('604');
});

test('SIGTERM lets the running request finish, fails readiness, and ends with 0', async () => {
  const served = await run();
  await logIn(served);
  let open: () => void = () => {};
  vasp.gate = new Promise((resolve) => {
    open = resolve;
  });
  const arrived = vasp.arrival();
  const reply = post(served, SEND);
  await arrived;
  served.program.child.kill('SIGTERM');
  await untilNotReady(served);
  expect(served.program.child.exitCode).toBe(null);
  open();
  expect(codeOf(await reply)).toBe('200');
  expect((await served.program.finished).status).toBe(0);
});

test('a second signal stops at once', async () => {
  const served = await run();
  await logIn(served);
  let open: () => void = () => {};
  vasp.gate = new Promise((resolve) => {
    open = resolve;
  });
  const arrived = vasp.arrival();
  const reply = post(served, SEND).then(
    () => 'answered',
    () => 'cut off',
  );
  await arrived;
  served.program.child.kill('SIGTERM');
  await untilNotReady(served);
  served.program.child.kill('SIGTERM');
  expect((await served.program.finished).status).toBe(1);
  expect(await reply).toBe('cut off');
  open();
});

test('credentials, contents and user ids are found nowhere but at the VASP', async () => {
  const served = await run();
  const answers: Buffer[] = [];
  for (const code of [200, 409, 500]) {
    vasp.loginCode = code;
    for (const spelling of SPELLINGS) {
      for (const login of [loginRequest(), digestLogin()]) {
        const body = message(spelling, undefined, [['1', login]]);
        const first = await post(served, body, spelling);
        const asked = descendant(primitiveOf(first, spelling), 'Result', 'SystemMessageList');
        const reply =
          asked === undefined ? first : await post(served, withAnswers(body, spelling.encoding, asked, 1), spelling);
        answers.push(first, reply);
        answers.push(await post(served, body.subarray(0, body.length - 9), spelling));
        if (childText(primitiveOf(reply, spelling), 'SessionID') === undefined) continue;
        answers.push(await post(served, message(spelling, SESSION, [['2', sendMessage()]]), spelling));
        answers.push(await post(served, message(spelling, 'S-gone', [['2', sendMessage()]]), spelling));
      }
    }
  }
  expect(Buffer.concat(vasp.seen).includes(CANARIES.password)).toBe(true);

  const admin = await Promise.all(
    ['/metrics', '/status', '/status.json', '/readyz'].map(async (path) =>
      (await fetch(served.adminUrl + path)).text(),
    ),
  );
  served.program.child.kill('SIGTERM');
  const { stdout, stderr, status } = await served.program.finished;
  expect(status).toBe(0);
  expect(stdout).toContain('"login accepted"');
  const places: Readonly<Record<string, string>> = {
    answers: Buffer.concat(answers).toString('latin1'),
    admin: admin.join('\n'),
    log: stdout + stderr,
    store: contentsOf(store),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const [name, canary] of Object.entries(CANARIES)) {
      expect({ place, name, found: text.includes(canary) }).toEqual({ place, name, found: false });
    }
    const names = [USER_ID, 'juliet', SESSION];
    if (place === 'answers') continue;
    expect({ place, found: names.filter((name) => text.includes(name)) }).toEqual({ place, found: [] });
  }
});

test('a start that fails says why in sentences, and ends with 2', async () => {
  const served = await run();
  const { status, stderr } = await new Program(['serve', '--config', config, '--listen', new URL(served.url).host])
    .finished;
  expect(stderr).toContain('is taken by another program; stop that, or choose another with --listen or --admin');
  expect(status).toBe(2);
  const unread = await new Program([
    'serve',
    '--store',
    'memory:',
    '--policies',
    join(store, 'none'),
    '--secret-file',
    join(store, '../secret'),
  ]).finished;
  expect(unread.stderr).toContain('there is no such folder');
  expect(unread.stderr).not.toMatch(/^ +at /m);
  expect(unread.status).toBe(2);
});

/** Everything below a folder, as one text. */
function contentsOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return files
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}
