import { describe, expect, test } from '@jest/globals';
import { formatProblem } from '../../gateway/policy/parse.ts';
import { runPolicyTests, type TestReport } from '../../gateway/policy/test-run.ts';
import { plainJudge } from './judge.ts';
import { MINIMAL, setOf } from './sample.ts';

const LEVELS =
  'kind: service-levels\ndefault: full\nlevels:\n  full: { grant: [WVCSPFeat] }\n  quiet: { grant: [PresenceFeat] }\n';
const ADDED = `kind: on-line-service
id: added
version: 1
category: notification
trigger: { on: added-to-contact-list }
applies: { users: ["*@sandbox"] }
message: { en: "{otherUser} added {user}.", sv: "{otherUser} lade till {user}." }
options:
  - id: add
    text: { en: Add, sv: Ja }
    do: [ { addToContactList: "{otherUser}" }, { authorizePresence: "{otherUser}" }, { grant: quiet } ]
  - { id: no, text: { en: No, sv: Nej } }
onTimeout: { grant: quiet }
`;
const HELP = `kind: on-line-service
id: help
version: 1
category: help
trigger: { on: presence-exposed }
message: { en: "People see where you are." }
`;
const NOTE = HELP.replaceAll('help', 'notification')
  .replace('id: notification', 'id: note')
  .replace('presence-exposed', 'operator');
const TERMS = HELP.replace('id: help', 'id: terms')
  .replace('category: help', 'category: terms')
  .replace('presence-exposed', 'first-login');
const SET = setOf(LEVELS, ADDED, HELP, NOTE, TERMS, MINIMAL);

/** The report on one case, written as the lines after its name. */
const run = (lines: string): TestReport => {
  const text = `kind: policy-tests\ncases:\n  - name: it\n    ${lines.trim().replaceAll('\n', '\n    ')}\n`;
  return runPolicyTests(SET, [{ path: 'it.test.yaml', text }], plainJudge);
};

const found = ({ cases, problems }: TestReport): readonly string[] =>
  [...problems, ...cases.flatMap(({ differences }) => differences)].map(formatProblem);

const BOB = 'event: { on: added-to-contact-list, otherUser: bob }\nlogin: { user: a@sandbox, language: sv }\n';

describe('a case with an event passes', () => {
  test.each([
    [
      'the message in the language of the user',
      `${BOB}expect: { send: [{ policy: added, text: "bob lade till a@sandbox.", options: [Ja, Nej] }] }`,
    ],
    ['nobody is told whom it does not concern', `${BOB.replace('a@sandbox', 'a@else')}expect: { send: [] }`],
    [
      'what the option does',
      `${BOB}answers: { added: add }\nexpect: { send: [{ policy: added }], do: [{ addToContactList: bob }, { authorizePresence: bob }, { grant: quiet }] }`,
    ],
    ['an option that does nothing', `${BOB}answers: { added: no }\nexpect: { send: [{ policy: added }], do: [] }`],
    [
      'silence',
      `${BOB}answers: { added: { never: true } }\nexpect: { send: [{ policy: added }], do: [{ grant: quiet }] }`,
    ],
    [
      'silence about terms',
      'event: first-login\nlogin: { user: a }\nanswers: { terms: { never: true } }\nexpect: { send: [{ policy: terms }], do: [{ logout: true }] }',
    ],
    [
      'the option of a help message',
      'event: { on: presence-exposed, attributes: [Address] }\nlogin: { user: a }\nanswers: { help: no-more-help }\nexpect: { send: [{ policy: help, options: [Do not show any more help messages] }], do: [{ setPreference: { help: off } }] }',
    ],
    [
      'help that is not wanted',
      'event: { on: presence-exposed, attributes: [Address] }\nhelp: off\nlogin: { user: a }\nexpect: { send: [], inbox: [help] }',
    ],
    [
      'other attributes',
      'event: { on: presence-exposed, attributes: [Alias] }\nlogin: { user: a }\nexpect: { send: [] }',
    ],
    ['an operator', 'event: { on: operator, policy: note }\nlogin: { user: a }\nexpect: { send: [{ policy: note }] }'],
    ['a login', 'event: login\nlogin: { user: a }\nexpect: { send: [] }'],
  ])('%s', (_, lines) => {
    const report = run(lines);
    expect(found(report)).toEqual([]);
    expect([report.passed, report.failed]).toEqual([1, 0]);
  });
});

