/**
 * The README walked as its reader walks it: the files of its policy chapter are written, its commands run in their order
 * against a gateway that runs on a store of its own, and what the page shows is what comes out. `…` on the page is
 * anything. The commands about records follow on what the walk left behind.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Program } from './main/processes.ts';
import { temporaryFolder } from './main/running.ts';

const ROOT = join(import.meta.dirname, '..');
const PROGRAM = join(ROOT, 'gateway/cli/sapgw.ts');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Block {
  /** The last file that the text before the block names, for a block that is one. */
  readonly file: string;
  readonly language: string;
  readonly lines: readonly string[];
}

/** Fenced blocks in order. */
function blocksOf(page: string): Block[] {
  let file = '';
  return page.split(/^```/m).flatMap((part, index) => {
    if (index % 2 === 0) {
      file = [...part.matchAll(/`([\w./-]+\.yaml)`/g)].at(-1)?.[1] ?? '';
      return [];
    }
    const [language = '', ...lines] = part.trimEnd().split('\n');
    return [{ file, language, lines }];
  });
}

const README = read('README.md');
const section = (from: string, until: string): Block[] =>
  blocksOf(README.slice(README.indexOf(`\n${from}\n`), README.indexOf(`\n${until}\n`)));
const CHAPTER = section('## An Advice of Charge in ten minutes', '## Operating it');
const RECORDS = section('### Records and what is kept of users', '### What to know before you rely on it');
const LONG_RUNNING = 'npm start -- --config gateway.yaml';

const folder = temporaryFolder();
let program: Program | undefined;
/** The gateway starts in its own terminal, while the reader writes in the other. */
let started: Promise<void> | undefined;
let clients = '';
let admin = '';

afterAll(() => program?.kill());

async function serve(): Promise<void> {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(scripts.start).toMatch(/sapgw\.js serve$/);
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  program = new Program(['serve', '--config', join(folder, 'gateway.yaml'), ...ports]);
  clients = (await program.told(/Clients +(http:\S+)/))[1] ?? '';
  admin = (await program.told(/Admin +(http:\/\/[^/]+)/))[1] ?? '';
}

/** The line as a shell runs it in the folder; what a default port would find is told by a flag. */
async function shell(line: string): Promise<{ readonly out: string; readonly status: number }> {
  if (line === 'npm ci') return { out: '', status: 0 };
  let command = line.replace(/\s+#.*$/, '');
  if (/^cp .* policies\/$|--config gateway\.yaml|sapgw handset /.test(command)) await started;
  if (/sapgw handset /.test(command)) command += ` --url ${clients}`;
  if (/sapgw policy (status|reload|rollback|ask-again) /.test(command)) command += ` --admin ${admin}`;
  command = command.replace(
    /^npx sapgw /,
    `"${process.execPath}" --import "${import.meta.resolve('tsx')}" "${PROGRAM}" `,
  );
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SAPGW_|NODE_OPTIONS)/.test(name)));
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: folder, env });
    return { out: stdout, status: 0 };
  } catch (error) {
    const { stdout = '', stderr = '', code } = error as { stdout?: string; stderr?: string; code?: unknown };
    return { out: `${stdout}${stderr}`, status: Number(code) };
  }
}

/** `…` alone in a line is any number of lines, else any text in its line. */
function pattern(shown: readonly string[]): RegExp {
  const lines = shown.map((line) =>
    line === '…'
      ? '(?:.*\\n)*?'
      : `${line
          .split('…')
          .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('.*')}\\n`,
  );
  return new RegExp(`^${lines.join('')}$`);
}

async function isInForce(policy: string, wanted: boolean): Promise<void> {
  for (;;) {
    const { policies } = (await (await fetch(`${admin}/api/v1/policies`)).json()) as { policies: { id: string }[] };
    if (policies.some(({ id }) => id === policy) === wanted) return;
  }
}

async function walk({ file, language, lines }: Block): Promise<void> {
  const [first = '', ...shown] = lines;
  if (language === 'yaml') {
    writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
    return;
  }
  const isShown = first.startsWith('$ ');
  for (const line of isShown ? [first.slice(2)] : lines) {
    if (line === LONG_RUNNING) {
      started = serve();
      continue;
    }
    const { out, status } = await shell(line);
    // The one command of the chapter that is refused shows so itself.
    expect([line, out, status]).toEqual([line, out, /Not sent to/.test(out) ? 1 : 0]);
    if (isShown) expect(out.trimEnd().concat('\n')).toMatch(pattern(shown));
    if (line.startsWith('cp ') && line.endsWith(' policies/')) await isInForce('roaming', true);
    if (line.startsWith('rm policies/')) await isInForce('roaming', false);
  }
}

describe('the policy chapter of the README', () => {
  beforeAll(() => cpSync(join(ROOT, 'policies'), join(folder, 'policies'), { recursive: true }));

  test('has files to write, commands to run and outputs to compare', () => {
    expect(CHAPTER.filter(({ language }) => language === 'yaml').map(({ file }) => file)).toEqual([
      'policies-next/roaming.yaml',
      'policies-next/roaming.test.yaml',
    ]);
    expect(CHAPTER.flatMap(({ lines }) => lines)).toContain(LONG_RUNNING);
    expect(CHAPTER.filter(({ lines }) => lines[0]?.startsWith('$ ')).length).toBeGreaterThan(8);
  });

  test('leads from nothing to a policy in force, and back', async () => {
    for (const block of CHAPTER) await walk(block);
  });
});

describe('the commands about records', () => {
  const lines = RECORDS.flatMap((block) => block.lines);

  test('work on what the walk left behind, beside the gateway', async () => {
    expect(lines.length).toBeGreaterThan(5);
    let head = '';
    for (const line of lines) {
      const { out, status } = await shell(line.replace('1208:HASH', head));
      expect([line, out, status]).toEqual([line, out, 0]);
      head = /^head (\S+)$/m.exec(out)?.[1] ?? head;
    }
    expect(head).toMatch(/^3:/);
    expect(existsSync(join(folder, 'records.jsonl'))).toBe(true);
  });

  test('leave an export whose hashes follow from its lines as gateway/README.md says', () => {
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    const [, formula = ''] = /content = SHA-256\( \[([\s\S]*?)\] \) /.exec(read('gateway/README.md')) ?? [];
    const fields = [...formula.replace(/\[[\s\S]*/, '').matchAll(/[a-zA-Z]+(?=,)/g)].map(([name]) => name);
    expect(fields).toHaveLength(16);
    const lines = readFileSync(join(folder, 'records.jsonl'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      const record = JSON.parse(line) as Record<string, unknown>;
      const { amount, currency, per, estimate } = (record.charge ?? {}) as Record<string, unknown>;
      const values = fields.map((name) => (name.endsWith('At') ? Date.parse(String(record[name])) : record[name]));
      const charge = record.charge === null ? null : [amount, currency, per, estimate];
      const content = sha256(JSON.stringify(['sapgw audit record 1', ...values, charge]));
      expect(sha256(`${record.previous} ${record.sequence} ${content}`)).toBe(record.hash);
    }
  });

  test('as does the call of the admin API in gateway/README.md', async () => {
    const [, method = '', path = ''] =
      /^curl -X (\w+) -H .* http:\/\/127\.0\.0\.1:8081(\S+)$/m.exec(read('gateway/README.md')) ?? [];
    const token = readFileSync(join(folder, 'admin-token'), 'utf8').trim();
    const response = await fetch(`${admin}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
    expect([response.status, await response.json()]).toMatchObject([200, { result: 'unchanged' }]);
  });
});
