/** Proves that problems in YAML files are placed where the operator has to look, and that slips are recognised. */
import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { readYaml } from '../../gateway/yaml/document.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../gateway/yaml/durations.ts';
import { nearest } from '../../gateway/yaml/nearest.ts';
import { formatProblem, keyPathOf } from '../../gateway/yaml/problem.ts';
import { checkShape } from '../../gateway/yaml/shape.ts';

const TEXT = `listen: 127.0.0.1:1
vasps:
  friendly.im:
    paths: ["/imps", 3]
    when: "user == 1"
    empty:
    note: >
      folded
      text
other: &shared { deep: [1, 2] }
same: *shared
`;

function read(text: string) {
  return readYaml({ path: 'x.yaml', text });
}

describe('positions', () => {
  test.each([
    [['listen'], {}, 'x.yaml:1:9: listen: bad'],
    [['listen'], { at: 'key' }, 'x.yaml:1:1: listen: bad'],
    [['vasps', 'friendly.im', 'paths', 1], {}, 'x.yaml:4:22: vasps["friendly.im"].paths[1]: bad'],
    [['vasps', 'friendly.im', 'when'], { offset: 5 }, 'x.yaml:5:17: vasps["friendly.im"].when: bad'],
    [['vasps', 'friendly.im', 'note'], { offset: 5 }, 'x.yaml:7:11: vasps["friendly.im"].note: bad'],
    [['vasps', 'friendly.im', 'empty'], { at: 'key' }, 'x.yaml:6:5: vasps["friendly.im"].empty: bad'],
    [['same', 'deep', 1], {}, 'x.yaml:10:28: same.deep[1]: bad'],
    [['vasps', 'friendly.im', 'url'], {}, 'x.yaml:3:3: vasps["friendly.im"].url: bad'],
    [['vasps', 'friendly.im', 'paths', 7, 'x'], {}, 'x.yaml:4:5: vasps["friendly.im"].paths[7].x: bad'],
    [['same', 'more'], {}, 'x.yaml:11:1: same.more: bad'],
    [[], {}, 'x.yaml:1:1: bad'],
  ] as const)('%j as %j', (path, placing, line) => {
    const { document } = read(TEXT);
    document.report(path, 'bad', placing);
    expect(document.problems.map(formatProblem)).toEqual([line]);
  });

  test.each([
    ['a: [1\n', 'x.yaml:2:1: not YAML: '],
    ['a: *missing\n', 'x.yaml:1:4: the alias *missing has no anchor before it'],
    ['%YAML 1.1\n---\na: 1\n', 'x.yaml:1:1: the file asks for another version of YAML; only YAML 1.2 is read'],
    ['a: !secret 1\n', 'x.yaml:1:4: not YAML 1.2: Unresolved tag: !secret'],
    ['a: \uFFFD\n', 'x.yaml:1:1: the file is not UTF-8 text'],
    [`a: ${'x'.repeat(1_048_576)}\n`, 'x.yaml:1:1: the file is longer than 1048576 characters'],
  ])('a file that cannot be read has a problem with a place', (text, start) => {
    const { readable, document } = read(text);
    expect(readable).toBe(false);
    expect(document.problems.map(formatProblem)[0]).toEqual(expect.stringContaining(start));
  });

  test.each([
    ['a: 1\na: 2\n', 'x.yaml:2:1: the key a stands twice in one mapping'],
    ['a: 2\n---\nb: 1\n', 'x.yaml:2:1: a second document begins here; a file holds one'],
  ])('a mistake that leaves the rest readable: %j', (text, line) => {
    const { readable, document } = read(text);
    expect([readable, document.value]).toEqual([true, { a: 2 }]);
    expect(document.problems.map(formatProblem)).toEqual([line]);
  });

  test('paths read as in the file', () => {
    expect(keyPathOf(['clients', 0, 'client'])).toBe('clients[0].client');
    expect(keyPathOf([])).toBe('');
  });
});

