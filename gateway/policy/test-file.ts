/**
 * Files of policy tests, read and checked against the set that they test: a case that names a policy, option or level
 * that is not there is wrong, not failed.
 */
import type { Acceptance } from '../ports.ts';
import { readYaml, type YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { checkShape } from '../yaml/shape.ts';
import { checkLevelName } from './check-levels.ts';
import { type PolicyFile, type PolicySet, questionsOf } from './model.ts';
import { policyTestsSchema } from './schema-tests.ts';
import {
  answersOf,
  type CaseFile,
  checkAnswer,
  checkOption,
  checkPolicyId,
  type ExpectedMessage,
  type TestAnswer,
  type Who,
  whoOf,
} from './test-case.ts';
import { buildEventCase, checkEventCase, type EventCase } from './test-event-file.ts';

/** What must come out of a case. */
export interface Expectation {
  readonly ask: readonly ExpectedMessage[] | undefined;
  /** Names of levels that meet. */
  readonly grant: readonly string[] | undefined;
  readonly deny: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  readonly remembered: readonly string[] | undefined;
  readonly recorded: readonly string[] | undefined;
}

export interface TestCase extends Who {
  readonly kind: 'login';
  readonly name: string;
  readonly accepted: readonly Acceptance[];
  /** How many messages are kept for the user. */
  readonly messagesWaiting: number;
  readonly answers: ReadonlyMap<string, TestAnswer>;
  readonly expect: Expectation;
}

/** The cases of a file, in order; none when it is not valid, and the document then holds the problems. */
export function readTestFile(
  file: PolicyFile,
  set: PolicySet,
): { readonly document: YamlDocument; readonly cases: readonly (TestCase | EventCase)[] } {
  const { readable, document } = readYaml(file);
  if (!readable) return { document, cases: [] };
  const checked = checkShape(policyTestsSchema, document);
  if (checked === undefined) return { document, cases: [] };
  for (const [index, testCase] of checked.cases.entries()) {
    const check = testCase.event === undefined ? checkCase : checkEventCase;
    check(document, ['cases', index], testCase, set);
  }
  if (document.problems.length > 0) return { document, cases: [] };
  const cases = checked.cases.map((testCase, index) => {
    const who = whoOf(testCase.login, ['cases', index]);
    return buildEventCase(testCase, who, set) ?? buildCase(testCase, who);
  });
  return { document, cases };
}

/** Keys that only a case with an event has. */
const OF_EVENTS = ['send', 'inbox', 'do'] as const;

function checkCase(document: YamlDocument, at: Path, testCase: CaseFile, set: PolicySet): void {
  const { answers = {}, remembered = [], expect } = testCase;
  for (const key of OF_EVENTS) {
    if (expect[key] !== undefined) {
      document.report([...at, 'expect', key], 'goes with an event alone', { at: 'key' });
    }
  }
  if (testCase.help !== undefined) document.report([...at, 'help'], 'goes with an event alone', { at: 'key' });
  const questions = questionsOf(set);
  const checkPolicy = (path: Path, id: string): void => checkPolicyId(document, path, id, questions);
  for (const [policy, answer] of Object.entries(answers)) {
    checkAnswer(document, [...at, 'answers', policy], policy, answer, questions);
  }
  for (const [index, { policy, option }] of remembered.entries()) {
    checkPolicy([...at, 'remembered', index, 'policy'], policy);
    checkOption(document, [...at, 'remembered', index, 'option'], policy, option, questions);
  }
  for (const [index, { policy }] of (expect.ask ?? []).entries()) {
    checkPolicy([...at, 'expect', 'ask', index, 'policy'], policy);
  }
  for (const key of ['remembered', 'recorded'] as const) {
    for (const [index, policy] of (expect[key] ?? []).entries()) checkPolicy([...at, 'expect', key, index], policy);
  }
  for (const level of levelsOf(expect.grant) ?? []) {
    checkLevelName(document, [...at, 'expect', 'grant'], level, [...set.levels.keys()]);
  }
  if (expect.ask === undefined && expect.grant === undefined && expect.deny === undefined) {
    document.report([...at, 'expect'], 'must say what comes out: at least one of ask, grant and deny');
  }
  if (expect.grant !== undefined && expect.deny !== undefined) {
    document.report([...at, 'expect', 'deny'], 'stands beside grant; only one of them can come out', { at: 'key' });
  }
}

function buildCase(file: CaseFile, who: Who): TestCase {
  return {
    kind: 'login',
    ...who,
    name: file.name,
    accepted: (file.remembered ?? []).map(({ policy, version, option, at: acceptedAt }) => ({
      policy,
      version,
      option,
      acceptedAt: acceptedAt === undefined ? who.now : Date.parse(acceptedAt),
    })),
    messagesWaiting: file.messagesWaiting ?? 0,
    answers: answersOf(file),
    expect: {
      ask: file.expect.ask?.map(({ policy, text, options }) => ({ policy, text, options })),
      grant: levelsOf(file.expect.grant),
      deny: denyOf(file.expect.deny),
      remembered: file.expect.remembered,
      recorded: file.expect.recorded,
    },
  };
}

function denyOf(deny: CaseFile['expect']['deny']): Expectation['deny'] {
  if (deny === undefined) return undefined;
  return typeof deny === 'string' ? { code: undefined, reason: deny } : { code: deny.code, reason: deny.reason };
}

function levelsOf(grant: CaseFile['expect']['grant']): readonly string[] | undefined {
  return typeof grant === 'string' ? [grant] : grant;
}
