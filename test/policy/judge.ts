/**
 * A plain judge for the tests of the test runner: the rules of [X12] to [X18] and [X21] without tokens, windows and
 * clocks. The gateway's own judge is put in by the command line.
 */
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import type { OffLinePolicy, Ruling, Texts } from '../../gateway/policy/model.ts';
import type { TestAnswer } from '../../gateway/policy/test-case.ts';
import type { AskedMessage, Judge, JudgeInput, JudgeOutcome } from '../../gateway/policy/test-run.ts';
import { mentions, textFor, textValues } from '../../gateway/policy/text.ts';

type Standing =
  | { readonly kind: 'outstanding' | 'in-conversation' }
  | { readonly kind: 'on-page'; readonly texts: Texts }
  | {
      readonly kind: 'ruled';
      readonly ruling: Ruling | undefined;
      readonly code: number;
      readonly how: string;
      readonly chosen: boolean;
    };

export const plainJudge: Judge = (input: JudgeInput): JudgeOutcome => {
  const { policies, login, set, messagesWaiting } = input;
  const enforced = policies.filter(({ mode }) => mode === 'enforce');
  const placed = enforced.map((policy) => ({ policy, standing: standingOf(policy, input) }));
  const say = (policy: OffLinePolicy, texts: Texts): string =>
    textFor(texts, [login.language], {
      ...textValues(policy, { ...login, messagesWaiting }),
      consentUrl: '{consentUrl}',
    });

  const standings = placed.map(({ policy, standing }) => ({
    policy: policy.id,
    how: standing.kind === 'ruled' ? standing.how : standing.kind === 'outstanding' ? 'asked' : standing.kind,
  }));

  for (const { policy, standing } of placed) {
    if (standing.kind !== 'ruled' || standing.ruling?.kind !== 'deny') continue;
    return {
      kind: 'deny',
      code: standing.code,
      description: say(policy, standing.ruling.texts),
      onPage: [],
      standings,
    };
  }
  const messagesOf = (kind: Standing['kind']): readonly AskedMessage[] =>
    placed
      .filter(({ standing }) => standing.kind === kind)
      .map(({ policy }) => ({
        policy: policy.id,
        text: say(policy, policy.message),
        options: policy.options.map(({ text }) => say(policy, text)),
      }));
  const messages = messagesOf('outstanding');
  if (messages.length > 0) return { kind: 'ask', way: 'system-message', messages, standings };
  for (const { policy, standing } of placed) {
    if (standing.kind !== 'on-page') continue;
    return {
      kind: 'deny',
      code: 403,
      description: say(policy, standing.texts),
      onPage: messagesOf('on-page'),
      standings,
    };
  }
  const spoken = messagesOf('in-conversation');
  if (spoken.length > 0) return { kind: 'ask', way: 'conversation', messages: spoken, standings };
  // Answers about waiting messages let in or deny, and say nothing of a level.
  const granting = placed.some(({ standing }) => standing.kind !== 'ruled' || standing.ruling?.kind !== 'proceed');
  let granted = granting ? ServiceSet.ALL : set.defaultLevel.set;
  const remembered: string[] = [];
  const recorded: string[] = [];
  for (const { policy, standing } of placed) {
    if (standing.kind !== 'ruled') continue;
    if (standing.ruling?.kind === 'grant') granted = granted.meet(standing.ruling.level.set);
    if (standing.chosen && policy.ask.mode !== 'every-login') remembered.push(policy.id);
    if (standing.chosen && policy.record === 'keyed') recorded.push(policy.id);
  }
  return { kind: 'forward', granted, remembered, recorded, standings };
};

function standingOf(policy: OffLinePolicy, { accepted, answers, knowsSystemMessages, now }: JudgeInput): Standing {
  const before = accepted.find(
    ({ policy: id, version, acceptedAt }) =>
      id === policy.id &&
      policy.ask.mode !== 'every-login' &&
      (version === policy.version || policy.ask.mode === 'once') &&
      (policy.ask.mode !== 'every' || now < acceptedAt + policy.ask.everyMillis),
  );
  if (before !== undefined) return ruled(optionOf(policy, before.option), 200, 'remembered');
  const answer = answers.get(policy.id);
  if (!knowsSystemMessages && answer === undefined) return withoutSystemMessages(policy);
  if (answer !== undefined) return answered(policy, answer);
  return answers.size > 0 && !policy.requiresResponse ? ruled(undefined, 200, 'shown') : { kind: 'outstanding' };
}

function withoutSystemMessages({ withoutSystemMessages: ruling }: OffLinePolicy): Standing {
  if (ruling.kind === 'converse') return { kind: 'in-conversation' };
  if (ruling.kind === 'deny' && mentions(ruling.texts, 'consentUrl')) return { kind: 'on-page', texts: ruling.texts };
  return ruled(ruling, 403, 'cannot-ask');
}

function answered(policy: OffLinePolicy, answer: TestAnswer): Standing {
  if (answer.kind === 'never' || answer.late) return ruled(policy.onTimeout, 408, 'timed-out');
  const key = policy.verification?.key?.toLowerCase();
  if (key !== undefined && answer.key?.trim().toLowerCase() !== key) return { kind: 'outstanding' };
  if (answer.option === undefined && policy.options.length > 0) return { kind: 'outstanding' };
  return ruled(optionOf(policy, answer.option), 403, 'answered');
}

const optionOf = (policy: OffLinePolicy, option: string | undefined): Ruling | undefined =>
  policy.options.find(({ id }) => id === option)?.outcome;

const ruled = (ruling: Ruling | undefined, code: number, how: string): Standing => ({
  kind: 'ruled',
  ruling,
  code,
  how,
  chosen: how === 'answered',
});
