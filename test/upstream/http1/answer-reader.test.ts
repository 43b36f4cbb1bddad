import { describe, expect, test } from '@jest/globals';
import { AnswerReader } from '../../../gateway/upstream/http1/answer-reader.ts';
import type { Progress } from '../../../gateway/upstream/http1/chunked.ts';
import { MAX_BODY_BYTES, RAW_ANSWERS, type RawAnswer, type Whole } from './answers.ts';

/** Feeds the pieces as sockets do, out of one buffer that is overwritten; what comes behind the end is not read. */
function read(reader: AnswerReader, pieces: readonly Buffer[], closes: boolean): Progress {
  const shared = Buffer.alloc(Math.max(1, ...pieces.map(({ length }) => length)));
  for (const piece of pieces) {
    shared.fill('?');
    piece.copy(shared);
    const progress = reader.read(shared, piece.length);
    shared.fill('!');
    if (progress !== 'more') return progress;
  }
  return closes ? reader.ended() : 'more';
}

function found(reader: AnswerReader, progress: Progress): Required<Whole> | Progress {
  const { head } = reader;
  if (progress !== 'whole' || head === undefined) return progress;
  return {
    statusCode: head.statusCode,
    body: reader.body.toString('latin1'),
    headers: head.headers,
    isKept: head.isKept,
    keepAliveSeconds: head.keepAliveSeconds ?? -1,
    hasExcess: reader.hasExcess,
  };
}

function expected({ comesTo }: RawAnswer): unknown {
  if (typeof comesTo === 'string') return comesTo;
  const { headers = expect.any(Array), isKept = true, keepAliveSeconds = -1, hasExcess = false } = comesTo;
  return { ...comesTo, headers, isKept, keepAliveSeconds, hasExcess };
}

/** Every way to cut in two, and byte by byte; long ones at a few places. */
function cuts(raw: Buffer): readonly (readonly Buffer[])[] {
  const step = Math.max(1, Math.floor(raw.length / 300));
  const halves: Buffer[][] = [];
  for (let at = 1; at < raw.length; at += step) halves.push([raw.subarray(0, at), raw.subarray(at)]);
  const bytes = Array.from(raw, (_, at) => raw.subarray(at, at + 1));
  return [...halves, bytes];
}

/** Where a cut falls behind the answer, the bytes there have not come when it ends. */
function withoutExcess(result: unknown): unknown {
  return typeof result === 'object' ? { ...result, hasExcess: expect.any(Boolean) } : result;
}

describe('an answer', () => {
  const reader = new AnswerReader(MAX_BODY_BYTES);

  test.each(RAW_ANSWERS.map((answer) => [answer.name, answer] as const))('%s', (_name, answer) => {
    const raw = Buffer.from(answer.raw, 'latin1');
    const closes = answer.closes === true;
    reader.begin();
    expect(found(reader, read(reader, raw.length === 0 ? [] : [raw], closes))).toEqual(expected(answer));
    for (const pieces of cuts(raw)) {
      reader.begin();
      const result = found(reader, read(reader, pieces, closes));
      expect([pieces.map(({ length }) => length), result]).toEqual([
        expect.any(Array),
        withoutExcess(expected(answer)),
      ]);
    }
  });

  test('is not reached by what was read before it', () => {
    for (const answer of RAW_ANSWERS) {
      reader.begin();
      if (answer.raw !== '') read(reader, [Buffer.from(answer.raw, 'latin1')], false);
      reader.begin();
      expect(reader.head).toBeUndefined();
      const progress = read(reader, [Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')], false);
      expect(found(reader, progress)).toMatchObject({ statusCode: 200, body: 'ok', hasExcess: false });
    }
  });

  test('of a large body takes memory as it comes, not as it is announced', () => {
    const patient = new AnswerReader(2 ** 40);
    patient.begin();
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 100; count += 1) {
      patient.begin();
      expect(read(patient, [Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 39}\r\n\r\nx`)], false)).toBe(
        'more',
      );
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});
