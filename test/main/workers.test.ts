/**
 * The running program with two workers: they are one gateway to users and to operators, whichever of them a connection
 * reaches; none of them is missed when it is replaced, and what was acknowledged outlives its end.
 */
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { childText, type Element, element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { answer } from '../../gateway/csp/status.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { loginResponse, message, type Spelling, sendMessage } from '../gateway/messages.ts';
import { withAnswers } from '../recordings/answering.ts';
import { askedBy, call, codeOf, loginOf, metric, until } from './admin-calls.ts';
import { Program, type Served, serve, serveInTwo } from './processes.ts';
import { chargePolicy, LEVELS, policyFolder, temporaryFolder } from './running.ts';
import { TestVasp } from './vasp.ts';

const SPELLING: Spelling = { version: '1.3', encoding: 'xml' };
const SESSION = 'S-0815';
const send = (session: string): Buffer => message(SPELLING, session, [['2', sendMessage()]]);

let vasp: TestVasp;
let served: Served;
let config: string;
let policies: string;

beforeAll(async () => {
  vasp = await TestVasp.listen(SESSION);
  policies = policyFolder({ 'levels.yaml': LEVELS, 'aoc.yaml': chargePolicy('{ grant: full }', 'every-login') });
  ({ served, config } = await serveInTwo(temporaryFolder(), {
    policies,
    vasps: { v: { url: vasp.url, paths: ['/'] } },
    log: { access: true },
  }));
});
afterAll(async () => {
  await served.program.kill();
  await vasp.close();
});

/** On a connection of its own, unless an agent keeps one; connections go to the workers in turn. */
function post(body: Buffer, agent: Agent | false = false): Promise<Element | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': contentTypeOf('1.3', 'xml'), 'Content-Length': body.length };
    const sent = request(served.url, { method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(decodeMessage(Buffer.concat(chunks), 'xml').transactions[0]?.primitive));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function logIn(user: string): Promise<Element | undefined> {
  const asked = askedBy(await post(loginOf(user)));
  return asked === undefined ? undefined : post(withAnswers(loginOf(user), 'xml', asked.list, 1));
}

interface Line {
  readonly event: string;
  readonly pid: number;
  readonly user?: string;
  readonly reason?: string;
  readonly primitive?: string;
}

/** Lines of the log so far; a worker's come a moment after its answer. */
function log(): readonly Line[] {
  const lines = served.program.stdout.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Line);
}

const pidsOf = (lines: readonly Line[]): ReadonlySet<number> => new Set(lines.map(({ pid }) => pid));

async function workerPids(): Promise<readonly number[]> {
  const { json } = await call(served.adminUrl, 'GET', 'workers');
  return (json.workers as readonly { readonly pid: number }[]).map(({ pid }) => pid);
}

test('what one worker asks the other takes the answer of', async () => {
  for (let login = 0; login < 6; login++) {
    const opened = await logIn(`wv:user-${login}@im.example`);
    expect(childText(opened, 'SessionID')).toBe(SESSION);
  }
  const accepted = await until(
    async () => log().filter(({ event }) => event === 'login accepted'),
    (lines) => lines.length === 6,
  );
  const asked = log().filter(({ event }) => event === 'login asked');
  const crossed = accepted.filter(({ user, pid }) => asked.find((one) => one.user === user)?.pid !== pid);
  expect(crossed.length).toBeGreaterThan(0);
  expect(pidsOf([...asked, ...accepted])).toEqual(new Set(await workerPids()));
  expect(await metric(served.adminUrl, 'sapgw_logins_total{vasp="v",outcome="accepted"}')).toBe(6);
  expect(await metric(served.adminUrl, 'sapgw_workers')).toBe(2);
});

test('five wrong answers deny, whichever worker they are given to', async () => {
  const login = loginOf('wv:guesser@im.example');
  let asked = askedBy(await post(login));
  let wrong = 0;
  while (asked !== undefined && wrong < 10) {
    wrong += 1;
    asked = askedBy(await post(withAnswers(login, 'xml', asked.list, 9)));
  }
  expect(wrong).toBe(5);
  const denied = await until(
    async () => log().filter(({ event }) => event === 'login denied'),
    (lines) => lines.length > 0,
  );
  expect(denied.map(({ reason }) => reason)).toEqual(['wrong-answers']);
  const asking = log().filter(({ event, user }) => event === 'login asked' && user === denied[0]?.user);
  expect(pidsOf(asking).size).toBe(2);
});

test('a reload that has returned holds in both workers', async () => {
  const next = chargePolicy('{ grant: full }', 'every-login').replace('version: 1', 'version: 2');
  writeFileSync(join(policies, 'aoc.yaml'), next.replace(/message: .*/, 'message: { en: "The second version?" }'));
  await call(served.adminUrl, 'POST', 'policies/reload');
  const texts = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => askedBy(await post(loginOf(`wv:later-${index}@im.example`)))?.texts),
  );
  expect(texts.flat()).toEqual(Array.from({ length: 8 }, () => expect.stringContaining('The second version?')));
});

