/** Proves that keys are made, read and rotated without losing a hash, and that only live keys verify. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Secrets } from '../gateway/ports.ts';
import { openSecrets } from '../gateway/secrets.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sapgw-secrets-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const C = 'c'.repeat(32);
const DATA = Buffer.from('what is signed');

function keys(text: string): Secrets {
  const result = openSecrets({ kind: 'keys', text });
  if (result.kind === 'failed') throw new Error(result.problem);
  return result.secrets;
}

describe('the file', () => {
  test('is made for its owner alone, and read again', () => {
    const path = join(directory, 'new');
    const first = openSecrets({ kind: 'file', path });
    const second = openSecrets({ kind: 'file', path });
    if (first.kind === 'failed' || second.kind === 'failed') throw new Error('not ready');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(/^#.*\n#.*\n[0-9a-f]{64}\nhash:[0-9a-f]{64}\n$/);
    expect(readdirSync(directory)).toEqual(['new']);
    expect(first.secrets.keyedHash('user', 'x')).toBe(second.secrets.keyedHash('user', 'x'));
    expect(second.secrets.verify(DATA, first.secrets.sign(DATA))).toBe(true);
    expect(first.warnings).toEqual([]);
  });

  test('that others may read is warned about', () => {
    const path = join(directory, 'open');
    writeFileSync(path, `${A}\n`);
    chmodSync(path, 0o644);
    expect(openSecrets({ kind: 'file', path })).toMatchObject({ warnings: [expect.stringContaining('chmod 600')] });
  });

  test('that cannot be made is a problem with its path', () => {
    const path = join(directory, 'no', 'such', 'directory');
    expect(openSecrets({ kind: 'file', path })).toEqual({
      kind: 'failed',
      problem: `${path}: cannot be read or made: ENOENT`,
    });
  });
});

test.each([
  ['', 'holds no signing key'],
  [`hash:${A}`, 'holds no signing key'],
  ['short', 'fewer than 32 characters'],
  [`${A} hash:short`, 'fewer than 32 characters'],
  [`${A},${B},${C}`, '3 signing keys'],
  [`${A} hash:${B} hash:${C}`, 'more than one hash: key'],
])('the keys %j are refused, and not repeated', (text, problem) => {
  const result = openSecrets({ kind: 'keys', text });
  expect(result).toEqual({ kind: 'failed', problem: expect.stringContaining(problem) });
  expect(JSON.stringify(result)).not.toContain(A);
});

describe('signatures', () => {
  test('the first key signs, two verify, an older one no longer', () => {
    const signature = keys(A).sign(DATA);
    expect(signature).toHaveLength(32);
    expect(keys(`${B} ${A}`).verify(DATA, signature)).toBe(true);
    expect(keys(`${B} ${A}`).sign(DATA)).toEqual(keys(B).sign(DATA));
    expect(keys(`${C} ${B}`).verify(DATA, signature)).toBe(false);
  });

  test('a prefix verifies, a short one, a changed one and other data do not', () => {
    const secrets = keys(A);
    const signature = secrets.sign(DATA);
    const changed = Buffer.from(signature.subarray(0, 12));
    changed[11] = (changed[11] ?? 0) ^ 1;
    expect(secrets.verify(DATA, signature.subarray(0, 12))).toBe(true);
    expect(secrets.verify(DATA, signature.subarray(0, 9))).toBe(false);
    expect(secrets.verify(DATA, new Uint8Array())).toBe(false);
    expect(secrets.verify(DATA, Buffer.concat([signature, signature]))).toBe(false);
    expect(secrets.verify(DATA, changed)).toBe(false);
    expect(secrets.verify(Buffer.from('other'), signature)).toBe(false);
  });
});

describe('keyed hashes', () => {
  test('are 22 characters that hold 16 whole bytes', () => {
    for (let index = 0; index < 200; index++) {
      const hash = keys(A).keyedHash('user', String(index));
      expect(hash).toMatch(/^[A-Za-z0-9_-]{22}$/);
      expect(Buffer.from(hash, 'base64url').toString('base64url')).toBe(hash);
    }
  });

  test('differ by key, purpose, and where one part ends', () => {
    const hashes = [
      keys(A).keyedHash('user', 'ab', 'c'),
      keys(A).keyedHash('user', 'a', 'bc'),
      keys(A).keyedHash('user', 'abc'),
      keys(A).keyedHash('client', 'ab', 'c'),
      keys(A).keyedHash('user', 'ab', 'c', ''),
      keys(B).keyedHash('user', 'ab', 'c'),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('stay the same through a rotation', () => {
    const before = keys(A).keyedHash('user', 'x');
    expect(keys(`${B} ${A}`).keyedHash('user', 'x')).toBe(before);
    expect(keys(`${B} hash:${A}`).keyedHash('user', 'x')).toBe(before);
    expect(keys(`${C},${B},hash:${A}`).keyedHash('user', 'x')).toBe(before);
    expect(keys(B).keyedHash('user', 'x')).not.toBe(before);
  });
});

describe('seals', () => {
  const TEXT = '["wv:jürgen@im.example","client 🎈",null]';
  const sealed = keys(A).seal('person', TEXT);

  test('are opened again, are another one every time, and cost 30 bytes', () => {
    expect(keys(A).unseal('person', sealed)).toBe(TEXT);
    expect(keys(A).unseal('person', keys(A).seal('person', ''))).toBe('');
    expect(sealed).toHaveLength(Buffer.byteLength(TEXT) + 30);
    expect(Buffer.from(sealed).equals(keys(A).seal('person', TEXT))).toBe(false);
    expect(Buffer.from(sealed).includes('im.example')).toBe(false);
  });

  test('the first key seals, two open, an older one no longer; the hash key opens nothing', () => {
    expect(keys(`${B} ${A}`).unseal('person', sealed)).toBe(TEXT);
    expect(keys(B).unseal('person', keys(`${B} ${A}`).seal('person', TEXT))).toBe(TEXT);
    expect(keys(`${C} ${B}`).unseal('person', sealed)).toBeUndefined();
    expect(keys(`${B} hash:${A}`).unseal('person', sealed)).toBeUndefined();
  });

  test('keys are told apart although they have the same mark', () => {
    const [mark] = [keys(A).seal('', '')[1]];
    const like = (number: number): string =>
      `another key with the same mark ${number}`.padEnd(40, '.').replaceAll(' ', '-');
    const same = Array.from({ length: 5_000 }, (_, number) => like(number)).find(
      (key) => keys(key).seal('', '')[1] === mark,
    );
    if (same === undefined) throw new Error('no such key among 5,000');
    expect(keys(`${same} ${A}`).unseal('person', sealed)).toBe(TEXT);
    expect(keys(same).unseal('person', sealed)).toBeUndefined();
    expect(keys(`${same} ${A}`).isSealedByCurrent('person', sealed)).toBe(false);
    expect(keys(`${A} ${same}`).isSealedByCurrent('person', sealed)).toBe(true);
  });

  test('are told apart by whether the key that seals now has made them', () => {
    expect(keys(A).isSealedByCurrent('person', sealed)).toBe(true);
    expect(keys(`${A} ${B}`).isSealedByCurrent('person', sealed)).toBe(true);
    expect(keys(`${B} ${A}`).isSealedByCurrent('person', sealed)).toBe(false);
    expect(keys(`${B} hash:${A}`).isSealedByCurrent('person', sealed)).toBe(false);
    expect(keys(`${B} ${A}`).isSealedByCurrent('person', keys(B).seal('person', TEXT))).toBe(true);
    for (const bytes of [new Uint8Array(0), sealed.subarray(0, 29), Uint8Array.from(sealed).fill(2, 0, 1)]) {
      expect(keys(A).isSealedByCurrent('person', bytes)).toBe(false);
    }
  });

  test('are worth nothing for another purpose, changed anywhere, cut anywhere, or longer', () => {
    const secrets = keys(`${A} ${B}`);
    expect(secrets.unseal('message', sealed)).toBeUndefined();
    expect(secrets.unseal('', sealed)).toBeUndefined();
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([bit, secrets.unseal('person', changed)]).toEqual([bit, undefined]);
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect([length, secrets.unseal('person', sealed.subarray(0, length))]).toEqual([length, undefined]);
    }
    expect(secrets.unseal('person', Buffer.concat([sealed, Buffer.of(0)]))).toBeUndefined();
  });
});
