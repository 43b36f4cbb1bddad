/** Proves that problems in YAML files are placed where the operator has to look, and that slips are recognised. */
import { describe, expect, test } from '@jest/globals';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../gateway/yaml/durations.ts';
import { nearest } from '../../gateway/yaml/nearest.ts';
import { formatPath, formatProblem, locateInside, parseYaml, problemAt } from '../../gateway/yaml/positions.ts';

const TEXT = `listen: 127.0.0.1:1
vasps:
  friendly.im:
    paths: ["/imps", 3]
    when: "user == 1"
`;

function parsed(text: string) {
  const result = parseYaml('gateway.yaml', text);
  if (result.kind !== 'parsed') throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.yaml;
}

describe('positions', () => {
  test.each([
    [['listen'], 'value', 'gateway.yaml:1:9: listen: bad'],
    [['listen'], 'key', 'gateway.yaml:1:1: listen: bad'],
    [['vasps', 'friendly.im', 'paths', 1], 'value', 'gateway.yaml:4:22: vasps."friendly.im".paths[1]: bad'],
    [['vasps', 'friendly.im', 'url'], 'key', 'gateway.yaml:3:3: vasps."friendly.im".url: bad'],
    [['vasps', 'friendly.im', 'paths', 7, 'x'], 'value', 'gateway.yaml:4:5: vasps."friendly.im".paths[7].x: bad'],
    [[], 'value', 'gateway.yaml:1:1: bad'],
  ] as const)('%j as %s', (path, what, line) => {
    expect(formatProblem(problemAt(parsed(TEXT), path, what, 'bad'))).toBe(line);
  });

  test('a place inside a quoted text counts the quote', () => {
    expect(locateInside(parsed(TEXT), ['vasps', 'friendly.im', 'when'], 5)).toEqual({ line: 5, column: 17 });
  });

  test.each([
    ['a: 1\na: 2\n', 'x.yaml:2:1: Map keys must be unique'],
    ['a: [1\n', 'x.yaml:2:1: '],
    ['a: *missing\n', 'x.yaml:1:1: Unresolved alias'],
  ])('broken YAML %j is a problem with a place', (text, start) => {
    const result = parseYaml('x.yaml', text);
    expect(result.kind === 'broken' && result.problems.map(formatProblem)[0]).toEqual(expect.stringContaining(start));
  });

  test('an empty file is an empty value', () => {
    expect(parsed('').value).toBeUndefined();
    expect(parsed('# only a comment\n').value).toBeUndefined();
  });

  test('paths read as in the file', () => {
    expect(formatPath(['clients', 0, 'client'])).toBe('clients[0].client');
    expect(formatPath([])).toBe('');
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
