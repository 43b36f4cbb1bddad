/** What goes between nodes arrives whole, and what is no frame of this gateway's is dropped for a reason. */
import { describe, expect, test } from '@jest/globals';
import { type Frame, FrameTooLarge, openFrame, sealFrame } from '../../gateway/nodes/frames.ts';
import { HeardNumbers, SentNumbers } from '../../gateway/nodes/numbers.ts';
import { secretsOf } from './world.ts';

const secrets = secretsOf();
const frame = (message: unknown): Frame => ({ from: 'a', to: 'b', number: 7, message });

describe('frames', () => {
  test('carry maps, sets, bytes and what is missing', () => {
    const message = {
      map: new Map([['key', new Set([1, 2])]]),
      bytes: new Uint8Array([0, 200, 255]),
      nothing: undefined,
      when: new Date(7),
    };
    expect(openFrame(secrets, sealFrame(secrets, frame(message)))).toEqual({ kind: 'frame', frame: frame(message) });
  });

  test('of another gateway, and changed ones, are not opened', () => {
    const foreign = sealFrame(secretsOf('x'), frame('word'));
    expect(openFrame(secrets, foreign)).toEqual({ kind: 'dropped', reason: 'unsealed' });
    const changed = sealFrame(secrets, frame('word'));
    changed[20] = (changed[20] ?? 0) ^ 1;
    expect(openFrame(secrets, changed)).toEqual({ kind: 'dropped', reason: 'unsealed' });
    expect(openFrame(secrets, new Uint8Array(0))).toEqual({ kind: 'dropped', reason: 'unsealed' });
  });

  test('that hold something else are dropped, and what was sealed for another purpose', () => {
    for (const text of ['', 'not base64 of anything', Buffer.from([255, 15, 111, 123, 0]).toString('base64')])
      expect(openFrame(secrets, secrets.seal('nodes', text))).toEqual({ kind: 'dropped', reason: 'malformed' });
    expect(openFrame(secrets, secrets.seal('person', 'text'))).toEqual({ kind: 'dropped', reason: 'unsealed' });
  });

  test('have at most 16 MiB', () => {
    const most = 16 * 1024 * 1024;
    const large = sealFrame(secrets, frame(new Uint8Array(most - 100)));
    expect(openFrame(secrets, large).kind).toBe('frame');
    expect(() => sealFrame(secrets, frame(new Uint8Array(most)))).toThrow(FrameTooLarge);
    expect(openFrame(secrets, new Uint8Array(2 * most))).toEqual({ kind: 'dropped', reason: 'too-large' });
  });
});

describe('numbers', () => {
  test('show what was missed, and what comes again', () => {
    const sent = new SentNumbers();
    const heard = new HeardNumbers();
    expect([sent.last('b'), sent.next('b'), sent.next('b'), sent.next('c'), sent.last('b')]).toEqual([0, 1, 2, 1, 2]);
    expect([1, 2, 4, 4, 3, 5].map((number) => heard.hear('a', number, 1))).toEqual([
      ...['next', 'next', 'missed', 'repeated', 'repeated', 'next'],
    ]);
    expect(heard.hear('late', 2, 1)).toBe('missed');
    expect(heard.hear('all', 900, 900)).toBe('next');
  });

  test('tell of a loss after which nothing came', () => {
    const heard = new HeardNumbers();
    heard.hear('a', 1, 1);
    expect([heard.isBehind('a', 1), heard.isBehind('a', 3), heard.isBehind('a', 3)]).toEqual([false, true, false]);
    expect(heard.hear('a', 4, 1)).toBe('next');
  });
});
