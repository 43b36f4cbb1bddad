/**
 * The negotiation against its model, over random runs with a virtual clock: nothing is forwarded without acceptance, a login
 * is forwarded once at most, and every question comes to exactly one end and at most one record. The seed is fixed.
 */
import { describe, test } from '@jest/globals';
import fc from 'fast-check';
import { scaled } from '../scale.ts';
import { type AnswerKind, play, type Step } from './play.ts';
import { KIND_COUNT } from './world.ts';

const RUNS = scaled(2_000, 100_000);
const MOST_STEPS = 60;

const answer = fc.oneof(
  { weight: 6, arbitrary: fc.constant<AnswerKind>('1') },
  { weight: 3, arbitrary: fc.constantFrom<AnswerKind>('2', 'none') },
  {
    weight: 2,
    arbitrary: fc.constantFrom<AnswerKind>('3', '4', 'wrong-key', 'without-option', 'old', 'foreign', 'forged'),
  },
);

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Step['do']>('login') },
    { weight: 2, arbitrary: fc.constantFrom<Step['do']>('outband', 'wait') },
    { weight: 1, arbitrary: fc.constant<Step['do']>('reload') },
  ),
  phone: fc.nat(1),
  cookie: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  legacy: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  fourWay: fc.boolean(),
  vasp: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step['vasp']>('accepts') },
    { weight: 2, arbitrary: fc.constant<Step['vasp']>('challenges') },
    { weight: 1, arbitrary: fc.constantFrom<Step['vasp']>('refuses', 'fails') },
  ),
  answers: fc.array(answer, { minLength: 0, maxLength: 4 }),
  millis: fc.oneof(fc.nat(20_000), fc.nat(700_000)),
});

const kinds = fc.array(fc.nat(KIND_COUNT - 1), { minLength: 0, maxLength: 4 });

const sets = fc.array(kinds, { minLength: 1, maxLength: 3 });
const steps = fc.array(step, { minLength: 1, maxLength: MOST_STEPS, size: 'max' });

describe(`${RUNS} runs of at most ${MOST_STEPS} steps`, () => {
  test(
    'nothing is forwarded without acceptance, no login twice, and every question ends once',
    async () => {
      const runs = fc.asyncProperty(sets, steps, (drawn, taken) => play(drawn, taken, true));
      await fc.assert(runs, { seed: 20_261_122, numRuns: RUNS });
    },
    scaled(600_000, 7_200_000),
  );

  test(
    'nor is it under two cookies at once, with answers outside of logins and reloads between',
    async () => {
      const runs = fc.asyncProperty(sets, steps, (drawn, taken) => play(drawn, taken, false));
      await fc.assert(runs, { seed: 20_261_123, numRuns: RUNS / 4 });
    },
    scaled(600_000, 7_200_000),
  );
});
