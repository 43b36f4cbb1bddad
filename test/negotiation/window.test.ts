/** Proves the arithmetic of a window: what counts, until when exactly, and what a closed window keeps. */
import { describe, expect, test } from '@jest/globals';
import {
  closed,
  countAsked,
  countWorthless,
  EMPTY_WINDOW,
  endOf,
  type HeldAnswer,
  heldChoice,
  hold,
  setUnderWay,
  timesAsked,
} from '../../gateway/negotiation/window.ts';
import { policyOf } from '../policy/sample.ts';

const NOW = 1_000_000;
const policy = policyOf('timeout: 2m\noptions:\n  - { id: yes-please, text: { en: Yes }, grant: full }\n');
const SET = 'a set';
const HELD: HeldAnswer = {
  policyId: policy.id,
  policyVersion: policy.version,
  optionId: 'yes-please',
  token: 'token',
  cookie: 'cookie',
  until: NOW + 100,
  way: 'system-message-user',
  language: 'en',
  presentedAt: NOW - 1,
  decidedAt: NOW,
  tries: 1,
};

describe('how often a message was sent', () => {
  test('counts from nothing, and the window begins with the first time', () => {
    expect(timesAsked(EMPTY_WINDOW, policy, NOW)).toBe(0);
    const twice = countAsked(countAsked(EMPTY_WINDOW, SET, [policy], NOW), SET, [policy], NOW + 100_000);
    expect(timesAsked(twice, policy, NOW + 119_999)).toBe(2);
    expect(timesAsked(twice, policy, NOW + 120_000)).toBe(0);
  });

  test('begins again after the window', () => {
    const first = countAsked(EMPTY_WINDOW, SET, [policy], NOW);
    const next = countAsked(first, SET, [policy], NOW + 120_000);
    expect(timesAsked(next, policy, NOW + 239_999)).toBe(1);
    expect(timesAsked(next, policy, NOW + 240_000)).toBe(0);
  });

  test('changes no window that is there already', () => {
    const before = countAsked(EMPTY_WINDOW, SET, [policy], NOW);
    countAsked(before, SET, [policy], NOW + 1);
    expect(timesAsked(before, policy, NOW + 1)).toBe(1);
    expect(EMPTY_WINDOW.asked.size).toBe(0);
  });
});

describe('worthless answers', () => {
  test('add up within the time and are forgotten after it', () => {
    const two = countWorthless(countWorthless(EMPTY_WINDOW, 1, 60_000, NOW), 1, 60_000, NOW + 59_999);
    expect(two.worthless).toEqual({ since: NOW, count: 2, timeoutMillis: 60_000 });
    expect(countWorthless(two, 3, 60_000, NOW + 60_000).worthless).toEqual({
      since: NOW + 60_000,
      count: 3,
      timeoutMillis: 60_000,
    });
  });

  test('outlive the negotiation, and nothing else does', () => {
    const window = countWorthless(hold(countAsked(EMPTY_WINDOW, SET, [policy], NOW), SET, HELD), 4, 60_000, NOW);
    expect(closed(window)).toEqual({
      set: undefined,
      asked: new Map(),
      held: [],
      worthless: { since: NOW, count: 4, timeoutMillis: 60_000 },
    });
  });
});

describe('a held answer', () => {
  const window = hold(EMPTY_WINDOW, SET, HELD);

  test('counts for its policy version and cookie until its time', () => {
    expect(heldChoice(window, policy, 'cookie', NOW + 99)?.option?.id).toBe('yes-please');
    expect(heldChoice(window, policy, 'cookie', NOW + 100)).toBeUndefined();
    expect(heldChoice(window, policy, 'other', NOW)).toBeUndefined();
    expect(heldChoice(window, { ...policy, version: 2 }, 'cookie', NOW)).toBeUndefined();
    expect(heldChoice(window, { ...policy, id: 'another' }, 'cookie', NOW)).toBeUndefined();
  });

  test('counts under any cookie when it came by a way that has none', () => {
    const anywhere = hold(EMPTY_WINDOW, SET, { ...HELD, cookie: undefined });
    expect(heldChoice(anywhere, policy, 'other', NOW)?.option?.id).toBe('yes-please');
  });

  test('counts for nothing when its option is gone', () => {
    expect(heldChoice(hold(EMPTY_WINDOW, SET, { ...HELD, optionId: 'gone' }), policy, 'cookie', NOW)).toBeUndefined();
  });

  test('gives way to a newer one', () => {
    const newer = hold(window, SET, { ...HELD, token: 'newer' });
    expect(newer.held.map(({ token }) => token)).toEqual(['newer']);
  });
});

describe('the set that a negotiation is under', () => {
  const asked = countAsked(EMPTY_WINDOW, SET, [policy], NOW);

  test('is that of its questions, as long as one may be answered', () => {
    expect(setUnderWay(EMPTY_WINDOW, NOW)).toBeUndefined();
    expect(setUnderWay(asked, NOW + 119_999)).toBe(SET);
    expect(setUnderWay(asked, NOW + 120_000)).toBeUndefined();
    expect(setUnderWay(closed(asked), NOW)).toBeUndefined();
  });

  test('is that of its answers, as long as one counts', () => {
    const window = hold(EMPTY_WINDOW, SET, HELD);
    expect(setUnderWay(window, NOW + 99)).toBe(SET);
    expect(setUnderWay(window, NOW + 100)).toBeUndefined();
  });

  test('goes with the answers to another', () => {
    const other = hold(hold(EMPTY_WINDOW, SET, HELD), 'another', { ...HELD, policyId: 'other' });
    expect(other.set).toBe('another');
    expect(other.held.map(({ policyId }) => policyId)).toEqual(['other']);
  });
});

test('a window ends with its last part', () => {
  expect(endOf(EMPTY_WINDOW)).toBe(0);
  const asked = countAsked(EMPTY_WINDOW, SET, [policy], NOW);
  expect(endOf(asked)).toBe(NOW + 120_000);
  expect(endOf(hold(asked, SET, { ...HELD, until: NOW + 999_999 }))).toBe(NOW + 999_999);
  expect(endOf(countWorthless(asked, 1, 5_000, NOW + 1_000_000))).toBe(NOW + 1_005_000);
});
