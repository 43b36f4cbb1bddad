/**
 * Files of policy tests, read and checked against the set that they test: a case that names a policy, option or level
 * that is not there is wrong, not failed.
 */
import type { Acceptance } from '../ports.ts';
import { readYaml, type YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { checkShape } from '../yaml/shape.ts';
import { didYouMean } from '../yaml/wording.ts';
import { checkLevelName } from './check-levels.ts';
import type { LoginFacts, PolicyFile, PolicySet } from './model.ts';
import { type PolicyTestsFile, policyTestsSchema } from './schema-tests.ts';

type CaseFile = PolicyTestsFile['cases'][number];

/** When a case says no time: a fixed moment, so that tests do not change by themselves. */
export const DEFAULT_TEST_MOMENT = Date.parse('2026-01-01T12:00:00Z');
/** Where a case says no VASP: the one that the gateway starts with. */
export const DEFAULT_TEST_VASP = 'sandbox';
export const DEFAULT_TEST_CLIENT = 'http://client.example/handset';

/** What the user did about one message. */
export type TestAnswer =
  | {
      readonly kind: 'given';
      /** The option's id; undefined for a message without options. */
      readonly option: string | undefined;
      readonly key: string | undefined;
      /** After the policy's time-out. */
      readonly late: boolean;
    }
  /** Not answered, however often it was sent again. */
  | { readonly kind: 'never' };

/** What must come out of a case. */
export interface Expectation {
  readonly ask: readonly ExpectedMessage[] | undefined;
  /** Names of levels that meet. */
  readonly grant: readonly string[] | undefined;
  readonly deny: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  readonly remembered: readonly string[] | undefined;
  readonly recorded: readonly string[] | undefined;
}

export interface ExpectedMessage {
  readonly policy: string;
  readonly text: string | undefined;
  readonly options: readonly string[] | undefined;
}

export interface TestCase {
  readonly name: string;
  readonly login: LoginFacts;
  readonly knowsSystemMessages: boolean;
  /** Wall-clock milliseconds. */
  readonly now: number;
  readonly accepted: readonly Acceptance[];
  readonly answers: ReadonlyMap<string, TestAnswer>;
  readonly expect: Expectation;
  /** Where the case stands in its file. */
  readonly at: Path;
}

/** The cases of a file, in order; none when it is not valid, and the document then holds the problems. */
export function readTestFile(
  file: PolicyFile,
  set: PolicySet,
): { readonly document: YamlDocument; readonly cases: readonly TestCase[] } {
  const { readable, document } = readYaml(file);
  if (!readable) return { document, cases: [] };
  const checked = checkShape(policyTestsSchema, document);
  if (checked === undefined) return { document, cases: [] };
  for (const [index, testCase] of checked.cases.entries()) checkCase(document, ['cases', index], testCase, set);
  const cases = document.problems.length > 0 ? [] : checked.cases.map(buildCase);
  return { document, cases };
}

function checkCase(document: YamlDocument, at: Path, testCase: CaseFile, set: PolicySet): void {
  const { answers = {}, remembered = [], expect } = testCase;
  const ids = set.policies.map(({ id }) => id);
  const checkPolicy = (path: Path, id: string, at: 'value' | 'key' = 'value'): void => {
    if (ids.includes(id)) return;
    document.report(path, `no policy has the id ${JSON.stringify(id)}`, { at, ...didYouMean(id, ids) });
  };
  for (const [policy, answer] of Object.entries(answers)) {
    const place = [...at, 'answers', policy];
    checkPolicy(place, policy, 'key');
    const option = typeof answer === 'string' ? answer : answer.option;
    checkOption(document, typeof answer === 'string' ? place : [...place, 'option'], policy, option, set);
  }
  for (const [index, { policy, option }] of remembered.entries()) {
    checkPolicy([...at, 'remembered', index, 'policy'], policy);
    checkOption(document, [...at, 'remembered', index, 'option'], policy, option, set);
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

function checkOption(document: YamlDocument, at: Path, policyId: string, option: string | undefined, set: PolicySet) {
  const policy = set.policies.find(({ id }) => id === policyId);
  if (policy === undefined || option === undefined) return;
  const ids = policy.options.map(({ id }) => id);
  if (ids.includes(option)) return;
  document.report(at, `the policy ${policyId} has no option ${JSON.stringify(option)}`, didYouMean(option, ids));
}

function buildCase(file: CaseFile, index: number): TestCase {
  const { user, client, csp = '1.3', encoding = 'xml', vasp, language, systemMessages, at } = file.login;
  const now = at === undefined ? DEFAULT_TEST_MOMENT : Date.parse(at);
  return {
    name: file.name,
    login: {
      userId: user,
      clientId: client ?? DEFAULT_TEST_CLIENT,
      vasp: vasp ?? DEFAULT_TEST_VASP,
      version: csp,
      encoding,
      language,
    },
    knowsSystemMessages: systemMessages ?? csp === '1.3',
    now,
    accepted: (file.remembered ?? []).map(({ policy, version, option, at: acceptedAt }) => ({
      policy,
      version,
      option,
      acceptedAt: acceptedAt === undefined ? now : Date.parse(acceptedAt),
    })),
    answers: new Map(Object.entries(file.answers ?? {}).map(([policy, answer]) => [policy, answerOf(answer)])),
    expect: {
      ask: file.expect.ask?.map(({ policy, text, options }) => ({ policy, text, options })),
      grant: levelsOf(file.expect.grant),
      deny: denyOf(file.expect.deny),
      remembered: file.expect.remembered,
      recorded: file.expect.recorded,
    },
    at: ['cases', index],
  };
}

function answerOf(answer: NonNullable<CaseFile['answers']>[string]): TestAnswer {
  if (typeof answer === 'string') return { kind: 'given', option: answer, key: undefined, late: false };
  if (answer.never === true) return { kind: 'never' };
  return { kind: 'given', option: answer.option, key: answer.key, late: answer.late ?? false };
}

function denyOf(deny: CaseFile['expect']['deny']): Expectation['deny'] {
  if (deny === undefined) return undefined;
  return typeof deny === 'string' ? { code: undefined, reason: deny } : { code: deny.code, reason: deny.reason };
}

function levelsOf(grant: CaseFile['expect']['grant']): readonly string[] | undefined {
  return typeof grant === 'string' ? [grant] : grant;
}
