/**
 * A storm of logins: everybody is asked; 80 % accept, 10 % decline, 10 % never answer. Whoever runs it compares what
 * the phones saw, what the VASP was sent and what the gateway counted: every login is decided, and none reaches the VASP
 * that was not accepted.
 */
import { Agent } from 'undici';
import { randomFractions } from '../random.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { loginOf, send } from './phone.ts';
import type { LoadVasp } from './vasp.ts';

export interface StormPlan {
  readonly users: number;
  /** Over how long they arrive, by a fixed schedule; undefined: as fast as they are served, so many at a time. */
  readonly arrival: { readonly seconds: number } | { readonly atATime: number };
  /** How long a user thinks at most before answering, in milliseconds. */
  readonly thinkingMillis: number;
  readonly seed: number;
}

export interface StormResult {
  readonly accepted: number;
  readonly declined: number;
  readonly silent: number;
  /** What phones got that they should not have, as `user: expected, got`; the first few. */
  readonly surprises: readonly string[];
  /** Logins that reached the VASP without an answer that accepts, or more than once. */
  readonly undueForwards: number;
  readonly seconds: number;
}

type Outcome = 'accepted' | 'declined' | 'silent';

/** Runs it to the end of the last phone's part; silent users' questions are still waiting then. */
export async function runStorm(gateway: GatewayProcess, vasp: LoadVasp, plan: StormPlan): Promise<StormResult> {
  const random = randomFractions(plan.seed);
  const people = Array.from({ length: plan.users }, (_, index) => ({
    user: `wv:storm-${index}@im.example`,
    outcome: outcomeOf(random()),
    thinkingMillis: random() * plan.thinkingMillis,
  }));
  const hasAccepted = new Set<string>();
  let undueForwards = 0;
  vasp.onLogin = (user) => {
    if (!hasAccepted.delete(user)) undueForwards += 1;
  };
  const agent = new Agent({ connections: 256, pipelining: 1 });
  const origin = `http://127.0.0.1:${gateway.port}`;
  const surprises: string[] = [];
  const expected = (user: string, what: string, wanted: boolean, got: string): void => {
    if (!wanted && surprises.length < 10) surprises.push(`${user}: ${what}, got ${got}`);
  };
  const live = async ({ user, outcome, thinkingMillis }: (typeof people)[number]): Promise<void> => {
    try {
      const asked = await send(agent, origin, loginOf(user));
      expected(user, 'a question', asked.code === '403' && asked.messages.length === 1, asked.code);
      if (outcome === 'silent') return;
      if (thinkingMillis > 0) await new Promise((resolve) => setTimeout(resolve, thinkingMillis));
      if (outcome === 'accepted') hasAccepted.add(user);
      const option = outcome === 'accepted' ? 1 : 2;
      const { code, sessionId } = await send(agent, origin, loginOf(user, { messages: asked.messages, option }));
      if (outcome === 'accepted') expected(user, 'a session', code === '200' && sessionId !== undefined, code);
      else expected(user, 'a denial', code === '403' && sessionId === undefined, code);
    } catch (error) {
      expected(user, 'an answer', false, error instanceof Error ? error.message : 'none');
    }
  };
  const startedAt = performance.now();
  await arrive(people, plan.arrival, live);
  const seconds = (performance.now() - startedAt) / 1000;
  vasp.onLogin = undefined;
  await agent.close();
  const count = (wanted: Outcome): number => people.filter(({ outcome }) => outcome === wanted).length;
  const counts = { accepted: count('accepted'), declined: count('declined'), silent: count('silent') };
  return { ...counts, surprises, undueForwards, seconds };
}

function outcomeOf(chance: number): Outcome {
  return chance < 0.8 ? 'accepted' : chance < 0.9 ? 'declined' : 'silent';
}

async function arrive<Person>(
  people: readonly Person[],
  arrival: StormPlan['arrival'],
  live: (person: Person) => Promise<void>,
): Promise<void> {
  if ('atATime' in arrival) {
    const waiting = people[Symbol.iterator]();
    await Promise.all(
      Array.from({ length: arrival.atATime }, async () => {
        // One iterator for all: each takes the next.
        for (const person of waiting) await live(person);
      }),
    );
    return;
  }
  const lives: Promise<void>[] = [];
  const startedAt = performance.now();
  while (lives.length < people.length) {
    const due = Math.ceil(((performance.now() - startedAt) / 1000 / arrival.seconds) * people.length);
    for (const person of people.slice(lives.length, due)) lives.push(live(person));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(lives);
}

/** What the gateway counted of the storm's questions, by outcome. */
export async function decisions(gateway: GatewayProcess): Promise<Readonly<Record<string, number>>> {
  const of = (outcome: string): Promise<number> => gateway.metric('sapgw_negotiations_total', `outcome="${outcome}"`);
  const [accepted, declined, timedOut] = await Promise.all(['accepted', 'declined', 'timed-out'].map(of));
  return { accepted: accepted ?? 0, declined: declined ?? 0, 'timed-out': timedOut ?? 0 };
}

/** Waits until that many questions are decided, or the time-out has passed more than twice; resolves with how many are. */
export async function decided(gateway: GatewayProcess, wanted: number, timeoutSeconds: number): Promise<number> {
  const until = performance.now() + (2 * timeoutSeconds + 5) * 1000;
  for (;;) {
    const counts = await decisions(gateway);
    const total = Object.values(counts).reduce((sum, one) => sum + one, 0);
    if (total >= wanted || performance.now() > until) return total;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
