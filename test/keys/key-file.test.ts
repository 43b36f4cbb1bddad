/** What a secret file says of its keys is kept through every change of it, and the hash key through every rotation. */
import { describe, expect, test } from '@jest/globals';
import { type KeyFile, keyFileText, keySetOf, keySetText, readKeyFile } from '../../gateway/keys/key-file.ts';
import { fingerprintOf, KeyRing } from '../../gateway/keys/ring.ts';
import {
  answerableMillis,
  droppableFrom,
  nextStep,
  type Obstacle,
  obstaclesTo,
  type Situation,
  stepped,
} from '../../gateway/keys/rotation.ts';
import { parsePolicySet } from '../../gateway/policy/parse.ts';
import { chargePolicy, LEVELS } from '../main/running.ts';

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const C = 'c'.repeat(32);
const NOON = Date.parse('2026-01-01T12:00:00.000Z');

function read(text: string): KeyFile {
  const result = readKeyFile(text);
  if (result.kind === 'wrong') throw new Error(result.problem);
  return result.file;
}

test('a whole rotation, as the file tells it: comments of others and the hash key stay', () => {
  const first = read(`# of the operator\n${A}\n`);
  expect(nextStep(first)).toBe('accept');
  const accepted = keyFileText(stepped(first, 'accept', B, NOON));
  expect(accepted).toBe(`# of the operator\n${A}\n# accepted since 2026-01-01T12:00:00.000Z\n${B}\nhash:${A}\n`);
  expect(nextStep(read(accepted))).toBe('switch');
  const switched = keyFileText(stepped(read(accepted), 'switch', C, NOON));
  expect(switched).toBe(
    `# of the operator\n# signs since 2026-01-01T12:00:00.000Z\n${B}\n# signed until 2026-01-01T12:00:00.000Z\n${A}\nhash:${A}\n`,
  );
  expect(nextStep(read(switched))).toBe('drop');
  const dropped = keyFileText(stepped(read(switched), 'drop', C, NOON));
  expect(dropped).toBe(`# of the operator\n# signs since 2026-01-01T12:00:00.000Z\n${B}\nhash:${A}\n`);
  expect(keySetOf(read(dropped))).toEqual({ signing: [B], hash: A });
  expect(nextStep(read(dropped))).toBe('accept');
});

test('a key that was put on top by hand signs, and the one below is old', () => {
  const file = read(`${B}\n${A}\nhash:${C}`);
  expect(nextStep(file)).toBe('drop');
  expect(droppableFrom(file, { processes: [], waitMillis: 5, changedAt: NOON, now: NOON })).toBe(NOON + 5);
  expect(nextStep(read(`# accepted since 2026-01-01T12:00:00.000Z\n${B}\n${A}\nhash:${C}`))).toBe('drop');
});

test('the same key twice is one, and keys come whole to another process', () => {
  expect(keySetOf(read(`${A} ${A},${B}`))).toEqual({ signing: [A, B], hash: B });
  expect(keySetOf(read(keySetText({ signing: [A, B], hash: C })))).toEqual({ signing: [A, B], hash: C });
});

