/**
 * The commands in policies/README.md: each is run, and what the page shows as its output is what comes out. The folders
 * and files that it speaks of are made as it describes them.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportedLine, Workspace } from './policy-harness.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'policies');
const README = readFileSync(join(FOLDER, 'README.md'), 'utf8');
/** Fences alternate; a block that names no language begins at once with a line feed. */
const BLOCKS = README.split(/^```/m)
  .filter((block, index) => index % 2 === 1 && block.startsWith('\n'))
  .map((block) => block.slice(1));
const SHOWN = BLOCKS.filter((block) => block.startsWith('$ '));
const PLAIN = BLOCKS.flatMap((block) => block.split('\n')).filter((line) => /^sapgw policy /.test(line));

const RECORDS = ['aoc-messaging', 'terms-of-use']
  .map((policy, index) => exportedLine(index + 1, { policy, option: 'accept' }))
  .join('\n');

const space = new Workspace();
beforeAll(() => {
  cpSync(FOLDER, space.at('policies'), { recursive: true });
  cpSync(FOLDER, space.at('policies-next'), { recursive: true });
  const aoc = join(space.at('policies-next'), 'aoc-messaging.yaml');
  const text = readFileSync(aoc, 'utf8');
  writeFileSync(aoc, text.replace(/^version: 1$/m, 'version: 2').replace('"0.10"', '"0.15"'));
  space.write({ 'samples.txt': /^```text\n# samples.txt\n([\s\S]*?)^```$/m.exec(README)?.[1] ?? '' });
});
afterAll(() => space.remove());

/** Runs a line as a shell would: without its comment, the command before a pipe, and where the output goes. */
function run(line: string) {
  const command = line.replace(/\s+#.*$/, '').replace(/\s+>.*$/, '');
  const words = command.slice(command.lastIndexOf('sapgw policy ') + 'sapgw policy '.length).split(' ');
  const placed = words.map((word) => (/^(policies|policies-next|samples\.txt)$/.test(word) ? space.at(word) : word));
  return space.run(placed, RECORDS);
}

describe('commands of policies/README.md', () => {
  test('there are some of every kind', () => {
    const named = [...SHOWN, ...PLAIN].join('\n');
    for (const command of ['check', 'test', 'explain', 'render', 'diff', 'replay', 'schema']) {
      expect(named).toContain(`sapgw policy ${command}`);
    }
  });

  test.each(PLAIN)('%s', async (line) => {
    const { err, status } = await run(line);
    expect([err, status]).toEqual(['', 0]);
  });

  test.each(SHOWN.map((block) => [block.slice(2, block.indexOf('\n')), block]))(
    '%s prints what is shown',
    async (line, block) => {
      const { out, err, status } = await run(line);
      expect(`${out.trimEnd()}\n`).toBe(block.slice(block.indexOf('\n') + 1));
      expect([err, status]).toEqual(['', 0]);
    },
  );
});