test('a session is one for both workers, and ended for both at once', async () => {
  await logIn('wv:alice@im.example');
  const codes = async (): Promise<readonly (string | undefined)[]> =>
    Promise.all(Array.from({ length: 6 }, async () => codeOf(await post(send(SESSION)))));
  expect(await codes()).toEqual(Array.from({ length: 6 }, () => '200'));
  await post(message(SPELLING, SESSION, [['3', element('Logout-Request')]]));
  expect(await codes()).toEqual(Array.from({ length: 6 }, () => '604'));
  const sends = await until(
    async () => log().filter(({ event, primitive }) => event === 'request' && primitive === 'SendMessage-Request'),
    (lines) => lines.length === 12,
  );
  expect(pidsOf(sends).size).toBe(2);
});

test('the workers are replaced one after the other under load, and no request fails', async () => {
  await logIn('wv:alice@im.example');
  const before = await workerPids();
  let isOver = false;
  let requests = 0;
  const failures: unknown[] = [];
  const clients = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isOver) {
      await post(send(SESSION), agent).then(
        (reply) => codeOf(reply) !== '200' && failures.push(codeOf(reply)),
        (error: unknown) => failures.push(error),
      );
      requests += 1;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    agent.destroy();
  });
  const command = await new Program(['workers', 'restart', '--config', config, '--admin', served.adminUrl]).finished;
  isOver = true;
  await Promise.all(clients);
  expect([command.status, command.stdout.trim()]).toEqual([0, '2 workers restarted']);
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(100);
  const after = await workerPids();
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  expect(await metric(served.adminUrl, 'sapgw_worker_restarts_total{reason="asked"}')).toBe(2);
  // What the old ones had counted is still there.
  expect(await metric(served.adminUrl, 'sapgw_logins_total{vasp="v",outcome="accepted"}')).toBe(8);
});

test('a worker is killed while users log in: who was let in stays in, and the worker is replaced', async () => {
  const envelope = { ...scanEnvelope(loginOf('wv:x@im.example'), 'xml'), transactionId: '1' };
  let opened = 0;
  vasp.instead = (response) => {
    opened += 1;
    const primitive = loginResponse(200, `S-${opened}`);
    response
      .setHeader('Content-Type', contentTypeOf('1.3', 'xml'))
      .end(encodeMessage(answer(envelope, primitive), 'xml'));
  };
  const [killed] = await workerPids();
  const logins = Array.from({ length: 60 }, (_, index) => logIn(`wv:many-${index}@im.example`).catch(() => undefined));
  await Promise.any(logins);
  process.kill(killed ?? 0, 'SIGKILL');
  const sessions = (await Promise.all(logins)).flatMap((login) => childText(login, 'SessionID') ?? []);
  vasp.instead = undefined;
  expect(sessions.length).toBeGreaterThan(0);
  const codes = await Promise.all(sessions.map(async (session) => codeOf(await post(send(session)))));
  expect(codes).toEqual(sessions.map(() => '200'));
  await until(workerPids, (pids) => !pids.includes(killed ?? 0) && pids.every((pid) => pid !== null));
  expect(await metric(served.adminUrl, 'sapgw_worker_restarts_total{reason="crash"}')).toBe(1);
  expect((await fetch(`${served.adminUrl}/readyz`)).status).toBe(200);
});

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('SIGTERM to all processes lets a running request finish and ends with 0; without the primary workers end', async () => {
  await logIn('wv:alice@im.example');
  let open: () => void = () => {};
  vasp.gate = new Promise((resolve) => {
    open = resolve;
  });
  const arrived = vasp.arrival();
  const reply = post(send(SESSION));
  await arrived;
  const pids = await workerPids();
  for (const pid of [...pids, served.program.child.pid ?? 0]) process.kill(pid, 'SIGTERM');
  await until(
    async () => (await fetch(`${served.adminUrl}/readyz`)).status,
    (status) => status !== 200,
  );
  open();
  expect(codeOf(await reply)).toBe('200');
  expect((await served.program.finished).status).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);

  served = await serve('--config', config);
  const orphans = await workerPids();
  expect(orphans.every(isAlive)).toBe(true);
  served.program.child.kill('SIGKILL');
  await until(
    async () => orphans.filter(isAlive),
    (alive) => alive.length === 0,
  );
});
