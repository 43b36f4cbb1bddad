import { describe, expect, test } from '@jest/globals';
import { formatProblem } from '../../gateway/policy/parse.ts';
import { type Judge, runPolicyTests, type TestReport } from '../../gateway/policy/test-run.ts';
import { plainJudge } from './judge.ts';
import { setOf } from './sample.ts';

const LEVELS =
  'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n  quiet: { grant: [PresenceFeat] }\n';
const CHARGE = `kind: off-line-service
id: fees
version: 2
purpose: advice-of-charge
message: { en: "Pay, {user}?", sv: "Betala, {user}?" }
options:
  - { id: pay, text: { en: Pay, sv: Betala }, grant: full }
  - { id: look, text: { en: Look, sv: Titta }, grant: quiet }
  - { id: leave, text: { en: Leave, sv: Gå }, deny: { en: "Bye, {user}.", sv: "Hej då." } }
verification: { inText: { en: Type GREEN, sv: Skriv GREEN }, key: green }
`;
const SET = setOf(LEVELS, CHARGE);

/** The report on one case, written as the lines after its name. */
const run = (lines: string, judge: Judge = plainJudge): TestReport => {
  const text = `kind: policy-tests\ncases:\n  - name: it\n    ${lines.trim().replaceAll('\n', '\n    ')}\n`;
  return runPolicyTests(SET, [{ path: 'it.test.yaml', text }], judge);
};

const found = ({ cases, problems }: TestReport): readonly string[] =>
  [...problems, ...cases.flatMap(({ differences }) => differences)].map(formatProblem);

describe('a case passes', () => {
  test.each([
    [
      'questions',
      'login: { user: a }\nexpect: { ask: [{ policy: fees, text: "Pay, a?", options: [Pay, Look, Leave] }] }',
    ],
    ['grant', 'login: { user: a }\nanswers: { fees: { option: look, key: " Green " } }\nexpect: { grant: quiet }'],
    ['meet', 'login: { user: a }\nanswers: { fees: { option: look, key: green } }\nexpect: { grant: [full, quiet] }'],
    [
      'deny',
      'login: { user: a, language: sv }\nanswers: { fees: { option: leave, key: green } }\nexpect: { deny: "Hej då." }',
    ],
    [
      'wrong word',
      'login: { user: a }\nanswers: { fees: { option: pay, key: red } }\nexpect: { ask: [{ policy: fees }] }',
    ],
    [
      'old version',
      'login: { user: a }\nremembered: [{ policy: fees, version: 1, option: pay }]\nexpect: { ask: [{ policy: fees }] }',
    ],
    [
      'remembered',
      'login: { user: a }\nremembered: [{ policy: fees, version: 2, option: look }]\nexpect: { grant: quiet }',
    ],
    ['no System Messages', 'login: { user: a, systemMessages: false }\nexpect: { deny: { code: 403 } }'],
    [
      'never',
      'login: { user: a }\nanswers: { fees: { never: true } }\nexpect: { deny: { code: 408 }, remembered: [] }',
    ],
  ])('%s', (_, lines) => {
    const report = run(lines);
    expect(found(report)).toEqual([]);
    expect([report.passed, report.failed]).toEqual([1, 0]);
  });
});

describe('a case fails, and says what came out instead', () => {
  test.each([
    [
      'login: { user: a }\nexpect: { grant: full }',
      'it.test.yaml:5:22: cases[0].expect.grant: expected a login, but asked was fees',
    ],
    [
      'login: { user: a }\nanswers: { fees: { option: pay, key: green } }\nexpect: { deny: "No" }',
      'it.test.yaml:6:21: cases[0].expect.deny: expected a denial, but the login went on',
    ],
    [
      'login: { user: a }\nanswers: { fees: { option: leave, key: green } }\nexpect: { deny: { code: 409, reason: "Bye, a." } }',
      'it.test.yaml:6:21: cases[0].expect.deny: the login was denied with 403 "Bye, a."',
    ],
    [
      'login: { user: a }\nexpect: { ask: [{ policy: fees, text: "Pay?", options: [Pay] }] }',
      'it.test.yaml:5:43: cases[0].expect.ask[0].text: the text was "Pay, a?"\nit.test.yaml:5:60: cases[0].expect.ask[0].options: the options were Pay, Look, Leave',
    ],
    [
      'login: { user: a }\nexpect: { ask: [] }',
      'it.test.yaml:5:20: cases[0].expect.ask: expected to be asked nothing, but asked was fees',
    ],
    [
      'login: { user: a }\nanswers: { fees: { option: pay, key: green } }\nexpect: { grant: full, remembered: [] }',
      'it.test.yaml:6:40: cases[0].expect.remembered: expected to be remembered nothing, but was fees',
    ],
    [
      'login: { user: a, csp: "1.1" }\nanswers: { fees: pay }\nexpect: { deny: { code: 403 } }',
      'it.test.yaml:5:16: cases[0].answers.fees: answers fees, which was not asked: denied with 403',
    ],
  ])('%#', (lines, expected) => {
    const report = run(lines);
    expect(found(report).join('\n')).toContain(expected);
    expect([report.passed, report.failed]).toEqual([0, 1]);
  });

  test('codes that are granted besides and codes that are not', () => {
    const judge: Judge = ({ set }) => ({
      kind: 'forward',
      granted: set.levels.get('quiet')?.set ?? set.defaultLevel.set,
      remembered: [],
      recorded: [],
      standings: [],
    });
    expect(found(run('login: { user: a }\nexpect: { grant: full }', judge)).join()).toMatch(
      /MF, GETSPI, .* not granted/,
    );
  });
});