describe('shapes', () => {
  const schema = z.strictObject({
    name: z.string().optional(),
    count: z.int().default(1),
    ratio: z.number().optional(),
    on: z.boolean().prefault(true),
    list: z.array(z.enum(['a', 'b'])).optional(),
    either: z.union([z.literal('none'), z.strictObject({ size: z.number() })]).optional(),
    many: z
      .record(
        z
          .string()
          .regex(/^[a-z]+$/)
          .describe('small letters'),
        z.strictObject({ url: z.string() }),
      )
      .optional(),
  });

  test.each([
    ['name: 1.10', 'x.yaml:1:7: name: without quotes this is read as a number; did you mean "1.10"?'],
    ['ratio: &r 1.10\nname: *r', 'x.yaml:2:7: name: without quotes this is read as a number; did you mean "1.10"?'],
    ['name: [x]', 'x.yaml:1:7: name: must be a text, not a list of 1'],
    ['name: {}', 'x.yaml:1:7: name: must be a text, not a mapping'],
    ['count: 1.50', 'x.yaml:1:8: count: must be a whole number, not 1.50'],
    ['count: some', 'x.yaml:1:8: count: must be a whole number, not "some"'],
    ['count: user:pass@host', 'x.yaml:1:8: count: must be a whole number'],
    ['ratio: x', 'x.yaml:1:8: ratio: must be a number, not "x"'],
    ['on: yes', 'x.yaml:1:5: on: must be true or false, not "yes"'],
    ['list: a', 'x.yaml:1:7: list: must be a list, not "a"'],
    ['list: [c]', 'x.yaml:1:8: list[0]: must be a or b, not "c"'],
    ['either: sixteen', 'x.yaml:1:9: either: must be none or a mapping of keys to values, not "sixteen"'],
    [
      'either: nnoe',
      'x.yaml:1:9: either: must be none or a mapping of keys to values, not "nnoe"; did you mean "none"?',
    ],
    ['either: { size: x }', 'x.yaml:1:17: either.size: must be a number, not "x"'],
    ['many: { A: { url: x } }', 'x.yaml:1:9: many.A: must be small letters'],
    ['many: { a: {} }', 'x.yaml:1:9: many.a.url: missing; must be a text'],
    ['many: { a: { url: x, ulr: x } }', 'x.yaml:1:22: many.a.ulr: unknown key "ulr"; did you mean "url"?'],
    ['many: { a: { url: x, size: 1 } }', 'x.yaml:1:22: many.a.size: unknown key "size"; known here: url'],
  ])('%s', (text, line) => {
    const { document } = read(text);
    expect(checkShape(schema, document)).toBeUndefined();
    expect(document.problems.map(formatProblem)).toEqual([line]);
  });

  test('what is right comes out with its defaults', () => {
    expect(checkShape(schema, read('list: [a]').document)).toEqual({ count: 1, on: true, list: ['a'] });
  });
});

test.each([
  ['timout', 'timeout'],
  ['time-out', 'timeout'],
  ['lsiten', 'listen'],
  ['Listen', 'listen'],
  ['zzz', undefined],
  ['ur', 'url'],
])('nearest to %s is %s', (name, expected) => {
  expect(nearest(name, ['timeout', 'listen', 'url'])).toBe(expected);
});

test.each([
  ['250ms', 250],
  ['15s', 15_000],
  ['2m', 120_000],
  ['1.5s', 1500],
  ['30d', 2_592_000_000],
  ['15', undefined],
  ['', undefined],
  ['-2m', undefined],
  ['2 minutes', undefined],
  ['0.0001ms', undefined],
  ['2constructor', undefined],
])('the duration %j is %s ms', (text, millis) => {
  expect(parseDuration(text)).toBe(millis);
});

test.each([
  ['512KiB', 524_288],
  ['10kB', 10_000],
  ['77', 77],
  ['1.5MiB', 1_572_864],
  ['1.3KiB', undefined],
  ['a lot', undefined],
])('the size %j is %s bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test('durations and sizes are written in the largest unit that is exact', () => {
  expect([formatDuration(900_000), formatDuration(1500), formatDuration(0)]).toEqual(['15m', '1500ms', '0ms']);
  expect([formatSize(524_288), formatSize(1000), formatSize(0)]).toEqual(['512KiB', '1000', '0']);
});
