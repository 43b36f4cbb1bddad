import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileGlob } from '../../gateway/policy/glob.ts';

describe('a glob', () => {
  test.each([
    ['*', '', true],
    ['*', 'anything', true],
    ['', 'x', false],
    ['abc', 'ABC', true],
    ['abc', 'abcd', false],
    ['a*', 'a', true],
    ['a*c', 'abc', true],
    ['a*c', 'ab', false],
    ['a*a', 'a', false],
    ['*b*', 'abc', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['**', 'x', true],
    ['*aab', 'aaab', true],
    ['a*b*c', 'a-c-b-c', true],
    ['wv:*@im.example', 'wv:x@im.example.evil', false],
    ['a.c', 'abc', false],
    ['[a]', 'a', false],
    ['+4670*', '+46701', true],
  ])('%s on %j: %s', (pattern, value, expected) => {
    expect(compileGlob(pattern).matches(value)).toBe(expected);
  });

  test('agrees with the plain definition on random patterns and values', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const values = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(letters, values, (pattern, value) => compileGlob(pattern).matches(value) === plain(pattern, value)),
      { numRuns: 5_000, seed: 20260601 },
    );
  });

  test('a pattern made to backtrack is answered at once', () => {
    expect(compileGlob('*a'.repeat(120)).matches(`${'a'.repeat(100_000)}b`)).toBe(false);
  });
});

function plain(pattern: string, value: string): boolean {
  const [first] = pattern;
  if (first === undefined) return value === '';
  const rest = pattern.slice(1);
  if (first === '*') return plain(rest, value) || (value !== '' && plain(pattern, value.slice(1)));
  return value !== '' && (first === '?' || first === value[0]) && plain(rest, value.slice(1));
}
