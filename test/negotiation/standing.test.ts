/** Proves the order of the rows that decide where a policy stands: each has a case that it wins and one that it does not. */
import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../gateway/negotiation/answers.ts';
import { type StandingFacts, standingOf } from '../../gateway/negotiation/standing.ts';
import { countAsked, EMPTY_WINDOW, hold, type NegotiationWindow } from '../../gateway/negotiation/window.ts';
import type { OffLinePolicy } from '../../gateway/policy/model.ts';
import { policyOf, setOf } from '../policy/sample.ts';

const NOW = 10_000_000;
const OPTIONS = `options:
  - { id: accept, text: { en: Accept }, grant: full }
  - { id: decline, text: { en: Decline }, deny: { en: You declined. } }
`;
const REQUIRED = `${OPTIONS}requiresResponse: true\nresend: 1\ntimeout: 2m\n`;
const policy = policyOf(REQUIRED);
const grants = policyOf(
  `${REQUIRED}onTimeout: { grant: full }\nwithoutSystemMessages: { grant: full }\nask: { every: 1h }\n`,
);
const notice = policyOf('requiresResponse: false\n');

const set = setOf();
const content = { issuedAt: NOW - 1, languageIndex: 0, languageTold: false, user: '', client: '', cookie: '' };
const chosen = (of: OffLinePolicy, id: string): JudgedAnswer => ({
  kind: 'chosen',
  set,
  policy: of,
  option: of.options.find((option) => option.id === id),
  token: `token-${id}`,
  content,
});
const late = (of: OffLinePolicy): JudgedAnswer => ({ kind: 'late', set, policy: of, token: 'late', content });
const worthless: JudgedAnswer = { kind: 'worthless', reason: 'wrong-key' };
const accepted = (of: OffLinePolicy, facts = {}) => [
  { policy: of.id, version: of.version, option: 'accept', acceptedAt: NOW - 3_599_999, ...facts },
];
const held = (of: OffLinePolicy, optionId: string): NegotiationWindow =>
  hold(EMPTY_WINDOW, set.hash, {
    policyId: of.id,
    policyVersion: of.version,
    optionId,
    token: 'held',
    cookie: 'c',
    until: NOW + 1,
    way: 'system-message-user',
    language: 'en',
    presentedAt: NOW - 1,
    decidedAt: NOW,
    tries: 1,
  });
const asked = (of: OffLinePolicy, times: number, at = NOW - 1): NegotiationWindow =>
  Array.from({ length: times }).reduce<NegotiationWindow>(
    (window) => countAsked(window, set.hash, [of], at),
    EMPTY_WINDOW,
  );

const other = { ...policy, id: 'other' };

