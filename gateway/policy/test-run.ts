/**
 * Runs policy tests: each case logs somebody in, answers what is asked, and compares what came out with what was
 * expected. How a login is judged is not known here: the caller brings the judge, the same that judges real logins.
 */
import { ServiceSet } from '../csp/service-tree.ts';
import type { Acceptance } from '../ports.ts';
import type { YamlDocument } from '../yaml/document.ts';
import type { Path, Problem } from '../yaml/problem.ts';
import { questionsAtLogin } from './decide.ts';
import { DEFAULT_ON_TIMEOUT, DEFAULT_WITHOUT_SYSTEM_MESSAGES } from './defaults.ts';
import { type LoginFacts, type OffLinePolicy, type PolicyFile, type PolicySet, questionsOf } from './model.ts';
import type { TestAnswer } from './test-case.ts';
import { type AskedMessage, compareMessages, listed, sameList } from './test-compare.ts';
import { onLineChoicesOf, onLineSilenceOf, runEventCase } from './test-event-run.ts';
import { readTestFile, type TestCase } from './test-file.ts';

export type { AskedMessage } from './test-compare.ts';

/** One login, as a judge sees it. */
export interface JudgeInput {
  readonly set: PolicySet;
  /** The questions of the set that apply, in order. */
  readonly policies: readonly OffLinePolicy[];
  readonly login: LoginFacts;
  readonly knowsSystemMessages: boolean;
  /** What the user accepted before. */
  readonly accepted: readonly Acceptance[];
  /** How many messages are kept for the user; none where it is not said. */
  readonly messagesWaiting?: number;
  /** Empty for the first login; by policy id for the one that answers. */
  readonly answers: ReadonlyMap<string, TestAnswer>;
  /** Wall-clock milliseconds of the first login. */
  readonly now: number;
}

export type JudgeOutcome = { readonly standings: readonly PolicyStanding[] } & (
  | {
      readonly kind: 'forward';
      readonly granted: ServiceSet;
      /** Ids of the policies whose acceptance will be remembered. */
      readonly remembered: readonly string[];
      /** Ids of the policies whose outcome goes to the record of decisions. */
      readonly recorded: readonly string[];
    }
  | {
      readonly kind: 'ask';
      /** `conversation`: with the service contact, by a client that does not know System Messages [X21]. */
      readonly way: 'system-message' | 'conversation';
      readonly messages: readonly AskedMessage[];
    }
  | {
      readonly kind: 'deny';
      readonly code: number;
      /** Addresses of the gateway's page stand in it as `{consentUrl}`. */
      readonly description: string;
      /** The questions that wait on the gateway's page; empty when the denial is final. */
      readonly onPage: readonly AskedMessage[];
    }
);

/** How one policy came to its outcome. */
export interface PolicyStanding {
  readonly policy: string;
  /** Such as `remembered`, `asked`, `on-page`, `in-conversation`, `answered`, `declined`, `timed-out`, `cannot-ask` or `shown`. */
  readonly how: string;
}

/** The messages that the user has to answer, whichever way they are asked. */
export function askedOf(outcome: JudgeOutcome): readonly AskedMessage[] {
  if (outcome.kind === 'ask') return outcome.messages;
  return outcome.kind === 'deny' ? outcome.onPage : [];
}

/** Judges one login. */
export type Judge = (input: JudgeInput) => JudgeOutcome;

export interface CaseResult {
  readonly path: string;
  readonly name: string;
  readonly passed: boolean;
  /** Each difference between what was expected and what came out, at the expectation's place. */
  readonly differences: readonly Problem[];
}

export interface TestReport {
  readonly cases: readonly CaseResult[];
  readonly passed: number;
  readonly failed: number;
  /** What is wrong with the test files themselves; no case of such a file was run. */
  readonly problems: readonly Problem[];
  /** What no passing case chose: policy ids, and `policy/option`. Policies in mode observe are never asked, and do not count. */
  readonly untested: readonly string[];
  /** What a policy writes and no passing case came to: `policy/onTimeout` and `policy/withoutSystemMessages`. */
  readonly unreached: readonly string[];
}

export function runPolicyTests(set: PolicySet, files: readonly PolicyFile[], judge: Judge): TestReport {
  const cases: CaseResult[] = [];
  const problems: Problem[] = [];
  const covered = new Set<string>();
  for (const file of files) {
    const { document, cases: testCases } = readTestFile(file, set);
    problems.push(...document.problems);
    for (const testCase of testCases) {
      const before = document.problems.length;
      const covers =
        testCase.kind === 'event'
          ? runEventCase(set, document, testCase)
          : coveredBy(testCase, runCase(set, document, testCase, judge));
      const differences = document.problems.slice(before);
      const isPassed = differences.length === 0;
      cases.push({ path: document.path, name: testCase.name, passed: isPassed, differences });
      if (isPassed) for (const name of covers) covered.add(name);
    }
  }
  const passed = cases.filter((result) => result.passed).length;
  const isAsking = ({ mode }: OffLinePolicy): boolean => mode === 'enforce';
  const isUncovered = (name: string): boolean => !covered.has(name);
  return {
    cases,
    passed,
    failed: cases.length - passed,
    problems,
    untested: [...questionsOf(set).filter(isAsking).flatMap(choicesOf), ...set.onLine.flatMap(onLineChoicesOf)].filter(
      isUncovered,
    ),
    unreached: [...set.policies.filter(isAsking).flatMap(rulingsOf), ...set.onLine.flatMap(onLineSilenceOf)].filter(
      isUncovered,
    ),
  };
}

const choicesOf = ({ id, options }: OffLinePolicy): readonly string[] =>
  options.length === 0 ? [id] : options.map((option) => `${id}/${option.id}`);

