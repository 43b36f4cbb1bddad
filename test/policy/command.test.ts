import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerPolicy } from '../../gateway/cli/policy.ts';
import { readPolicyFolder } from '../../gateway/policy-folder.ts';
import { plainJudge } from './judge.ts';
import { MINIMAL } from './sample.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sapgw-policies-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = 0;
});

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

/** What the command printed, with the folder's name cut off, and its exit status. */
async function sapgw(...words: readonly string[]): Promise<{ out: string; err: string; status: unknown }> {
  const out: string[] = [];
  const err: string[] = [];
  const program = new Command();
  registerPolicy(program, { judge: plainJudge, print: (line) => out.push(line), printError: (line) => err.push(line) });
  await program.parseAsync(['policy', ...words], { from: 'user' });
  const plain = (lines: readonly string[]): string =>
    lines.join('\n').replaceAll(`${folder}/`, '').replaceAll(folder, '.');
  return { out: plain(out), err: plain(err), status: process.exitCode };
}

const CASES =
  'kind: policy-tests\ncases:\n  - { name: shown, login: { user: a }, expect: { ask: [{ policy: sample }] } }\n';

describe('policy check', () => {
  test('says that all is well', async () => {
    write('a.yaml', MINIMAL);
    expect(await sapgw('check', folder)).toEqual({ out: '1 file: 0 problems, 0 warnings', err: '', status: 0 });
  });

  test('lists every problem of every file, then the warnings', async () => {
    write('a.yaml', MINIMAL.replace('version', 'verison'));
    write('b.yml', MINIMAL.replace('Hello', `"${'long '.repeat(30)}"`).replace('sample', 'other'));
    const { out, status } = await sapgw('check', folder);
    expect(out.split('\n')).toEqual([
      'a.yaml:1:1: version: missing; must be a whole number from 1',
      'a.yaml:3:1: verison: unknown key "verison"; did you mean "version"?',
      'b.yml:5:16: message.en: warning: 150 characters with placeholders filled; a phone need show only 128',
      '2 files: 2 problems, 1 warning',
    ]);
    expect(status).toBe(1);
  });

  test('prints the same for programs', async () => {
    write('a.yaml', MINIMAL.replace('notice', 'notise'));
    const { out, status } = await sapgw('check', folder, '--json');
    expect(JSON.parse(out)).toEqual({
      valid: false,
      problems: [
        {
          path: 'a.yaml',
          line: 4,
          column: 10,
          keyPath: 'purpose',
          message: 'must be advice-of-charge, terms or notice, not "notise"; did you mean "notice"?',
          severity: 'error',
          suggestion: 'notice',
        },
      ],
      warnings: [],
    });
    expect(status).toBe(1);
  });

  test('warns of a folder in which nothing stands', async () => {
    const { out, status } = await sapgw('check', folder);
    expect(out).toContain('there are no policy files, so nobody would be asked');
    expect(status).toBe(0);
  });

  test('a folder that is not there is wrong use', async () => {
    const { err, status } = await sapgw('check', join(folder, 'nowhere'));
    expect(err).toBe('nowhere: there is no such folder');
    expect(status).toBe(2);
  });

  test('a file in place of a folder is wrong use', async () => {
    write('a.yaml', MINIMAL);
    expect((await sapgw('check', join(folder, 'a.yaml'))).status).toBe(2);
  });
});

describe('policy test', () => {
  test('runs the cases', async () => {
    write('a.yaml', MINIMAL);
    write('a.test.yaml', CASES);
    expect(await sapgw('test', folder)).toEqual({ out: 'ok     shown\n1 test passed, 0 failed', err: '', status: 0 });
  });

  test('a failed case fails the command', async () => {
    write('a.yaml', MINIMAL);
    write('a.test.yaml', CASES.replace('ask: [{ policy: sample }]', 'grant: full'));
    const { out, status } = await sapgw('test', folder);
    expect(out.split('\n').slice(0, 2)).toEqual([
      'FAILED shown',
      '       a.test.yaml:3:57: cases[0].expect.grant: expected a login, but asked was sample',
    ]);
    expect(status).toBe(1);
  });

  test('warns when there are no tests', async () => {
    write('a.yaml', MINIMAL);
    const { out, status } = await sapgw('test', folder);
    expect(out).toContain('warning: there are no tests');
    expect(status).toBe(0);
  });

  test('runs nothing on an invalid set', async () => {
    write('a.yaml', MINIMAL.replace('version', 'verison'));
    write('a.test.yaml', CASES);
    const { out, status } = await sapgw('test', folder);
    expect(out).toContain('1 file: 2 problems, 0 warnings; no test was run');
    expect(status).toBe(1);
  });

  test('prints the same for programs', async () => {
    write('a.yaml', MINIMAL);
    write('a.test.yaml', CASES);
    expect(JSON.parse((await sapgw('test', folder, '--json')).out)).toMatchObject({
      valid: true,
      passed: 1,
      failed: 0,
      cases: [{ name: 'shown', passed: true }],
      untested: [],
    });
  });
});

describe('the folder', () => {
  test('is read by name, through symbolic links, without hidden and other files', async () => {
    write('b.yaml', MINIMAL);
    write('A.YML', MINIMAL);
    write('.hidden.yaml', 'x');
    write('notes.txt', 'x');
    write('b.test.yaml', CASES);
    symlinkSync(join(folder, 'b.yaml'), join(folder, 'c.yaml'));
    const read = await readPolicyFolder(folder);
    if (read.kind === 'unreadable') throw new Error(read.message);
    expect(read.policies.map(({ path }) => path)).toEqual(['A.YML', 'b.yaml', 'c.yaml'].map((n) => join(folder, n)));
    expect(read.tests.map(({ path }) => path)).toEqual([join(folder, 'b.test.yaml')]);
    expect(read.policies[2]?.text).toBe(MINIMAL);
  });
});