const rows: readonly (readonly [string, OffLinePolicy, Partial<StandingFacts>, string])[] = [
  ['nothing is known', policy, {}, 'outstanding'],
  ['declined now', policy, { answers: [chosen(policy, 'decline')] }, 'refused declined 403'],
  [
    'declined and accepted at once',
    policy,
    { answers: [chosen(policy, 'accept'), chosen(policy, 'decline')] },
    'refused declined 403',
  ],
  [
    'declined now, accepted earlier',
    policy,
    { answers: [chosen(policy, 'decline')], accepted: accepted(policy) },
    'refused declined 403',
  ],
  ['another policy declined', policy, { answers: [chosen(other, 'decline')] }, 'outstanding'],
  ['chosen now', policy, { answers: [chosen(policy, 'accept')] }, 'settled answered full'],
  [
    'chosen now by one who cannot be asked',
    policy,
    { answers: [chosen(policy, 'accept')], knowsSystemMessages: false },
    'settled answered full',
  ],
  ['another policy chosen', policy, { answers: [chosen(other, 'accept')] }, 'outstanding'],
  ['worthless', policy, { answers: [worthless] }, 'outstanding'],
  ['remembered', policy, { accepted: accepted(policy) }, 'settled remembered full'],
  [
    'remembered by one who cannot be asked',
    policy,
    { accepted: accepted(policy), knowsSystemMessages: false },
    'settled remembered full',
  ],
  ['remembered of an older version', policy, { accepted: accepted(policy, { version: 0 }) }, 'outstanding'],
  ['remembered of another policy', policy, { accepted: accepted(other) }, 'outstanding'],
  ['remembered with an option that is gone', policy, { accepted: accepted(policy, { option: 'gone' }) }, 'outstanding'],
  [
    'remembered with an option that denies by now',
    policy,
    { accepted: accepted(policy, { option: 'decline' }) },
    'outstanding',
  ],
  ['remembered for an hour', grants, { accepted: accepted(grants) }, 'settled remembered full'],
  [
    'remembered for more than an hour',
    grants,
    { accepted: accepted(grants, { acceptedAt: NOW - 3_600_000 }) },
    'outstanding',
  ],
  [
    'remembered though asked at every login',
    policyOf(`${REQUIRED}ask: every-login\n`),
    { accepted: accepted(policy) },
    'outstanding',
  ],
  [
    'once, of an older version',
    policyOf(`${REQUIRED}ask: once\n`),
    { accepted: accepted(policy, { version: 0 }) },
    'settled remembered full',
  ],
  ['cannot be asked', policy, { knowsSystemMessages: false }, 'refused cannot-ask 403'],
  ['cannot be asked, granted', grants, { knowsSystemMessages: false }, 'settled cannot-ask full'],
  [
    'cannot be asked, sent to the page',
    policyOf(`${REQUIRED}withoutSystemMessages: { deny: { en: "Go to {consentUrl}" } }\n`),
    { knowsSystemMessages: false },
    'on-page',
  ],
  [
    'cannot be asked, asked in a conversation',
    policyOf(`${REQUIRED}withoutSystemMessages: { converse: true }\n`),
    { knowsSystemMessages: false },
    'in-conversation',
  ],
  [
    'asked in conversations too often',
    policyOf(`${REQUIRED}withoutSystemMessages: { converse: true }\n`),
    { knowsSystemMessages: false, window: asked(policy, 2) },
    'refused timed-out 408',
  ],
  [
    'shown in a conversation',
    policyOf('requiresResponse: false\nwithoutSystemMessages: { converse: true }\n'),
    { knowsSystemMessages: false, window: asked(notice, 1) },
    'settled shown none',
  ],
  [
    'answered before by one who cannot be asked',
    policy,
    { window: held(policy, 'accept'), knowsSystemMessages: false },
    'settled answered full',
  ],
  ['answered before', policy, { window: held(policy, 'accept') }, 'settled answered full'],
  ['declined before', policy, { window: held(policy, 'decline') }, 'refused declined 403'],
  ['answered before under another cookie', policy, { window: held(policy, 'accept'), cookie: 'x' }, 'outstanding'],
  [
    'answered before, declined now',
    policy,
    { window: held(policy, 'accept'), answers: [chosen(policy, 'decline')] },
    'refused declined 403',
  ],
  [
    'answered before, late now',
    policy,
    { window: held(policy, 'accept'), answers: [late(policy)] },
    'settled answered full',
  ],
  ['late', policy, { answers: [late(policy)] }, 'refused timed-out 408'],
  ['late, granted', grants, { answers: [late(grants)] }, 'settled timed-out full'],
  ['late, and in time', policy, { answers: [late(policy), chosen(policy, 'accept')] }, 'settled answered full'],
  ['another policy late', policy, { answers: [late(other)] }, 'outstanding'],
  ['asked as often as allowed', policy, { window: asked(policy, 1) }, 'outstanding'],
  ['asked too often', policy, { window: asked(policy, 2) }, 'refused timed-out 408'],
  [
    'asked too often, answered now',
    policy,
    { window: asked(policy, 2), answers: [chosen(policy, 'accept')] },
    'settled answered full',
  ],
  ['asked too often, granted', grants, { window: asked(grants, 2) }, 'settled timed-out full'],
  ['asked too often in an earlier window', policy, { window: asked(policy, 2, NOW - 120_000) }, 'outstanding'],
  ['shown', notice, { window: asked(notice, 1) }, 'settled shown none'],
  ['not shown yet', notice, {}, 'outstanding'],
  ['shown in an earlier window', notice, { window: asked(notice, 1, NOW - 120_000) }, 'outstanding'],
];

describe('where a policy stands', () => {
  test.each(rows)('%s', (_name, of, facts, expected) => {
    const standing = standingOf(of, {
      knowsSystemMessages: true,
      accepted: [],
      answers: [],
      window: EMPTY_WINDOW,
      cookie: 'c',
      now: NOW,
      ...facts,
    });
    const got =
      standing.kind === 'settled'
        ? `settled ${standing.how} ${standing.level?.name ?? 'none'}`
        : standing.kind === 'refused'
          ? `refused ${standing.how} ${standing.code}`
          : standing.kind;
    expect(got).toBe(expected);
  });
});
