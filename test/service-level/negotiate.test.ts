/** Proves what the VASP is asked for and what the client is told: the reference's own examples, in every version [X30]. */
import { describe, expect, test } from '@jest/globals';
import { type Element, element } from '../../gateway/csp/element.ts';
import { ServiceSet, serviceSetOf, spelledOutTree } from '../../gateway/csp/service-tree.ts';
import { CSP_VERSIONS, type CspVersion } from '../../gateway/csp/versions.ts';
import { narrowAnswer, narrowRequest, serviceResponse } from '../../gateway/service-level/negotiate.ts';
import { instantiate, parsePatterns } from '../transcripts/pattern.ts';

const grant = (names: string): ServiceSet =>
  names.split(' ').reduce((sum, name) => sum.join(serviceSetOf(name) ?? ServiceSet.NONE), ServiceSet.NONE);

/** `Im(Send(FWMSG)) Group` in the short writing of these tables: Feat and Func are left out, `*` is everything. */
function tree(short: string): Element {
  if (short === '*') return element('WVCSPFeat');
  const xml = short.replace(/(\w+)\(/g, '<$1>(').replace(/([A-Za-z]+)(?=[\s)]|$)/g, '<$1/>');
  let text = '';
  const open: string[] = [];
  for (const part of xml.match(/<\w+\/>|<\w+>|\(|\)/g) ?? []) {
    if (part === '(') continue;
    if (part === ')') text += `</${open.pop() ?? ''}>`;
    else {
      if (!part.endsWith('/>')) open.push(part.slice(1, -1));
      text += part;
    }
  }
  return element('WVCSPFeat', instantiate(parsePatterns(text), new Map()));
}

function request(wanted: string | undefined, all: boolean): Element {
  return element('Service-Request', [
    wanted === undefined ? undefined : element('Functions', [tree(wanted)]),
    element('AllFunctionsRequest', all),
  ]);
}

function answer(denied: string | undefined, all: string | undefined): Element {
  return element('Service-Response', [
    denied === undefined ? undefined : element('Functions', denied === '' ? [] : [tree(denied)]),
    all === undefined ? undefined : element('AllFunctions', [tree(all)]),
  ]);
}

const functions = (short: string): Element => element('Functions', [tree(short)]);

describe('what the VASP is asked for', () => {
  const P = 'PresenceFeat';
  test.each<[string, CspVersion, string | undefined, string, Element | string]>([
    ['everything, all granted', '1.2', '*', 'WVCSPFeat', 'untouched'],
    ['everything, presence granted', '1.2', '*', P, functions(P)],
    ['nothing said, presence granted', '1.2', undefined, P, functions(P)],
    ['nothing said, all granted: Functions are always sent', '1.2', undefined, 'WVCSPFeat', functions('*')],
    ['what is granted', '1.2', 'PresenceFeat(ContListFunc)', P, 'untouched'],
    ['nothing of what is granted', '1.2', 'GroupFeat', P, 'nothing'],
    [
      'a leaf of what is granted',
      '1.2',
      'PresenceFeat(ContListFunc(GCLI)) IMFeat',
      P,
      functions('PresenceFeat(ContListFunc(GCLI))'),
    ],
    ['a function in part', '1.2', 'IMFeat(IMSendFunc)', 'MDELIV', functions('IMFeat(IMSendFunc(MDELIV))')],
    ['attribute lists, which 1.3 has not', '1.3', 'PresenceFeat(AttListFunc)', P, 'untouched'],
    ['all features by name', '1.1', 'FundamentalFeat PresenceFeat IMFeat GroupFeat', P, functions(P)],
  ])('%s', (_name, version, wanted, granted, expected) => {
    expect(narrowRequest(request(wanted, false), grant(granted), version).functions).toEqual(expected);
  });
});

