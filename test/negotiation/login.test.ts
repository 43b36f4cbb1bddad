/**
 * Proves of every login, over random policies, answers and memories: it is never let through while something required is
 * open, a deny denies, and nobody is granted more than what was accepted. The seed is fixed, so a failure comes again.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JudgedAnswer } from '../../gateway/negotiation/answers.ts';
import { judgeLogin } from '../../gateway/negotiation/login.ts';
import { questionFor } from '../../gateway/negotiation/question.ts';
import type { LoginAttempt } from '../../gateway/negotiation/verdict.ts';
import { countAsked, countWorthless, EMPTY_WINDOW, hold } from '../../gateway/negotiation/window.ts';
import type { OffLinePolicy } from '../../gateway/policy/model.ts';
import { LOGIN, setOf } from '../policy/sample.ts';

const NOW = 10_000_000;
const RUNS = { seed: 20_261_201, numRuns: 2_000 };

const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  some: { grant: [PresenceFeat] }
`;

function policyText(id: string, keys: string): string {
  return `kind: off-line-service
id: ${id}
version: 1
purpose: terms
message: { en: Hello }
options:
  - { id: all, text: { en: All }, grant: full }
  - { id: part, text: { en: Part }, grant: some }
  - { id: none, text: { en: None }, deny: { en: No. } }
${keys}`;
}

const VARIANTS = [
  'requiresResponse: true\n',
  'requiresResponse: true\nask: every-login\nresend: 0\n',
  'requiresResponse: true\nonTimeout: { grant: some }\nwithoutSystemMessages: { grant: some }\n',
  'requiresResponse: false\n',
  'requiresResponse: true\nmode: observe\n',
  'requiresResponse: true\nwithoutSystemMessages: { deny: { en: "See {consentUrl}" } }\n',
  'requiresResponse: true\nwithoutSystemMessages: { converse: true }\n',
];
const set = setOf(LEVELS, ...VARIANTS.map((keys, index) => policyText(`policy-${index}`, keys)));

/** What is known of one policy in one attempt. */
interface Situation {
  readonly policy: OffLinePolicy;
  readonly answer: 'all' | 'part' | 'none' | 'late' | 'worthless' | undefined;
  readonly remembered: 'all' | 'part' | 'none' | undefined;
  readonly held: 'all' | 'part' | 'none' | undefined;
  readonly times: number;
}

const choice = fc.option(fc.constantFrom('all', 'part', 'none'), { nil: undefined });
const situations = fc.tuple(
  ...set.policies.map((policy) =>
    fc.option(
      fc.record({
        policy: fc.constant(policy),
        answer: fc.option(fc.constantFrom('all', 'part', 'none', 'late', 'worthless'), { nil: undefined }),
        remembered: choice,
        held: choice,
        times: fc.nat(5),
      }),
      { nil: undefined },
    ),
  ),
);

function judgedOf({ policy, answer }: Situation): readonly JudgedAnswer[] {
  const content = { issuedAt: NOW - 1, languageIndex: 0, languageTold: false, user: '', client: '', cookie: '' };
  const token = `token of ${policy.id}`;
  if (answer === undefined) return [];
  if (answer === 'late') return [{ kind: 'late', set, policy, token, content }];
  if (answer === 'worthless') return [{ kind: 'worthless', reason: 'no-such-option', set, policy, token, content }];
  return [{ kind: 'chosen', set, policy, option: policy.options.find(({ id }) => id === answer), token, content }];
}

function attemptOf(all: readonly Situation[], knowsSystemMessages: boolean, worthless: number): LoginAttempt {
  let window = countWorthless(EMPTY_WINDOW, worthless, 120_000, NOW - 1);
  for (const { policy, held, times } of all) {
    for (let time = 0; time < times; time++) window = countAsked(window, set.hash, [policy], NOW - 1);
    if (held === undefined) continue;
    const { id, version } = policy;
    window = hold(window, set.hash, {
      policyId: id,
      policyVersion: version,
      optionId: held,
      token: `held of ${id}`,
      cookie: 'c',
      until: NOW + 1,
      way: 'system-message-user',
      language: 'en',
      presentedAt: NOW - 1,
      decidedAt: NOW,
      tries: 1,
    });
  }
  return {
    facts: LOGIN,
    policies: all.map(({ policy }) => policy),
    set,
    knowsSystemMessages,
    accepted: all.flatMap(({ policy, remembered }) =>
      remembered === undefined ? [] : [{ policy: policy.id, version: 1, option: remembered, acceptedAt: 0 }],
    ),
    answers: all.flatMap(judgedOf),
    window,
    cookie: 'c',
    languages: ['en'],
    publicUrl: 'https://gateway.example',
    now: NOW,
    issue: ({ id }) => `fresh for ${id}`,
  };
}

