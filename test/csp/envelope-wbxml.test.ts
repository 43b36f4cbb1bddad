import { describe, expect, test } from '@jest/globals';
import { type Envelope, type ScanOptions, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { DEFAULT_LIMITS } from '../../gateway/csp/limits.ts';
import {
  ACCEPTED,
  ID,
  MODE,
  primitive,
  REFUSED,
  ROOT_11,
  SID,
  session,
  status,
  TYPE,
  transaction,
} from './cases-wbxml.ts';
import { hex, wbxml } from './envelope-samples.ts';

const scan = (bytes: Uint8Array, options?: ScanOptions): Envelope => scanEnvelope(bytes, 'wbxml', options);

function faultOf(bytes: Uint8Array, options?: ScanOptions): CspError {
  try {
    scan(bytes, options);
  } catch (error) {
    if (error instanceof CspError) return error;
    throw error;
  }
  throw new Error('the scan accepted the message');
}

describe('what the WBXML scan accepts', () => {
  test.each(ACCEPTED)('%s', (_name, bytes, found = {}) => {
    const envelope = scan(bytes);
    const first = envelope.transactions[0];
    const flat = {
      ...first,
      sessionId: envelope.sessionId,
      version: envelope.version,
      sessionType: envelope.sessionType,
    };
    if (!('sessionId' in found) && envelope.sessionType === 'Inband') expect(flat.sessionId).toBe('s1');
    if (!('id' in found)) expect(flat.id).toBe('7');
    expect(flat).toMatchObject(found);
  });
});

describe('what the WBXML scan refuses', () => {
  test.each(REFUSED)('%s', (_name, bytes, code) => {
    const fault = faultOf(bytes);
    expect(fault.code).toBe(code);
    expect(fault.offset).toBeLessThanOrEqual(bytes.length);
  });

  test('every truncation', () => {
    const whole = wbxml();
    for (let length = 0; length < whole.length; length++)
      expect(() => scan(whole.subarray(0, length))).toThrow(CspError);
  });
});

describe('what is found', () => {
  test('ranges and the pages in force', () => {
    const bytes = session(`6E ${TYPE} ${SID} 01 ${transaction(`${MODE} ${ID}`)} ${transaction(MODE, '00 06 17')}`);
    const [first, second] = scan(bytes).transactions;
    const at = (range: { start: number; end: number } | undefined) => bytes.subarray(range?.start, range?.end);
    expect(at(first?.idRange)).toEqual(hex(ID));
    expect(at(first?.primitiveRange)).toEqual(hex('22'));
    expect(first?.primitiveRange).toMatchObject({ pageAtStart: 1, pageAtEnd: 1 });
    expect(first?.range).toMatchObject({ pageAtStart: 0, pageAtEnd: 1 });
    expect(at(first?.range)).toEqual(hex(`72 74 ${MODE} ${ID} 01 73 00 01 22 01 01`));
    expect(second?.range).toMatchObject({ pageAtStart: 0, pageAtEnd: 6 });
    expect(scan(bytes).pollInsertAt).toMatchObject({ start: second?.range.end, pageAtStart: 6, pageAtEnd: 6 });
  });

  test('Poll in the Session and in the descriptor', () => {
    expect(scan(session(`6E ${TYPE} ${SID} 01 ${transaction(MODE)} 61 80 2C 01`)).poll?.value).toBe(true);
    const old = wbxml({ root: ROOT_11, transactionDescriptor: `${MODE} 61 80 0B 01` });
    const envelope = scan(old);
    expect(envelope.poll?.value).toBe(false);
    expect(envelope.pollInsertAt.start).toBe(envelope.poll?.range.end);
  });

  test.each([
    ['6A 4B C3 01 C8 01 01', 200],
    ['6A 4B C3 02 02 5C 01 01', 604],
    ["6A 4B 03 '201' 00 01 01", 201],
    ["6A 4B 02 32 03 '01' 00 01 01", 201],
    ['6A 53 4B C3 02 02 13 01 01 4B C3 01 C8 01 01', 200],
    ['6A 0B 01', undefined],
    ["6A 4B 03 'no' 00 01 01", undefined],
    ['4B C3 01 C8 01', undefined],
  ])('the code of %s', (result, code) => {
    expect(scan(status(result)).transactions[0]?.resultCode).toBe(code);
  });

  test('version discovery', () => {
    expect(scan(hex('03 11 6A 00 00 0A 45 07 01'))).toMatchObject({ kind: 'version-discovery', transactions: [] });
    expect(scan(hex('03 12 6A 00 00 0A 06')).version).toBe('1.3');
    expect(faultOf(hex('03 10 6A 00 00 0A 05')).code).toBe('UNKNOWN_TOKEN');
  });

  test('limits are those that are given', () => {
    const deep = primitive(`${'5B '.repeat(80)} 22 ${'01 '.repeat(80)}`);
    expect(scan(deep, { limits: { ...DEFAULT_LIMITS, depth: 100 } }).sessionId).toBe('s1');
    expect(faultOf(wbxml(), { limits: { ...DEFAULT_LIMITS, bodyBytes: 10 } }).code).toBe('OVER_LIMIT');
  });
});

describe('a fault says what had been read', () => {
  test('everything up to an unknown token', () => {
    expect(faultOf(primitive('00 09 2B')).read).toEqual({
      version: '1.2',
      sessionType: 'Inband',
      sessionId: 's1',
      transactionMode: 'Request',
      transactionId: '7',
    });
  });

  test('the ids of a message in an unknown version', () => {
    const read = { sessionType: 'Inband', sessionId: 's1', transactionMode: 'Request', transactionId: '7' };
    expect(faultOf(wbxml({ root: "C9 0B 03 '1.4' 00 01" })).read).toEqual(read);
    const strange = faultOf(wbxml({ root: "C9 0B 03 '1.4' 00 01", content: '00 08 3F' }));
    expect(strange.code).toBe('UNKNOWN_VERSION');
    expect(strange.read).toEqual(read);
  });
});

describe('tolerant, for answers of VASPs [X5]', () => {
  const tolerant = { tolerant: true };

  test('leaves are trimmed', () => {
    const bytes = wbxml({ descriptor: "70 03 0A 'Inband' 0A 00 01 6F 03 0A 's1' 0A 00 01" });
    expect(scan(bytes, tolerant)).toMatchObject({ sessionType: 'Inband', sessionId: 's1' });
    expect(faultOf(bytes).code).toBe('NOT_CSP');
  });

  test('tokens of other versions are understood', () => {
    expect(scan(primitive('00 09 2B'), tolerant).sessionId).toBe('s1');
    expect(faultOf(primitive('00 08 3F'), tolerant).code).toBe('UNKNOWN_TOKEN');
  });

  test('the bare Code of InterVillage', () => {
    expect(scan(status('4B C3 02 02 5C 01'), tolerant).transactions[0]?.resultCode).toBe(604);
  });
});

test('the tables are long enough, and refuse as much as they accept', () => {
  expect(ACCEPTED.length + REFUSED.length).toBeGreaterThanOrEqual(250);
  expect(REFUSED.length).toBeGreaterThanOrEqual(ACCEPTED.length);
});