describe('a case with an event fails, and says what came out instead', () => {
  test.each([
    [
      `${BOB}expect: { send: [] }`,
      'it.test.yaml:6:21: cases[0].expect.send: expected nothing to be sent, but added was',
    ],
    [
      `${BOB}expect: { send: [{ policy: added, text: No, options: [Ja] }] }`,
      'it.test.yaml:6:45: cases[0].expect.send[0].text: the text was "bob lade till a@sandbox."\nit.test.yaml:6:58: cases[0].expect.send[0].options: the options were Ja, Nej',
    ],
    [
      `${BOB}answers: { added: add }\nexpect: { send: [{ policy: added }], do: [{ logout: true }] }`,
      'it.test.yaml:7:46: cases[0].expect.do: expected: ends the session; done: adds bob to the contact list, lets bob see the presence, grants quiet in this session',
    ],
    [
      'event: login\nlogin: { user: a }\nanswers: { added: add }\nexpect: { send: [], inbox: [help] }',
      'it.test.yaml:7:32: cases[0].expect.inbox: expected help in the inbox, but nothing was\nit.test.yaml:6:16: cases[0].answers.added: answers added, which was not sent',
    ],
  ])('%s', (lines, expected) => expect(found(run(lines)).join('\n')).toBe(expected));
});

describe('a case with an event is wrong', () => {
  test.each([
    [
      'event: added-to-contact-list\nlogin: { user: a }\nexpect: { grant: full }',
      [
        'it.test.yaml:4:12: cases[0].event: has no otherUser, which on: added-to-contact-list needs',
        'it.test.yaml:6:13: cases[0].expect: must say what is sent: send, with [] for nothing',
        'it.test.yaml:6:15: cases[0].expect.grant: goes with a login alone, not with an event',
      ],
    ],
    [
      'event: { on: login, statuses: [404] }\nlogin: { user: a }\nremembered: []\nexpect: { send: [{ policy: ad }], inbox: [hlp] }',
      [
        'it.test.yaml:4:25: cases[0].event.statuses: goes with on: repeated-errors alone',
        'it.test.yaml:6:5: cases[0].remembered: goes with a login alone, not with an event',
        'it.test.yaml:7:32: cases[0].expect.send[0].policy: no policy has the id "ad"',
        'it.test.yaml:7:47: cases[0].expect.inbox[0]: no policy has the id "hlp"; did you mean "help"?',
      ],
    ],
    [
      'event: { on: operator, policy: added }\nlogin: { user: a }\nanswers: { added: { option: ad, late: true } }\nexpect: { send: [], do: [{ grant: qiet }, {}] }',
      [
        'it.test.yaml:4:36: cases[0].event.policy: no policy has the id "added"',
        'it.test.yaml:6:33: cases[0].answers.added.option: the policy added has no option "ad"; did you mean "add"?',
        'it.test.yaml:6:37: cases[0].answers.added.late: goes with a login alone, not with an event',
        'it.test.yaml:7:39: cases[0].expect.do[0].grant: no level "qiet" is defined; did you mean "quiet"?',
        'it.test.yaml:7:47: cases[0].expect.do[1]: must say what to do, such as { accept: true }',
      ],
    ],
    [
      'login: { user: a }\nhelp: off\nexpect: { ask: [], send: [], do: [] }',
      [
        'it.test.yaml:5:5: cases[0].help: goes with an event alone',
        'it.test.yaml:6:24: cases[0].expect.send: goes with an event alone',
        'it.test.yaml:6:34: cases[0].expect.do: goes with an event alone',
      ],
    ],
  ])('%s', (lines, expected) => {
    expect(found(run(lines)).toSorted()).toEqual(expected.toSorted());
  });
});

test('options, messages and silence that no case comes to are named', () => {
  const { untested, unreached } = run(`${BOB}answers: { added: no }\nexpect: { send: [{ policy: added }] }`);
  expect(untested).toEqual(['sample', 'added/add', 'help', 'note', 'terms']);
  expect(unreached).toEqual(['added/onTimeout', 'terms/onTimeout']);
});
