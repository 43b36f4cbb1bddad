import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readOnLinePolicy } from '../../gateway/policy/on-line.ts';
import { parsePolicySet } from '../../gateway/policy/parse.ts';
import { runPolicyTests } from '../../gateway/policy/test-run.ts';
import { plainJudge } from './judge.ts';
import { setOf } from './sample.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'policies');
const SEED = 20_261_122;
const SHIPPED = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((path) => ({ path, text: readFileSync(join(FOLDER, path), 'utf8').replaceAll(/^ *#.*\n/gm, '') }));

/** Pieces that change how YAML is read, and values that no key takes. */
const PIECES = fc.constantFrom(
  ...[
    '',
    ' ',
    '\n',
    '\t',
    ':',
    ': ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&a ',
    '*a',
    '!x ',
    '# ',
    '|',
    '>',
    '---\n',
    '? ',
  ],
  ...[
    'null',
    '~',
    '-1',
    '1e9',
    '.nan',
    'true',
    '{}',
    '[]',
    '__proto__',
    'constructor',
    '{user',
    '\u0000',
    '\uD800',
    '😀',
  ],
);

/** A file of the folder with a stretch of its text replaced. */
const mutated = (files: typeof SHIPPED) =>
  fc
    .tuple(fc.constantFrom(...files), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(12), PIECES)
    .map(([{ path, text }, place, cut, piece]) => {
      const at = Math.floor(place * text.length);
      return { path, text: text.slice(0, at) + piece + text.slice(at + cut) };
    });

/** Everything of a policy but its functions. */
const plain = (policy: unknown): string =>
  JSON.stringify(policy, (_, value: unknown) => (value instanceof Map || value instanceof Set ? [...value] : value));

test(`a policy file, whatever was typed into it, gets an answer with places inside it (seed ${SEED})`, () => {
  fc.assert(
    fc.property(mutated(SHIPPED.filter(({ path }) => !path.endsWith('.test.yaml'))), (file) => {
      const parsed = parsePolicySet([file], { hash: (text) => text });
      const problems = parsed.kind === 'invalid' ? parsed.problems : parsed.warnings;
      const lines = file.text.split('\n');
      for (const { line, column } of problems) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
      }
      for (const policy of parsed.kind === 'valid' ? parsed.set.onLine : []) {
        expect(plain(readOnLinePolicy(policy.definition))).toBe(plain(policy));
      }
    }),
    { numRuns: 600, seed: SEED },
  );
});

test(`a test file, whatever was typed into it, gets a report (seed ${SEED})`, () => {
  const set = setOf(...SHIPPED.filter(({ path }) => !path.endsWith('.test.yaml')).map(({ text }) => text));
  fc.assert(
    fc.property(mutated(SHIPPED.filter(({ path }) => path.endsWith('.test.yaml'))), (file) => {
      const { passed, failed, cases } = runPolicyTests(set, [file], plainJudge);
      expect(passed + failed).toBe(cases.length);
    }),
    { numRuns: 300, seed: SEED },
  );
});
