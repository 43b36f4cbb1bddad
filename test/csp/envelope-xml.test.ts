import { describe, expect, test } from '@jest/globals';
import { type Envelope, type ScanOptions, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { DEFAULT_LIMITS } from '../../gateway/csp/limits.ts';
import { NAMESPACES } from '../../gateway/csp/versions.ts';
import {
  ACCEPTED,
  answer,
  DOCTYPE,
  ID,
  MODE,
  nested,
  primitive,
  REFUSED,
  SID,
  TYPE,
  transaction,
} from './cases-xml.ts';
import { CSP12, xml } from './envelope-samples.ts';

const scan = (text: string | Buffer, options?: ScanOptions): Envelope =>
  scanEnvelope(Buffer.from(text as string), 'xml', options);

function faultOf(text: string | Buffer, options?: ScanOptions): CspError {
  try {
    scan(text, options);
  } catch (error) {
    if (error instanceof CspError) return error;
    throw error;
  }
  throw new Error('the scan accepted the message');
}

describe('what the XML scan accepts', () => {
  test.each(ACCEPTED)('%s', (_name, text, found = {}) => {
    const envelope = scan(text);
    const first = envelope.transactions[0];
    const { sessionId = 's1', id = '7', ...others } = found;
    expect({ sessionId: envelope.sessionId, id: first?.id }).toEqual({ sessionId, id });
    expect({ version: envelope.version, mode: first?.mode, primitive: first?.primitive }).toMatchObject(others);
  });
});

describe('what the XML scan refuses', () => {
  test.each(REFUSED)('%s', (_name, text, code) => {
    const fault = faultOf(text);
    expect(fault.code).toBe(code);
    expect(fault.offset).toBeGreaterThanOrEqual(0);
    expect(fault.offset).toBeLessThanOrEqual(Buffer.from(text as string).length);
  });

  test('every truncation', () => {
    const whole = Buffer.from(xml({ before: DOCTYPE }));
    for (let length = 0; length < whole.length; length++)
      expect(() => scan(whole.subarray(0, length))).toThrow(CspError);
  });
});

describe('what is found', () => {
  const text = xml({
    transaction:
      transaction(MODE + ID, '<Logout-Request/>') + transaction(`<TransactionMode>Response</TransactionMode>`),
  });
  const slice = (range: { start: number; end: number } | undefined) =>
    range === undefined ? undefined : text.slice(range.start, range.end);

  test('ranges are those of whole elements', () => {
    const [first, second] = scan(text).transactions;
    expect(slice(first?.range)).toBe(transaction(MODE + ID, '<Logout-Request/>'));
    expect(slice(first?.idRange)).toBe(ID);
    expect(slice(first?.primitiveRange)).toBe('<Logout-Request/>');
    expect(second?.idRange).toBeUndefined();
    expect(slice(second?.primitiveRange)).toBe('<Polling-Request/>');
  });

  test('the place for Poll is after the last Transaction, in 1.1 inside its descriptor', () => {
    expect(text.slice(scan(text).pollInsertAt.start)).toBe('</Session></WV-CSP-Message>');
    const old = text.replace(CSP12, NAMESPACES['1.1'].csp);
    expect(old.slice(scan(old).pollInsertAt.start)).toMatch(/^<\/TransactionDescriptor><TransactionContent><Polling/);
  });

  test('Poll in either place', () => {
    const inSession = xml({ transaction: `${transaction(MODE)}<Poll>T</Poll><CIR>F</CIR>` });
    expect(scan(inSession).poll?.value).toBe(true);
    const inDescriptor = xml({ transactionDescriptor: `${MODE}${ID}<Poll>F</Poll>` });
    const poll = scan(inDescriptor).poll;
    expect(poll?.value).toBe(false);
    expect(inDescriptor.slice(poll?.range.start, poll?.range.end)).toBe('<Poll>F</Poll>');
    expect(scan(xml()).poll).toBeUndefined();
  });

  test.each([
    ['<Result><Code>200</Code></Result>', 200],
    ['<ClientID><URL>x</URL></ClientID><Result><Code>604</Code><Description>no</Description></Result>', 604],
    [
      '<Result><Description>x</Description><DetailedResult><Code>531</Code></DetailedResult><Code>201</Code></Result>',
      201,
    ],
    ['<Result><DetailedResult><Code>531</Code></DetailedResult></Result>', undefined],
    ['<Result><Code>&#50;00</Code></Result>', 200],
    ['<Result><Code>OK</Code></Result>', undefined],
    ['<Result/>', undefined],
    ['<Code>404</Code>', undefined],
    ['<X><Result><Code>404</Code></Result></X>', undefined],
  ])('the code of %s', (result, code) => {
    expect(scan(answer(result)).transactions[0]?.resultCode).toBe(code);
  });

  test('version discovery has no transactions', () => {
    const envelope = scan(
      '<WV-CSP-VersionDiscovery-Request><VersionList><SessionNSName>x</SessionNSName></VersionList></WV-CSP-VersionDiscovery-Request>',
    );
    expect(envelope).toMatchObject({
      kind: 'version-discovery',
      transactions: [],
      sessionType: 'Outband',
      version: '1.2',
    });
    expect(scan('<WV-CSP-VersionDiscovery-Response/>').kind).toBe('version-discovery');
  });

  test('an assumed version', () => {
    expect(scan(xml({ root: '' }), { assumedVersion: '1.1' }).version).toBe('1.1');
  });

  test('a plain Uint8Array is read like a Buffer', () => {
    expect(scanEnvelope(new TextEncoder().encode(xml()), 'xml').sessionId).toBe('s1');
  });

  test('limits are those that are given', () => {
    const limits = { ...DEFAULT_LIMITS, depth: 100, attributes: 200, nameBytes: 200 };
    const many = Array.from({ length: 150 }, (_, i) => ` a${i}="x"`).join('');
    expect(scan(xml({ root: many, content: nested(90) }), { limits }).sessionId).toBe('s1');
    expect(faultOf(xml({ root: `${many} a3=""` }), { limits }).code).toBe('NOT_WELL_FORMED');
  });
});

describe('a fault says what had been read', () => {
  test('everything up to a fault in the primitive', () => {
    expect(faultOf(primitive('<a>')).read).toEqual({
      version: '1.2',
      sessionType: 'Inband',
      sessionId: 's1',
      transactionMode: 'Request',
      transactionId: '7',
    });
  });

  test('the ids of a message in an unknown version', () => {
    const fault = faultOf(xml({ root: ' xmlns="urn:new"' }));
    expect(fault.read).toEqual({
      sessionType: 'Inband',
      sessionId: 's1',
      transactionMode: 'Request',
      transactionId: '7',
    });
  });

  test('an unknown version whose structure is another', () => {
    expect(faultOf(xml({ root: ' xmlns="urn:new"', content: '' })).code).toBe('UNKNOWN_VERSION');
    expect(faultOf(xml({ root: ' xmlns="urn:new"', content: '<a>' })).code).toBe('NOT_WELL_FORMED');
  });

  test('the first transaction when the fault is in the second', () => {
    const fault = faultOf(
      xml({ transaction: transaction(MODE + ID) + transaction('<TransactionID>8</TransactionID>') }),
    );
    expect(fault.read.transactionId).toBe('7');
  });

  test('nothing of the document in the message', () => {
    expect(faultOf(primitive('<Password>secret&oops;</Password>')).message).not.toMatch(/secret|oops/);
  });
});

describe('tolerant, for answers of VASPs [X5]', () => {
  const BARAZA = [
    "<?xml version='1.0'?>",
    '\t<!DOCTYPE IMPS-CSP "-//OMA//DTD WV-CSP 1.1//EN" ',
    '\t"http://www.openmobilealliance.org/DTD/WV-CSP.XML">',
    xml({
      before: '',
      descriptor: '<SessionType>\nInband\n</SessionType><SessionID>\ns1\n</SessionID>',
      transaction: `${transaction('<TransactionMode>\nResponse\n</TransactionMode><TransactionID>\n7\n</TransactionID>', '<Status><Result><Code>\n200\n</Code></Result></Status>')}<Poll>\nT\n</Poll>`,
    }),
  ].join('\n');

  test('what Baraza sends', () => {
    expect(scan(BARAZA, { tolerant: true })).toMatchObject({
      version: '1.2',
      sessionId: 's1',
      poll: { value: true },
      transactions: [{ mode: 'Response', id: '7', resultCode: 200 }],
    });
    expect(faultOf(BARAZA).code).toBe('NOT_WELL_FORMED');
  });

  test('the bare Code of InterVillage', () => {
    expect(scan(answer('<Code>604</Code>'), { tolerant: true }).transactions[0]?.resultCode).toBe(604);
    const both = answer('<Result><Code>200</Code></Result><Code>604</Code>');
    expect(scan(both, { tolerant: true }).transactions[0]?.resultCode).toBe(200);
  });

  test.each([
    ['an internal subset', xml({ before: '<!DOCTYPE a "b" [<!ENTITY c "d">]>' }), 'NOT_ALLOWED'],
    ['a DOCTYPE without end', xml({ before: '<!DOCTYPE a "b"' }), 'NOT_WELL_FORMED'],
    ['two SessionIDs', xml({ descriptor: TYPE + SID + SID }), 'NOT_CSP'],
    ['a line break inside an id', xml({ descriptor: `${TYPE}<SessionID>\ns\n1\n</SessionID>` }), 'NOT_CSP'],
    ['a missing end tag', xml().replace('</Session>', ''), 'NOT_WELL_FORMED'],
  ])('still refuses %s', (_name, text, code) => {
    expect(faultOf(text, { tolerant: true }).code).toBe(code);
  });

  test('a namespace of its own and a version by public id', () => {
    const text = xml({ root: '', before: DOCTYPE, descriptor: `${TYPE}<SessionID xmlns="urn:x">s1</SessionID>` });
    expect(scan(text, { tolerant: true })).toMatchObject({ version: '1.1', sessionId: 's1' });
  });
});

test('the tables are long enough, and refuse as much as they accept', () => {
  expect(ACCEPTED.length + REFUSED.length).toBeGreaterThanOrEqual(320);
  expect(REFUSED.length).toBeGreaterThanOrEqual(ACCEPTED.length);
});
