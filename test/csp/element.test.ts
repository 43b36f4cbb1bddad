/** Proves that leaves are read as clients write them: blanks around the text, numbers that are none, Results without a code. */
import { describe, expect, test } from '@jest/globals';
import { childInteger, childTexts, element, inNamespace } from '../../gateway/csp/element.ts';
import { result, resultCode, status } from '../../gateway/csp/status.ts';

describe('reading leaves', () => {
  test.each([
    ['600', 600],
    ['\n600\n', 600],
    ['0', 0],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['0x10', undefined],
    ['12345678901', undefined],
  ])('%j as a number is %s', (text, expected) => {
    expect(childInteger(element('Login-Request', [element('TimeToLive', text)]), 'TimeToLive')).toBe(expected);
  });

  test('a leaf that is not there is no number', () => {
    expect(childInteger(element('Login-Request'), 'TimeToLive')).toBeUndefined();
    expect(childInteger(undefined, 'TimeToLive')).toBeUndefined();
  });

  test('all texts of one name, in order', () => {
    const list = element('IDList', [element('UserID', ' a '), element('Domain', 'x'), element('UserID', '\nb\n')]);
    expect(childTexts(list, 'UserID')).toEqual(['a', 'b']);
    expect(childTexts(undefined, 'UserID')).toEqual([]);
  });
});

test('a namespace is declared beside the attributes that stand there', () => {
  const original = { ...element('Session'), attributes: { id: '1' } };
  expect(inNamespace(original, 'urn:x').attributes).toEqual({ id: '1', xmlns: 'urn:x' });
  expect(original.attributes).toEqual({ id: '1' });
});

test('the code of an answer stands in its Result', () => {
  expect(resultCode(status(604))).toBe(604);
  expect(resultCode(element('Login-Response', [result(200), element('SessionID', 'x')]))).toBe(200);
  expect(resultCode(element('Status', [element('Result', [element('Description', 'odd')])]))).toBeUndefined();
  expect(resultCode(element('Polling-Request'))).toBeUndefined();
  expect(resultCode(undefined)).toBeUndefined();
});
