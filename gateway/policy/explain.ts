/**
 * What a login would be asked and what would follow, policy by policy and choice by choice. Nothing is decided here: the
 * judge that judges real logins is asked about every case, so that an explanation cannot disagree with the gateway.
 */
import type { Acceptance } from '../ports.ts';
import { type ConditionVerdict, explainConditions, questionsAtLogin } from './decide.ts';
import { describeGranted, serviceNames } from './describe.ts';
import type { LoginFacts, OffLinePolicy, PolicyOption, PolicySet, Texts, WithoutSystemMessages } from './model.ts';
import type { TestAnswer } from './test-case.ts';
import { askedOf, type Judge, type JudgeInput, type JudgeOutcome } from './test-run.ts';
import { chooseLanguage, textFor, textValues } from './text.ts';

/** So many combinations of choices are gone through; past it one choice at a time, beside acceptance of the others. */
const MOST_COMBINATIONS = 32;

export interface ExplainInput {
  readonly set: PolicySet;
  readonly login: LoginFacts;
  readonly knowsSystemMessages: boolean;
  readonly accepted: readonly Acceptance[];
  /** How many messages are kept for the user. */
  readonly messagesWaiting: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** What a ruling leads to, its text as this login would see it. */
export type RulingShown =
  | { readonly kind: 'grant'; readonly level: string; readonly services: readonly string[] }
  | { readonly kind: 'deny'; readonly text: string }
  | { readonly kind: 'proceed' | 'converse' };

export interface OptionShown {
  /** Its number on the wire. */
  readonly number: number;
  readonly id: string;
  readonly text: string;
  readonly leadsTo: RulingShown;
}

export interface PolicyExplained {
  readonly id: string;
  readonly version: number;
  readonly purpose: string;
  readonly order: number;
  readonly mode: 'enforce' | 'observe';
  readonly applies: boolean;
  readonly conditions: readonly ConditionVerdict[];
  /** How it stands in this login by itself, whatever the other policies say; undefined when it does not apply. */
  readonly standing: string | undefined;
  readonly language: string;
  readonly text: string;
  /** What asks for the word that proves reading. */
  readonly verification: string | undefined;
  readonly options: readonly OptionShown[];
  readonly onTimeout: RulingShown;
  readonly withoutSystemMessages: RulingShown;
}

/** What comes of a login, in a form to print and to write as JSON. */
export interface OutcomeShown {
  readonly kind: JudgeOutcome['kind'];
  /** In words. */
  readonly says: string;
  /** Of a login that goes on: what it gets, by names of the service tree. */
  readonly services?: readonly string[];
  /** Of one that is asked: the policies, in the order of their messages. */
  readonly asked?: readonly string[];
  readonly code?: number;
}

export interface CaseShown {
  /** Policy and option; `null` for a message without options that was acknowledged. */
  readonly answers: Readonly<Record<string, string | null>>;
  readonly outcome: OutcomeShown;
}

export interface LoginExplained {
  readonly policies: readonly PolicyExplained[];
  readonly outcome: OutcomeShown;
  /** What each choice, beside every choice in the other questions, leads to. */
  readonly choices: readonly CaseShown[];
  /** Whether every combination is among the choices. */
  readonly isEveryCombination: boolean;
  /** What follows for each question that is never answered while the others are accepted. */
  readonly unanswered: readonly { readonly policy: string; readonly outcome: OutcomeShown }[];
  /** The same login by a client that does not know System Messages. */
  readonly withoutSystemMessages: OutcomeShown;
  readonly defaultLevel: string;
}

export function explainLogin(input: ExplainInput, judge: Judge): LoginExplained {
  const { set, login, now, messagesWaiting } = input;
  const policies = questionsAtLogin(set, login, now, messagesWaiting);
  const judged = (answers: ReadonlyMap<string, TestAnswer>, changes: Partial<JudgeInput> = {}): JudgeOutcome =>
    judge({ ...input, policies, answers, ...changes });
  const alone = (policy: OffLinePolicy): JudgeOutcome => judged(new Map(), { policies: [policy] });
  const first = judged(new Map());
  const asked = askedOf(first).map(({ policy }) => policy);
  const questions = policies.filter(({ id }) => asked.includes(id));
  const { combinations, isEvery } = combinationsOf(questions);
  const accepting = new Map(questions.map((policy) => [policy.id, given(policy, acceptingOption(policy))]));
  return {
    policies: set.policies.map((policy) =>
      explainOne(policy, input, policies.includes(policy) ? alone(policy) : undefined),
    ),
    outcome: shown(set, first),
    choices: combinations.map((chosen) => ({
      answers: Object.fromEntries([...chosen].map(([policy, option]) => [policy.id, option ?? null])),
      outcome: shown(set, judged(new Map([...chosen].map(([policy, option]) => [policy.id, given(policy, option)])))),
    })),
    isEveryCombination: isEvery,
    unanswered: questions.map(({ id }) => ({
      policy: id,
      outcome: shown(set, judged(new Map([...accepting, [id, { kind: 'never' }]]))),
    })),
    withoutSystemMessages: shown(set, judged(new Map(), { knowsSystemMessages: false })),
    defaultLevel: set.defaultLevel.name,
  };
}

function explainOne(
  policy: OffLinePolicy,
  { login, now }: ExplainInput,
  alone: JudgeOutcome | undefined,
): PolicyExplained {
  const { id, version, purpose, order, mode, verification } = policy;
  const values = { ...textValues(policy, login), consentUrl: '{consentUrl}' };
  const say = (texts: Texts): string => textFor(texts, [login.language], values);
  return {
    id,
    version,
    purpose,
    order,
    mode,
    applies: alone !== undefined,
    conditions: explainConditions(policy, login, now),
    standing: alone?.standings.find((standing) => standing.policy === id)?.how,
    language: chooseLanguage(policy.message, [login.language]),
    text: say(policy.message),
    verification:
      verification === undefined
        ? undefined
        : verification.kind === 'in-text'
          ? say(verification.inText)
          : 'the word that a page of the gateway shows',
    options: optionsShown(policy.options, say),
    onTimeout: rulingShown(policy.onTimeout, say),
    withoutSystemMessages: rulingShown(policy.withoutSystemMessages, say),
  };
}

/** Options as a login would see them, and what each leads to. */
export function optionsShown(options: readonly PolicyOption[], say: (texts: Texts) => string): readonly OptionShown[] {
  return options.map(({ id, text, outcome }, index) => ({
    number: index + 1,
    id,
    text: say(text),
    leadsTo: rulingShown(outcome, say),
  }));
}

function rulingShown(ruling: WithoutSystemMessages, say: (texts: Texts) => string): RulingShown {
  if (ruling.kind === 'grant') {
    return { kind: 'grant', level: ruling.level.name, services: serviceNames(ruling.level.set) };
  }
  return ruling.kind === 'deny' ? { kind: 'deny', text: say(ruling.texts) } : { kind: ruling.kind };
}

/** What comes of a login, told. */
export function shown(set: PolicySet, outcome: JudgeOutcome): OutcomeShown {
  switch (outcome.kind) {
    case 'forward':
      return {
        kind: 'forward',
        says: `goes on with ${describeGranted(set, outcome.granted)}`,
        services: serviceNames(outcome.granted),
      };
    case 'deny': {
      const { code, description } = outcome;
      const asked = outcome.onPage.map(({ policy }) => policy);
      const page = asked.length === 0 ? '' : `; on the page: asked ${asked.join(', ')}`;
      return {
        kind: 'deny',
        says: `denied with ${code} ${JSON.stringify(description)}${page}`,
        code,
        ...(asked.length === 0 ? {} : { asked }),
      };
    }
    case 'ask': {
      const asked = outcome.messages.map(({ policy }) => policy);
      const way = outcome.way === 'conversation' ? ' in a conversation with the service contact' : '';
      return { kind: 'ask', says: `asked ${asked.join(', ')}${way}`, asked };
    }
  }
}

type Chosen = ReadonlyMap<OffLinePolicy, string | undefined>;

/** Every way to answer the questions, or one choice at a time where there are too many. */
function combinationsOf(questions: readonly OffLinePolicy[]): { combinations: readonly Chosen[]; isEvery: boolean } {
  if (questions.length === 0) return { combinations: [], isEvery: true };
  const count = questions.reduce((product, policy) => product * Math.max(1, policy.options.length), 1);
  if (count > MOST_COMBINATIONS) {
    const accepting = questions.map((policy) => [policy, acceptingOption(policy)] as const);
    const combinations = questions.flatMap((policy) =>
      optionIds(policy).map((option) => new Map([...accepting, [policy, option] as const])),
    );
    return { combinations, isEvery: false };
  }
  const combinations = questions.reduce<readonly Chosen[]>(
    (before, policy) =>
      before.flatMap((chosen) => optionIds(policy).map((option) => new Map([...chosen, [policy, option]]))),
    [new Map()],
  );
  return { combinations, isEvery: true };
}

const optionIds = ({ options }: OffLinePolicy): readonly (string | undefined)[] =>
  options.length === 0 ? [undefined] : options.map(({ id }) => id);

/** The first option that lets the login go on. */
const acceptingOption = ({ options }: OffLinePolicy): string | undefined =>
  (options.find(({ outcome }) => outcome.kind !== 'deny') ?? options[0])?.id;

const given = ({ verification }: OffLinePolicy, option: string | undefined): TestAnswer => ({
  kind: 'given',
  option,
  key: verification?.key,
  late: false,
});