/** Said independently of the rows: whether something other than the client's silence speaks for this policy. */
function isSpokenFor({ policy, answer, remembered, held, times }: Situation, knows: boolean): boolean {
  const accepts = (option: string | undefined): boolean => option === 'all' || option === 'part';
  if (accepts(answer) || accepts(held)) return true;
  if (accepts(remembered) && policy.ask.mode !== 'every-login') return true;
  if (!knows) return policy.withoutSystemMessages.kind === 'grant';
  return policy.onTimeout.kind === 'grant' && (answer === 'late' || times > policy.resend);
}

const attempts = fc.tuple(situations, fc.boolean(), fc.nat(6)).map(([drawn, knows, worthless]) => {
  const all = drawn.filter((situation) => situation !== undefined);
  return { all, knows, attempt: attemptOf(all, knows, worthless) };
});

describe('every login', () => {
  test('is let through only when everything required is spoken for', () => {
    fc.assert(
      fc.property(attempts, ({ all, knows, attempt }) => {
        if (judgeLogin(attempt).kind !== 'forward') return true;
        return all
          .filter(({ policy }) => policy.mode === 'enforce' && policy.requiresResponse)
          .every((situation) => isSpokenFor(situation, knows));
      }),
      RUNS,
    );
  });

  test('is denied when any answer denies', () => {
    fc.assert(
      fc.property(attempts, ({ all, attempt }) => {
        const denies = all.some(({ policy, answer }) => policy.mode === 'enforce' && answer === 'none');
        return !denies || judgeLogin(attempt).kind === 'deny';
      }),
      RUNS,
    );
  });

  test('is granted no more than any accepted policy grants', () => {
    fc.assert(
      fc.property(attempts, ({ all, attempt }) => {
        const verdict = judgeLogin(attempt);
        if (verdict.kind !== 'forward') return true;
        const part = all.some(({ policy, answer }) => policy.mode === 'enforce' && answer === 'part');
        return !part || !verdict.granted.has('MM');
      }),
      RUNS,
    );
  });

  test('is asked what is not settled, each message once, in order, and nothing of what is only observed', () => {
    fc.assert(
      fc.property(attempts, ({ all, attempt }) => {
        const verdict = judgeLogin(attempt);
        if (verdict.kind !== 'ask') return true;
        const ids = verdict.messages.map(({ id }) => id);
        const possible = all
          .filter(({ policy }) => policy.mode === 'enforce')
          .map(({ policy }) => `fresh for ${policy.id}`);
        return ids.length > 0 && JSON.stringify(ids) === JSON.stringify(possible.filter((id) => ids.includes(id)));
      }),
      RUNS,
    );
  });

  test('comes out the same whatever is observed', () => {
    fc.assert(
      fc.property(attempts, ({ all, knows, attempt }) => {
        const without = attemptOf(
          all.filter(({ policy }) => policy.mode === 'enforce'),
          knows,
          attempt.window.worthless.count,
        );
        // An answer to an observed policy is an answer all the same: only those without one are compared.
        if (all.some(({ policy, answer }) => policy.mode === 'observe' && answer !== undefined)) return true;
        return judgeLogin(attempt).kind === judgeLogin(without).kind;
      }),
      RUNS,
    );
  });
});

test('no more of a user id is kept for the page than its texts show', () => {
  const [policy] = setOf(
    `kind: off-line-service\nid: paged\nversion: 1\npurpose: notice\nmessage: { en: "Hello {user}" }\nwithoutSystemMessages: { deny: { en: "See {consentUrl}" } }\n`,
  ).policies;
  if (policy === undefined) throw new Error('the set has no policy');
  const userId = `wv:${'\u{1F600}'.repeat(40_000)}@im.example`;
  const verdict = judgeLogin({ ...attemptOf([], false, 0), facts: { ...LOGIN, userId }, policies: [policy] });
  const kept = verdict.window.page?.userId ?? '';
  expect(kept.length).toBeLessThan(200);
  const shown = (id: string): string => questionFor(policy, { userId: id, vasp: 'v' }, ['en'], '', '').text;
  expect(shown(kept)).toBe(shown(userId));
});
