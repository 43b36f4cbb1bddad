/**
 * How much VASP A's failing costs VASP B's users, in figures: the gateway, A, and B with its load each in a process of
 * their own; the same load on B alone and while A's phones keep asking a VASP that is gone, silent or hostile, in turn,
 * round by round. Prints the medians of the rounds; exit status 1 when any of B's requests was not answered as it should
 * be. Run by `npx tsx test/load/vasps.ts`, on a quiet machine; ROUNDS=9 for more rounds.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { BadVasp, type Fault } from '../faults/bad-vasp.ts';
import { SteadyLoad } from '../faults/steady-load.ts';
import { loginRequest, message } from '../gateway/messages.ts';
import { serve } from '../main/processes.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = 3;
const PER_SECOND = 150;
const A_PHONES = 20;
const A_PAUSE_MILLIS = 50;
const TIMEOUT = '1s';
const TOKEN = 'load-admin-token-0123456789-0123456789';
const SPELLING = { version: '1.3', encoding: 'xml' } as const;
const HEADERS = { 'content-type': contentTypeOf('1.3', 'xml') };
const CASES: readonly (Fault | 'serving' | 'idle')[] = [
  'idle',
  'serving',
  'refused',
  'silent',
  'a reset',
  'garbage',
  'a flood',
];

/** A in a process of its own, so that what it pours out takes no time from whoever measures. */
async function asVaspA(): Promise<void> {
  const vasp = await BadVasp.listen('S-A');
  process.on('message', (wanted) => {
    const fault = wanted === 'serving' || wanted === 'idle' ? undefined : (wanted as Fault);
    void vasp.behave(fault).then(() => process.send?.('behaves'));
  });
  process.send?.(vasp.url);
}

/** Phones that ask A again and again, whatever they get. */
function troubledPhones(url: string): { stop(): Promise<void>; readonly answers: Map<string, number> } {
  let isOver = false;
  const answers = new Map<string, number>();
  const body = message(SPELLING, 'S-A', [['7', element('KeepAlive-Request')]]);
  const phones = Array.from({ length: A_PHONES }, async () => {
    while (!isOver) {
      const response = await fetch(url, { method: 'POST', headers: HEADERS, body });
      const [, code = 'none'] = /<Code>(\d+)</.exec(await response.text()) ?? [];
      answers.set(code, (answers.get(code) ?? 0) + 1);
      await sleep(A_PAUSE_MILLIS);
    }
  });
  return {
    answers,
    async stop() {
      isOver = true;
      await Promise.all(phones);
    },
  };
}

const median = (values: readonly number[]): number => values.toSorted((x, y) => x - y)[values.length >> 1] ?? 0;

function share(millis: readonly number[], part: number): number {
  const sorted = millis.toSorted((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sapgw-vasps-'));
  const a = fork(import.meta.filename, ['a'], { execArgv: ['--import', 'tsx'] });
  const [aUrl] = (await once(a, 'message')) as [string];
  const b = await BadVasp.listen('S-B');
  const config = join(folder, 'gateway.yaml');
  writeFileSync(join(folder, 'token'), TOKEN);
  mkdirSync(join(folder, 'policies'));
  writeFileSync(
    config,
    `vasps:
  a: { url: "${aUrl}", paths: ["/a"], timeout: ${TIMEOUT} }
  b: { url: "${b.url}", paths: ["/b"] }
admin: { tokenFile: token }
log: { level: error }
`,
  );
  const gateway = await serve(
    '--config',
    config,
    '--store',
    'memory:',
    '--secret-file',
    join(folder, 'secret'),
    '--policies',
    join(folder, 'policies'),
  );
  const base = `http://127.0.0.1:${gateway.port}`;
  const login = message(SPELLING, undefined, [['1', loginRequest()]]);
  for (const path of ['/a', '/b']) {
    const response = await fetch(base + path, { method: 'POST', headers: HEADERS, body: login });
    if (!(await response.text()).includes('<Code>200<')) throw new Error(`nobody can log in at ${path}`);
  }
  const figures = new Map(CASES.map((name) => [name, { p50: [] as number[], p99: [] as number[], answers: '' }]));
  const wrong: string[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of CASES) {
      a.send(name);
      await once(a, 'message');
      // The breaker begins anew.
      const headers = { authorization: `Bearer ${TOKEN}` };
      await fetch(`${gateway.adminUrl}/api/v1/vasps/a/resume`, { method: 'POST', headers });
      const phones = name === 'idle' ? undefined : troubledPhones(`${base}/a`);
      const load = new SteadyLoad(`${base}/b`, 'S-B', PER_SECOND);
      await sleep(SECONDS * 1000);
      await load.stop();
      await phones?.stop();
      const slice = load.slice();
      wrong.push(...slice.wrong);
      const row = figures.get(name);
      if (round < 0 || row === undefined) continue;
      row.p50.push(share(slice.millis, 0.5));
      row.p99.push(share(slice.millis, 0.99));
      row.answers = [...(phones?.answers ?? [])].map(([code, count]) => `${count} × ${code}`).join(', ');
    }
  }
  console.log(`B at ${PER_SECOND} requests/s, ${A_PHONES} phones at A, medians of ${ROUNDS} rounds of ${SECONDS} s`);
  for (const [name, { p50, p99, answers }] of figures) {
    console.log(
      `${name.padEnd(10)} p50 ${median(p50).toFixed(2)} ms, p99 ${median(p99).toFixed(2)} ms; A's last: ${answers}`,
    );
  }
  console.log(`${wrong.length} of B's requests not answered as they should be`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
  await gateway.program.kill();
  a.kill();
  await b.close();
  rmSync(folder, { recursive: true, force: true });
}

await (process.argv[2] === 'a' ? asVaspA() : measure());
