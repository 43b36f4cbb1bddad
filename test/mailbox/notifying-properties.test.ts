/**
 * Whatever comes when, and whatever bearers and processes do: a user is told at most once in a window of a policy, and is told of
 * every message that waits long enough.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BearerOutcome } from '../../gateway/mailbox-ports.ts';
import { scaled } from '../scale.ts';
import { HOUR, MINUTE, NotifyingWorld, POLICY, SECOND, WINDOW } from './notifying-world.ts';

const SEED = Number(process.env.SAPGW_TEST_SEED ?? 20_261_123);
const USERS = ['bob', 'dave'];
const POLICIES = ['waiting', 'urgent'];

interface Step {
  readonly after: number;
  readonly user: string;
  readonly policy: string;
  readonly do: 'deposit' | 'deposit-while-sending' | 'read' | 'fail' | 'work' | 'die-while-sending';
}

const step: fc.Arbitrary<Step> = fc.record({
  after: fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 90 }).map((seconds) => seconds * SECOND),
    fc.constant(20 * MINUTE),
  ),
  user: fc.constantFrom(...USERS),
  policy: fc.constantFrom(...POLICIES),
  do: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Step['do']>('deposit') },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Step['do']>('deposit-while-sending', 'read', 'fail', 'work', 'die-while-sending'),
    },
  ),
});

test(`at most one a window, and none forgotten, seed ${SEED}`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const world = new NotifyingWorld(POLICY(), POLICY({ id: 'urgent' }));
      /** What went out, or may have gone out, as far as the user is concerned. */
      const told: { readonly of: string; readonly at: number; readonly count: number }[] = [];
      let answer: BearerOutcome | 'dies' = { kind: 'sent' };
      let meanwhile: Step | undefined;
      world.answers.set('sms', async ({ user, policy, count }) => {
        if (answer === 'dies') {
          told.push({ of: `${user} ${policy}`, at: world.clock.monotonic(), count });
          world.notifying = world.outbox();
          return new Promise<never>(() => undefined);
        }
        if (answer.kind === 'sent') told.push({ of: `${user} ${policy}`, at: world.clock.monotonic(), count });
        const coming = meanwhile;
        meanwhile = undefined;
        if (coming !== undefined) await world.deposit(coming.user, 'carol', coming.policy);
        return answer;
      });
      const pass = async (millis: number, every: number): Promise<void> => {
        for (let left = millis; left > 0; left -= every) {
          world.clock.advance(Math.min(every, left));
          await look();
        }
      };
      const look = async (): Promise<void> => {
        const { notifying } = world;
        await notifying.sweep();
        // One that died never ends.
        if (answer === 'dies') await new Promise((resolve) => setTimeout(resolve, 1));
        else await notifying.settled();
      };
      for (const one of steps) {
        await pass(one.after, Math.max(SECOND, Math.ceil(one.after / 30)));
        if (one.do === 'deposit') await world.deposit(one.user, 'alice', one.policy);
        else if (one.do === 'read') await world.readAll(one.user);
        else if (one.do === 'fail') answer = { kind: 'try-again', failure: 'timeout' };
        else if (one.do === 'work') answer = { kind: 'sent' };
        else if (one.do === 'deposit-while-sending') meanwhile = one;
        else answer = 'dies';
        await look();
        if (answer === 'dies') answer = { kind: 'sent' };
      }
      answer = { kind: 'sent' };
      world.notifying = world.outbox();
      await pass(3 * HOUR, MINUTE);
      for (const of of new Set(told.map((one) => one.of))) {
        const times = told.filter((one) => one.of === of).map(({ at }) => at);
        expect(times.slice(1).every((at, index) => at - (times[index] ?? 0) >= WINDOW)).toBe(true);
      }
      for (const user of USERS) {
        const messages = await world.store.waiting(user, 1_000);
        for (const policy of POLICIES) {
          const last = messages.filter((message) => message.policy === policy).at(-1);
          if (last === undefined) continue;
          const since = last.storedAt - world.clock.wall() + world.clock.monotonic();
          const of = `wv:${user}@im.example ${policy}`;
          expect(told.some((one) => one.of === of && one.at >= since)).toBe(true);
        }
      }
    }),
    { seed: SEED, numRuns: scaled(60, 2_000) },
  );
});
