/**
 * What cases of policy tests have in common, whether somebody logs in or something happens to somebody who is logged in:
 * who it is and when, and what was answered.
 */
import type { YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { didYouMean } from '../yaml/wording.ts';
import type { LoginFacts } from './model.ts';
import type { PolicyTestsFile } from './schema-tests.ts';

export type CaseFile = PolicyTestsFile['cases'][number];
type AnswerFile = NonNullable<CaseFile['answers']>[string];

/** When a case says no time: a fixed moment, so that tests do not change by themselves. */
const DEFAULT_TEST_MOMENT = Date.parse('2026-01-01T12:00:00Z');
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

export interface ExpectedMessage {
  readonly policy: string;
  readonly text: string | undefined;
  readonly options: readonly string[] | undefined;
}

/** Who a case is about, when, and where it stands in its file. */
export interface Who {
  readonly login: LoginFacts;
  readonly knowsSystemMessages: boolean;
  /** Wall-clock milliseconds. */
  readonly now: number;
  readonly at: Path;
}

export function whoOf(file: CaseFile['login'], place: Path): Who {
  const { user, client, csp = '1.3', encoding = 'xml', vasp, language, systemMessages, at } = file;
  return {
    login: {
      userId: user,
      clientId: client ?? DEFAULT_TEST_CLIENT,
      vasp: vasp ?? DEFAULT_TEST_VASP,
      version: csp,
      encoding,
      language,
    },
    knowsSystemMessages: systemMessages ?? csp === '1.3',
    now: at === undefined ? DEFAULT_TEST_MOMENT : Date.parse(at),
    at: place,
  };
}

/** What the user did, by policy id. */
export function answersOf({ answers = {} }: CaseFile): ReadonlyMap<string, TestAnswer> {
  return new Map(Object.entries(answers).map(([policy, answer]) => [policy, answerOf(answer)]));
}

function answerOf(answer: AnswerFile): TestAnswer {
  if (typeof answer === 'string') return { kind: 'given', option: answer, key: undefined, late: false };
  if (answer.never === true) return { kind: 'never' };
  return { kind: 'given', option: answer.option, key: answer.key, late: answer.late ?? false };
}

/** A policy whose options can be chosen. */
type Choosable = { readonly id: string; readonly options: readonly { readonly id: string }[] };

export function checkPolicyId(
  document: YamlDocument,
  path: Path,
  id: string,
  policies: readonly Choosable[],
  at: 'value' | 'key' = 'value',
): void {
  const ids = policies.map((policy) => policy.id);
  if (!ids.includes(id)) {
    document.report(path, `no policy has the id ${JSON.stringify(id)}`, { at, ...didYouMean(id, ids) });
  }
}

/** The policy and the option that an answer names. */
export function checkAnswer(
  document: YamlDocument,
  at: Path,
  policyId: string,
  answer: AnswerFile,
  policies: readonly Choosable[],
): void {
  checkPolicyId(document, at, policyId, policies, 'key');
  if (typeof answer === 'string') checkOption(document, at, policyId, answer, policies);
  else checkOption(document, [...at, 'option'], policyId, answer.option, policies);
}

export function checkOption(
  document: YamlDocument,
  at: Path,
  policyId: string,
  option: string | undefined,
  policies: readonly Choosable[],
): void {
  const policy = policies.find(({ id }) => id === policyId);
  if (policy === undefined || option === undefined) return;
  const ids = policy.options.map(({ id }) => id);
  if (ids.includes(option)) return;
  document.report(at, `the policy ${policyId} has no option ${JSON.stringify(option)}`, didYouMean(option, ids));
}