/** The key of the ruling that decides when a policy comes to stand so. */
const RULING_OF: Readonly<Record<string, string>> = {
  'timed-out': 'onTimeout',
  'cannot-ask': 'withoutSystemMessages',
  'on-page': 'withoutSystemMessages',
  'in-conversation': 'withoutSystemMessages',
};

/** Rulings that the file writes, as far as a login can come to them. */
function rulingsOf(policy: OffLinePolicy): readonly string[] {
  const { id, onTimeout, withoutSystemMessages, requiresResponse } = policy;
  return [
    ...(requiresResponse && onTimeout !== DEFAULT_ON_TIMEOUT ? [`${id}/onTimeout`] : []),
    ...(withoutSystemMessages === DEFAULT_WITHOUT_SYSTEM_MESSAGES ? [] : [`${id}/withoutSystemMessages`]),
  ];
}

function coveredBy({ answers, expect }: TestCase, standings: readonly PolicyStanding[]): readonly string[] {
  const chosen = [...answers].flatMap(([policy, answer]) =>
    answer.kind === 'given' && answer.option !== undefined ? [`${policy}/${answer.option}`] : [policy],
  );
  const ruled = standings.flatMap(({ policy, how }) =>
    Object.hasOwn(RULING_OF, how) ? [`${policy}/${RULING_OF[how]}`] : [],
  );
  return [...chosen, ...ruled, ...(expect.ask ?? []).map(({ policy }) => policy)];
}

/** Reports every difference; gives where every policy came to stand, in the first login and in the one that answered. */
function runCase(set: PolicySet, document: YamlDocument, testCase: TestCase, judge: Judge): readonly PolicyStanding[] {
  const { login, now, knowsSystemMessages, accepted, messagesWaiting, answers } = testCase;
  const policies = questionsAtLogin(set, login, now, messagesWaiting);
  const input = { set, policies, login, knowsSystemMessages, accepted, messagesWaiting, now };
  const first = judge({ ...input, answers: new Map() });
  const last = askedOf(first).length > 0 && answers.size > 0 ? judge({ ...input, answers }) : first;
  compareAsked(document, testCase, first);
  compareResult(set, document, testCase, last);
  return [...first.standings, ...last.standings];
}

function compareAsked(document: YamlDocument, { at, expect, answers }: TestCase, first: JudgeOutcome): void {
  const asked = first.kind === 'ask' ? first.messages : first.kind === 'deny' ? first.onPage : [];
  for (const policy of answers.keys()) {
    if (asked.some((message) => message.policy === policy)) continue;
    const place = [...at, 'answers', policy];
    document.report(place, `answers ${policy}, which was not asked: ${said(first)}`, { at: 'key' });
  }
  if (expect.ask === undefined) return;
  const place = [...at, 'expect', 'ask'];
  const wantedIds = expect.ask.map(({ policy }) => policy);
  const askedIds = asked.map(({ policy }) => policy);
  if (sameList(wantedIds, askedIds)) compareMessages(document, place, expect.ask, asked);
  else document.report(place, `expected to be asked ${listed(wantedIds)}, but ${said(first)}`);
}

function compareResult(set: PolicySet, document: YamlDocument, { at, expect }: TestCase, last: JudgeOutcome): void {
  const { grant, deny, remembered, recorded } = expect;
  const place = [...at, 'expect'];
  if (grant !== undefined) {
    const wanted = grant.reduce((sum, name) => sum.meet(set.levels.get(name)?.set ?? ServiceSet.NONE), ServiceSet.ALL);
    if (last.kind !== 'forward') document.report([...place, 'grant'], `expected a login, but ${said(last)}`);
    else if (!last.granted.equals(wanted)) {
      document.report([...place, 'grant'], `expected ${listed(grant)}, but ${difference(wanted, last.granted)}`);
    }
  } else if (deny !== undefined) {
    if (last.kind !== 'deny') document.report([...place, 'deny'], `expected a denial, but ${said(last)}`);
    else {
      const wrongCode = deny.code !== undefined && deny.code !== last.code;
      const wrongReason = deny.reason !== undefined && deny.reason !== last.description;
      if (wrongCode || wrongReason) document.report([...place, 'deny'], `the login was ${said(last)}`);
    }
  } else if (askedOf(last).length === 0) {
    document.report(place, `expected questions only, but ${said(last)}`);
  }
  const isForwarded = last.kind === 'forward';
  compareKept(document, [...place, 'remembered'], remembered, isForwarded ? last.remembered : []);
  compareKept(document, [...place, 'recorded'], recorded, isForwarded ? last.recorded : []);
}

function compareKept(
  document: YamlDocument,
  at: Path,
  wanted: readonly string[] | undefined,
  kept: readonly string[],
): void {
  if (wanted === undefined || sameList(wanted.toSorted(), kept.toSorted())) return;
  document.report(at, `expected to be ${at.at(-1)} ${listed(wanted)}, but was ${listed(kept)}`);
}

function said(outcome: JudgeOutcome): string {
  switch (outcome.kind) {
    case 'ask':
      return `asked was ${listed(outcome.messages.map(({ policy }) => policy))}`;
    case 'deny':
      return `denied with ${outcome.code} ${JSON.stringify(outcome.description)}`;
    case 'forward':
      return 'the login went on';
  }
}

function difference(wanted: ServiceSet, granted: ServiceSet): string {
  const more = granted.minus(wanted).codes();
  const less = wanted.minus(granted).codes();
  return [
    ...(more.length === 0 ? [] : [`${more.join(', ')} granted besides`]),
    ...(less.length === 0 ? [] : [`${less.join(', ')} not granted`]),
  ].join('; ');
}