describe('what stands in the way', () => {
  const [a, b, c] = [fingerprintOf(A), fingerprintOf(B), fingerprintOf(C)];
  const one = read(`${A}\nhash:${C}`);
  const two = stepped(one, 'accept', B, NOON);
  const three = stepped(two, 'switch', C, NOON);
  const ran = (...keys: readonly (readonly string[])[]) =>
    keys.map((of, process) => ({ node: 'n', process, keys: of, since: NOON + process }));
  const kinds = (file: KeyFile, processes: Situation['processes'], more: Partial<Situation> = {}) =>
    obstaclesTo(file, { processes, waitMillis: 1_000, changedAt: NOON, now: NOON + 10_000, ...more }).map(told);
  const told = (obstacle: Obstacle): string =>
    'processes' in obstacle
      ? `${obstacle.kind} ${obstacle.processes.map(({ process }) => process).join(' ')}`
      : 'until' in obstacle
        ? `${obstacle.kind} ${obstacle.until - NOON}`
        : obstacle.kind;

  test('of a new key: somebody who has one already, and nobody else', () => {
    expect(kinds(one, ran([a], []))).toEqual([]);
    expect(kinds(one, ran([a], [a, b], [c]))).toEqual(['other-keys 1 2']);
  });

  test('of signing with it: whoever does not accept it or does not answer', () => {
    expect(kinds(two, ran([a, b], [a, b]))).toEqual([]);
    expect(kinds(two, ran([a, b], [a], []))).toEqual(['not-accepted 1 2']);
    expect(kinds(two, ran([a, b], [a, c]))).toEqual(['other-keys 1']);
    expect(kinds(two, [])).toEqual([]);
  });

  test('of dropping the old one: whoever signs with it, and the time since the last one came to sign with the new', () => {
    expect(kinds(three, ran([b, a], [b, a]))).toEqual([]);
    expect(kinds(three, ran([b, a], [a, b], []))).toEqual(['not-signing 1 2']);
    expect(kinds(three, ran([b, a], [b, a]), { now: NOON + 1_000 })).toEqual(['too-early 1001']);
    expect(kinds(three, ran([b, a], [b, a]), { now: NOON + 1_001 })).toEqual([]);
    expect(kinds(three, [], { now: NOON + 999 })).toEqual(['too-early 1000']);
    expect(kinds(three, [], { waitMillis: undefined })).toEqual(['policies-wrong']);
  });

  test('the time is three time-outs of the longest question', () => {
    const sets = [
      { path: 'levels.yaml', text: LEVELS },
      { path: 'aoc.yaml', text: chargePolicy('{ grant: full }') },
    ];
    const parsed = parsePolicySet(sets, { hash: (text) => String(text.length) });
    if (parsed.kind !== 'valid') throw new Error('invalid');
    expect(answerableMillis([parsed.set])).toBe(3 * 120_000);
    expect(answerableMillis([])).toBe(0);
  });
});

describe('keys in use', () => {
  const DATA = Buffer.from('what is signed');

  test('are swapped under whoever holds them; another hash key changes nothing', () => {
    const ring = new KeyRing({ signing: [A], hash: C }, NOON);
    const before = { hash: ring.keyedHash('user', 'x'), signature: ring.sign(DATA), sealed: ring.seal('p', 'text') };
    expect(ring.adopt({ signing: [A, B], hash: C }, NOON + 1)).toBe('adopted');
    expect([ring.since(), ring.sign(DATA)]).toEqual([NOON, before.signature]);
    expect(ring.adopt({ signing: [B, A], hash: C }, NOON + 2)).toBe('adopted');
    expect([ring.since(), ring.fingerprints()]).toEqual([NOON + 2, [fingerprintOf(B), fingerprintOf(A)]]);
    expect(ring.sign(DATA)).not.toEqual(before.signature);
    expect([ring.verify(DATA, before.signature), ring.unseal('p', before.sealed)]).toEqual([true, 'text']);
    expect(ring.adopt({ signing: [B], hash: A }, NOON + 3)).toBe('other-hash-key');
    expect(ring.adopt({ signing: [B, A], hash: C }, NOON + 3)).toBe('unchanged');
    expect(ring.adopt({ signing: [B], hash: C }, NOON + 3)).toBe('adopted');
    expect([ring.verify(DATA, before.signature), ring.unseal('p', before.sealed)]).toEqual([false, undefined]);
    expect([ring.keyedHash('user', 'x'), ring.since()]).toEqual([before.hash, NOON + 2]);
  });

  test('a fingerprint is eight characters, and none of the key', () => {
    expect(fingerprintOf(A)).toMatch(/^[0-9a-f]{8}$/);
    expect(A).not.toContain(fingerprintOf(A));
    expect(fingerprintOf(A)).not.toBe(fingerprintOf(B));
  });
});
