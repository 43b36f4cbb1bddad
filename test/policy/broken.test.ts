import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatProblem, parsePolicySet } from '../../gateway/policy/parse.ts';
import { readGoldenCase } from './policytest.ts';

const FOLDER = join(import.meta.dirname, 'broken');
const cases = readdirSync(FOLDER).filter((name) => name.endsWith('.policytest'));

describe('broken policy files: exactly the problems that the case lists', () => {
  test('there are cases', () => expect(cases.length).toBeGreaterThan(100));

  test.each(cases)('%s', (name) => {
    const { files, expected } = readGoldenCase(readFileSync(join(FOLDER, name), 'utf8'));
    const parsed = parsePolicySet(files, { hash: (text) => text });
    const found = parsed.kind === 'invalid' ? [...parsed.problems, ...parsed.warnings] : parsed.warnings;
    expect(found.map((problem) => `${formatProblem(problem)}\n`).join('')).toBe(expected);
  });
});
