import { describe, expect, test } from '@jest/globals';
import type { Trigger } from '../../gateway/policy/model.ts';
import { isMet, matchesStatus, type Occasion } from '../../gateway/policy/occasions.ts';

describe('a status', () => {
  test.each([
    ['4xx', 404, true],
    ['4xx', 504, false],
    ['50x', 506, true],
    ['50x', 516, false],
    ['506', 506, true],
    ['506', 507, false],
    ['4xx', 40, false],
    ['4xx', 4040, false],
  ])('%s counts %d: %s', (pattern, status, counts) => {
    expect(matchesStatus(['999', pattern], status)).toBe(counts);
  });
});

describe('a trigger', () => {
  const ERRORS: Trigger = { on: 'repeated-errors', count: 2, withinMillis: 60_000, statuses: ['4xx'] };
  const EXPOSED: Trigger = { on: 'presence-exposed', attributes: new Set(['Address', 'GeoLocation']) };
  const errors = (statuses: readonly number[], withinMillis = 60_000): Occasion => ({
    on: 'repeated-errors',
    statuses,
    withinMillis,
  });
  test.each<[string, Trigger, Occasion, boolean]>([
    ['login', { on: 'login' }, { on: 'login' }, true],
    ['login at the first one', { on: 'login' }, { on: 'first-login' }, true],
    ['first login', { on: 'first-login' }, { on: 'first-login' }, true],
    ['first login at a later one', { on: 'first-login' }, { on: 'login' }, false],
    ['operator at nothing but a word', { on: 'operator' }, { on: 'login' }, false],
    ['another event', { on: 'added-to-contact-list' }, { on: 'presence-authorization-changed' }, false],
    ['one of the attributes', EXPOSED, { on: 'presence-exposed', attributes: ['Alias', 'Address'] }, true],
    ['none of the attributes', EXPOSED, { on: 'presence-exposed', attributes: ['Alias'] }, false],
    ['enough errors', ERRORS, errors([404, 200, 410]), true],
    ['too few errors', ERRORS, errors([404, 506]), false],
    ['errors too far apart', ERRORS, errors([404, 410], 60_001), false],
    ['something else than errors', ERRORS, { on: 'login' }, false],
  ])('%s', (_, trigger, occasion, met) => expect(isMet(trigger, occasion)).toBe(met));
});