describe('a test file that is wrong is no failed test', () => {
  test.each([
    [
      'answers: { feas: pay }\nexpect: { grant: full }',
      'cases[0].answers.feas: no policy has the id "feas"; did you mean "fees"?',
    ],
    [
      'answers: { fees: pai }\nexpect: { grant: full }',
      'cases[0].answers.fees: the policy fees has no option "pai"; did you mean "pay"?',
    ],
    ['expect: { grant: fulll }', 'cases[0].expect.grant: no level "fulll" is defined; did you mean "full"?'],
    ['expect: { ask: [{ policy: x }] }', 'cases[0].expect.ask[0].policy: no policy has the id "x"'],
    ['expect: {}', 'cases[0].expect: must say what comes out: at least one of ask, grant and deny'],
    ['expect: { grant: full, deny: "No" }', 'cases[0].expect.deny: stands beside grant; only one of them can come out'],
    ['expct: { grant: full }', 'cases[0].expct: unknown key "expct"; did you mean "expect"?'],
  ])('%#', (lines, expected) => {
    const report = run(`login: { user: a }\n${lines}`);
    expect(report.problems.map(formatProblem).join('\n')).toContain(expected);
    expect(report.cases).toEqual([]);
  });
});

describe('the record of decisions', () => {
  test('is told apart from what is remembered', () => {
    const set = setOf(LEVELS, CHARGE.replace('verification', 'ask: every-login\nverification'));
    const lines = 'login: { user: a }, answers: { fees: { option: pay, key: green } }, expect:';
    const text = `kind: policy-tests\ncases:\n  - { name: it, ${lines} { grant: full, remembered: [], recorded: [] } }\n`;
    const report = runPolicyTests(set, [{ path: 'it.test.yaml', text }], plainJudge);
    expect(found(report)).toEqual([
      'it.test.yaml:3:134: cases[0].expect.recorded: expected to be recorded nothing, but was fees',
    ]);
  });

  test('of a policy that keeps none is empty', () => {
    const set = setOf(LEVELS, CHARGE.replace('verification', 'record: none\nverification'));
    const lines = 'login: { user: a }, answers: { fees: { option: pay, key: green } }, expect:';
    const text = `kind: policy-tests\ncases:\n  - { name: it, ${lines} { grant: full, remembered: [fees], recorded: [] } }\n`;
    expect(found(runPolicyTests(set, [{ path: 'it.test.yaml', text }], plainJudge))).toEqual([]);
  });

  test('names policies that are there', () => {
    const report = run('login: { user: a }\nexpect: { ask: [], recorded: [feas] }');
    expect(report.problems.map(formatProblem)).toEqual([
      'it.test.yaml:5:35: cases[0].expect.recorded[0]: no policy has the id "feas"; did you mean "fees"?',
    ]);
  });
});

describe('rulings that no passing case came to are told', () => {
  const set = setOf(
    LEVELS,
    `${CHARGE}onTimeout: { deny: { en: Late, sv: Sent } }\nwithoutSystemMessages: { grant: quiet }\n`,
  );
  test.each([
    ['none', 'expect: { ask: [{ policy: fees }] }', ['fees/onTimeout', 'fees/withoutSystemMessages']],
    ['late', 'answers: { fees: { never: true } }\n    expect: { deny: Late }', ['fees/withoutSystemMessages']],
    ['cannot ask', 'expect: { grant: quiet }', ['fees/onTimeout']],
    [
      'failed',
      'answers: { fees: { never: true } }\n    expect: { deny: Soon }',
      ['fees/onTimeout', 'fees/withoutSystemMessages'],
    ],
  ])('%s', (name, lines, unreached) => {
    const login = name === 'cannot ask' ? '{ user: a, csp: "1.1" }' : '{ user: a }';
    const text = `kind: policy-tests\ncases:\n  - name: it\n    login: ${login}\n    ${lines}\n`;
    expect(runPolicyTests(set, [{ path: 'it.test.yaml', text }], plainJudge).unreached).toEqual(unreached);
  });

  test('built-in ones and those of observing policies do not count', () => {
    const observing = setOf(LEVELS, `${CHARGE}mode: observe\nonTimeout: { deny: { en: Late, sv: Sent } }\n`);
    const { untested, unreached } = runPolicyTests(observing, [], plainJudge);
    expect([untested, unreached]).toEqual([[], []]);
    expect(runPolicyTests(SET, [], plainJudge).unreached).toEqual([]);
  });
});

test('what no passing case chose is told', () => {
  const report = run('login: { user: a }\nanswers: { fees: { option: pay, key: green } }\nexpect: { grant: full }');
  expect(report.untested).toEqual(['fees/look', 'fees/leave']);
});