describe('what the client is told', () => {
  const LEVEL = 'GETSPI SRCH STSRC GCLI CCLI DCLI MCLS GETPR UPDPR MDELIV SETD NEWM GLBLU BLENT';
  const WANTED =
    'FundamentalFeat(ServiceFunc(GETSPI) SearchFunc(SRCH STSRC)) PresenceFeat(ContListFunc(GCLI CCLI DCLI MCLS) PresenceDeliverFunc(GETPR UPDPR)) IMFeat(IMSendFunc(MDELIV FWMSG) IMReceiveFunc(SETD NEWM) IMAuthFunc(GLBLU BLENT)) GroupFeat';
  const AVAILABLE = WANTED.replace(' FWMSG', '').replace(' GroupFeat', '');

  test.each(CSP_VERSIONS)('the example of the reference, CSP %s', (version) => {
    const narrowed = narrowRequest(request(WANTED, true), grant(LEVEL), version);
    const told = narrowAnswer(narrowed, answer(undefined, '*'), grant(LEVEL), version);
    expect(told).toEqual({
      functions: functions('IMFeat(IMSendFunc(FWMSG)) GroupFeat'),
      allFunctions: element('AllFunctions', [tree(AVAILABLE)]),
    });
  });

  test.each<[string, string | undefined, boolean, string, Element | undefined, string | undefined]>([
    ['nothing withheld, nothing denied', '*', false, 'WVCSPFeat', answer(undefined, undefined), 'untouched'],
    [
      'nothing withheld of what was wanted',
      'PresenceFeat',
      false,
      'PresenceFeat',
      answer('PresenceFeat(ContListFunc)', undefined),
      'untouched',
    ],
    ['groups withheld', '*', false, 'FundamentalFeat PresenceFeat IMFeat', answer(undefined, undefined), 'GroupFeat'],
    [
      'an empty Functions denies nothing',
      '*',
      false,
      'FundamentalFeat PresenceFeat IMFeat',
      answer('', undefined),
      'GroupFeat',
    ],
    ['the VASP denies everything', 'PresenceFeat IMFeat', false, 'PresenceFeat', answer('*', undefined), '*'],
    [
      'the VASP denies a part, the level another',
      'PresenceFeat IMFeat',
      false,
      'PresenceFeat',
      answer('PresenceFeat(ContListFunc(DCLI))', undefined),
      'PresenceFeat(ContListFunc(DCLI)) IMFeat',
    ],
    [
      'what was not wanted is not told as missing',
      'PresenceFeat(ContListFunc) GroupFeat',
      false,
      'PresenceFeat',
      answer(undefined, undefined),
      'GroupFeat',
    ],
    ['nothing was asked of the VASP', 'GroupFeat', false, 'PresenceFeat', undefined, '*'],
    [
      'a function wholly denied is one node',
      'IMFeat(IMSendFunc(FWMSG) IMReceiveFunc(NEWM))',
      false,
      'NEWM',
      answer(undefined, undefined),
      'IMFeat(IMSendFunc)',
    ],
  ])('%s', (_name, wanted, all, granted, said, expected) => {
    const narrowed = narrowRequest(request(wanted, all), grant(granted), '1.2');
    const told = narrowAnswer(narrowed, said, grant(granted), '1.2');
    if (expected === 'untouched') expect(told).toBeUndefined();
    else expect(told?.functions).toEqual(expected === undefined ? undefined : functions(expected));
  });

  test('AllFunctions is there whenever it was asked for, even with nothing in it', () => {
    const narrowed = narrowRequest(request('GroupFeat', true), ServiceSet.NONE, '1.2');
    expect(narrowAnswer(narrowed, undefined, ServiceSet.NONE, '1.2')?.allFunctions).toEqual(
      element('AllFunctions', []),
    );
  });

  test.each(CSP_VERSIONS)(
    'what a VASP spells out in CSP %s names no mandatory part, and has it all the same',
    (version) => {
      const narrowed = narrowRequest(request('PresenceFeat IMFeat', true), grant('PresenceFeat'), version);
      const spelled = spelledOutTree(grant('PresenceFeat IMFeat'), version);
      const said = element('Service-Response', [element('AllFunctions', spelled === undefined ? [] : [spelled])]);
      expect(narrowAnswer(narrowed, said, grant('PresenceFeat'), version)?.functions).toEqual(functions('IMFeat'));
    },
  );

  test('AllFunctions names only what both the VASP has and the level grants', () => {
    const narrowed = narrowRequest(request('IMFeat', true), grant('IMFeat'), '1.2');
    const said = answer(undefined, 'IMFeat(IMReceiveFunc(NEWM) IMAuthFunc) GroupFeat');
    expect(narrowAnswer(narrowed, said, grant('IMFeat'), '1.2')?.allFunctions).toEqual(
      element('AllFunctions', [tree('IMFeat(IMReceiveFunc(NEWM) IMAuthFunc(GLBLU BLENT))')]),
    );
  });

  test.each(CSP_VERSIONS)('a Service-Response in the shape of CSP %s', (version) => {
    const clientId = element('ClientID', [element('URL', 'http://client.example')]);
    const asked = element('Service-Request', [clientId, element('AllFunctionsRequest', false)]);
    const response = serviceResponse(asked, { functions: functions('*'), allFunctions: undefined }, version);
    expect(response.children.map(({ name }) => name)).toEqual(
      version === '1.1' ? ['ClientID', 'Functions'] : ['Functions'],
    );
  });
});
