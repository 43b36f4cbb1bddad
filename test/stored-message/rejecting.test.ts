/** What a client hears that rejects messages of the gateway and of the VASP in one request. */
import { describe, expect, test } from '@jest/globals';
import { type Element, element } from '../../gateway/csp/element.ts';
import { result, status } from '../../gateway/csp/status.ts';
import type { CspVersion } from '../../gateway/csp/versions.ts';
import { rejectAnswer, rejectAnswerWith } from '../../gateway/stored-message/rejecting.ts';
import { lines } from '../csp/trees.ts';

function said(answer: Element | undefined): readonly string[] {
  if (answer === undefined) return ['as it was'];
  return lines(answer)
    .filter((line) => line.includes(': '))
    .map((line) => line.replace('/Status/Result/', '').replace('DetailedResult/', ' '));
}

const NONE = 'There is no such message.';

describe('messages of the gateway alone', () => {
  test.each<[done: readonly string[], unknown: readonly string[], version: CspVersion, told: readonly string[]]>([
    [['g1'], [], '1.1', ['Code: 200']],
    [['g1', 'g2'], [], '1.3', ['Code: 200']],
    [[], ['g1'], '1.2', ['Code: 426', `Description: ${NONE}`]],
    [[], ['g1', 'g2'], '1.2', ['Code: 426', `Description: ${NONE}`]],
    [
      ['g1'],
      ['g2', 'g3'],
      '1.2',
      ['Code: 201', ' Code: 426', ` Description: ${NONE}`, ' MessageID: g2', ' MessageID: g3'],
    ],
    [['g1'], ['g2', 'g3'], '1.1', ['Code: 201', ' Code: 426', ` Description: ${NONE} g2 g3`]],
  ])('%j gone, %j unknown, in %s', (done, unknown, version, told) => {
    expect(said(rejectAnswer({ done, unknown }, version))).toEqual(told);
  });
});

describe('messages of the VASP too', () => {
  const theirs = ['v1', 'v2'];
  const wrong = element('DetailedResult', [element('Code', 426), element('MessageID', 'v2')]);
  const partly = element('Status', [result(201, 'Partly', wrong)]);
  const all = element('Status', [result(900, 'None', wrong)]);
  const bare = element('Status', [element('Code', 501), element('Description', 'Not here')]);

  test.each<
    [done: readonly string[], unknown: readonly string[], answer: Element | undefined, told: readonly string[]]
  >([
    [['g1'], [], status(200), ['Code: 200']],
    [['g1'], [], status(202), ['Code: 200']],
    [[], ['g1'], status(200), ['Code: 201', ' Code: 426', ` Description: ${NONE}`, ' MessageID: g1']],
    [['g1'], [], partly, ['Code: 201', ' Code: 426', ' MessageID: v2']],
    [
      ['g1'],
      ['g2'],
      partly,
      ['Code: 201', ' Code: 426', ` Description: ${NONE}`, ' MessageID: g2', ' Code: 426', ' MessageID: v2'],
    ],
    [['g1'], [], element('Status', [result(201)]), ['Code: 201']],
    [
      ['g1'],
      [],
      status(426, 'Unknown'),
      ['Code: 201', ' Code: 426', ' Description: Unknown', ' MessageID: v1', ' MessageID: v2'],
    ],
    [[], ['g1'], status(426, 'Unknown'), ['Code: 426', `Description: ${NONE}`]],
    [
      [],
      ['g1'],
      status(501),
      [
        'Code: 900',
        ' Code: 426',
        ` Description: ${NONE}`,
        ' MessageID: g1',
        ' Code: 501',
        ' MessageID: v1',
        ' MessageID: v2',
      ],
    ],
    [
      [],
      ['g1'],
      all,
      ['Code: 900', ' Code: 426', ` Description: ${NONE}`, ' MessageID: g1', ' Code: 426', ' MessageID: v2'],
    ],
    [['g1'], [], bare, ['Code: 201', ' Code: 501', ' Description: Not here', ' MessageID: v1', ' MessageID: v2']],
    [['g1'], [], undefined, ['Code: 201', ' Code: 503', ' MessageID: v1', ' MessageID: v2']],
    [['g1'], [], status(604), ['as it was']],
  ])('%j gone, %j unknown, and the VASP says %j', (done, unknown, answer, told) => {
    expect(said(rejectAnswerWith({ done, unknown }, theirs, answer, '1.2'))).toEqual(told);
  });
});
