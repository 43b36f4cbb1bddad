/** The gateway's messages in front of the VASP's, as a client reads the list. */
import { describe, expect, test } from '@jest/globals';
import { decodeDocument } from '../../gateway/csp/codec.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { STATUS, status } from '../../gateway/csp/status.ts';
import { CSP_VERSIONS } from '../../gateway/csp/versions.ts';
import { mergedMessageList } from '../../gateway/stored-message/message-list.ts';
import { lines } from '../csp/trees.ts';

function info(id: string): Element {
  return element('MessageInfo', [element('MessageID', id)]);
}

function xml(text: string): Element {
  return decodeDocument(Buffer.from(text), 'xml', '1.2');
}

/** The MessageIDs in order, and what else the list says. */
function shown(list: Element | undefined): readonly string[] {
  return list === undefined
    ? ['as it was']
    : lines(list)
        .filter((line) => line.includes(': '))
        .map((line) => line.replace('/GetMessageList-Response', ''));
}

const OURS = [info('g1'), info('g2')];
const plain = (...ids: readonly string[]): Element => element('GetMessageList-Response', ids.map(info));
const inList = (total: number | undefined, ...ids: readonly string[]): Element =>
  element('GetMessageList-Response', [
    element('MessageInfoList', ids.map(info)),
    total === undefined ? undefined : element('MessageTotalCount', total),
  ]);

describe('a list', () => {
  test.each(CSP_VERSIONS)('keeps the form in which the VASP answers a client of %s', (version) => {
    expect(mergedMessageList(plain('v1'), OURS, undefined, version)).toEqual(plain('g1', 'g2', 'v1'));
    expect(mergedMessageList(inList(undefined, 'v1'), OURS, undefined, version)).toEqual(
      inList(undefined, 'g1', 'g2', 'v1'),
    );
    expect(mergedMessageList(inList(7, 'v1'), OURS, undefined, version)).toEqual(inList(9, 'g1', 'g2', 'v1'));
    expect(mergedMessageList(inList(0), OURS, undefined, version)).toEqual(inList(2, 'g1', 'g2'));
  });

  test.each([
    [1, ['/MessageInfo/MessageID: g1']],
    [2, ['/MessageInfo/MessageID: g1', '/MessageInfo/MessageID: g2']],
    [3, ['/MessageInfo/MessageID: g1', '/MessageInfo/MessageID: g2', '/MessageInfo/MessageID: v1']],
  ])('has no more than the %i that the client wants', (most, ids) => {
    expect(shown(mergedMessageList(plain('v1', 'v2'), OURS, most, '1.1'))).toEqual(ids);
  });

  test('tells the number of all, however few the client wants', () => {
    expect(mergedMessageList(inList(5, 'v1'), OURS, 1, '1.3')).toEqual(inList(7, 'g1'));
  });

  test.each(['1.1', '1.2'] as const)('of a VASP that has none takes the form of %s', (version) => {
    expect(mergedMessageList(plain(), OURS, undefined, version)).toEqual(plain('g1', 'g2'));
  });

  test('of a VASP that has none takes the form of 1.3', () => {
    expect(mergedMessageList(plain(), OURS, 1, '1.3')).toEqual(inList(2, 'g1'));
    const counted = element('GetMessageList-Response', [element('MessageTotalCount', 3)]);
    expect(mergedMessageList(counted, OURS, undefined, '1.3')).toEqual(inList(5, 'g1', 'g2'));
  });

  test('counts in the words of a VASP that puts leaves between line feeds', () => {
    const answer = xml(
      '<GetMessageList-Response>\n<MessageInfoList>\n<MessageInfo>\n<MessageID>\nv1\n</MessageID>\n</MessageInfo>\n</MessageInfoList>\n' +
        '<MessageTotalCount>\n4\n</MessageTotalCount>\n</GetMessageList-Response>',
    );
    expect(shown(mergedMessageList(answer, OURS, undefined, '1.3'))).toEqual([
      '/MessageInfoList/MessageInfo/MessageID: g1',
      '/MessageInfoList/MessageInfo/MessageID: g2',
      '/MessageInfoList/MessageInfo/MessageID: \nv1\n',
      '/MessageTotalCount: 6',
    ]);
  });

  test.each([200, 400, 403, 404, 405, 501, 506])('is ours alone where the VASP says %i', (code) => {
    expect(mergedMessageList(status(code), OURS, undefined, '1.2')).toEqual(plain('g1', 'g2'));
  });

  test('is ours alone where the VASP says nothing but that it has none', () => {
    const bare = element('Status', [element('Code', STATUS.NOT_IMPLEMENTED)]);
    expect(mergedMessageList(bare, OURS, undefined, '1.3')).toEqual(inList(2, 'g1', 'g2'));
  });

  test.each([408, 500, 503, 504, 600, 601, 604])('stays what the VASP said where that is %i', (code) => {
    expect(mergedMessageList(status(code), OURS, undefined, '1.2')).toBeUndefined();
  });

  test('is not made up where there is no answer', () => {
    expect(mergedMessageList(undefined, OURS, undefined, '1.2')).toBeUndefined();
  });
});
