/**
 * The traffic of a soak: phones log in, are asked, answer, write, poll, log out, and break off at random moments, while the
 * policies change under them. Users are the same few over and over, so that what a process holds for them stops growing.
 */
import { Agent } from 'undici';
import { randomFractions } from '../random.ts';
import { chargePolicies } from './charge-policies.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { loginOf, logoutOf, type PhoneAnswer, pollingOf, send, textOf } from './phone.ts';

const USERS = 200;
/** Of all requests. */
const ABORTED_SHARE = 0.1;
const ABORTED_WITHIN_MILLIS = 8;
const MESSAGES = 20;
const RELOAD_MILLIS = 500;

/**
 * Caches so small that the warm-up fills them: a phone that breaks off its login leaves a session that lives until its time
 * is over.
 */
export const SOAK_LIMITS = '{ sessions: 100, sessionGrace: 10s, negotiations: 1000 }';

/** Asks at every login, so that each of the soak's logins is a negotiation; two versions in turn. */
export const soakPolicies = (version: number) => chargePolicies('2s', ['ask: every-login', 'record: none'], version);

export interface SoakTraffic {
  /** How much happened until now. */
  readonly counts: { sessions: number; messages: number; aborted: number; reloads: number };
  /** Answers that nothing explains; the first few. */
  readonly surprises: readonly string[];
  /** Finishes what is under way and closes every connection. */
  stop(): Promise<void>;
}

/** Starts phones that go on until they are stopped, and an operator who changes the policies. */
export function startSoak(gateway: GatewayProcess, seed: number, phones: number): SoakTraffic {
  const counts = { sessions: 0, messages: 0, aborted: 0, reloads: 0 };
  const surprises: string[] = [];
  const agent = new Agent({ connections: phones });
  const origin = `http://127.0.0.1:${gateway.port}`;
  const random = randomFractions(seed);
  let isOver = false;

  /** The answer; undefined when the phone broke off before it came. */
  const ask = async (body: string): Promise<PhoneAnswer | undefined> => {
    if (random() >= ABORTED_SHARE) return send(agent, origin, body);
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), random() * ABORTED_WITHIN_MILLIS);
    try {
      return await send(agent, origin, body, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      counts.aborted += 1;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };
  const expected = (what: string, wanted: string, answer: PhoneAnswer | undefined): void => {
    if (answer === undefined || answer.code === wanted || surprises.length === 10) return;
    surprises.push(`${what} got ${answer.code}`);
  };
  const session = async (user: string): Promise<void> => {
    const asked = await ask(loginOf(user));
    expected('a login', '403', asked);
    if (asked === undefined) return;
    const opened = await ask(loginOf(user, { messages: asked.messages, option: 1 }));
    expected('an answer', '200', opened);
    if (opened?.sessionId === undefined) return;
    counts.sessions += 1;
    for (let index = 0; index < MESSAGES; index += 1) {
      const { sessionId } = opened;
      const body = index % 4 === 0 ? pollingOf(sessionId) : textOf(sessionId, 'wv:bob@im.example', `text ${index}`);
      expected('a message', '200', await ask(body));
      counts.messages += 1;
    }
    // Never broken off: a session that nobody ended lives on, as it should, and is no leak.
    await send(agent, origin, logoutOf(opened.sessionId));
  };
  const phone = async (number: number): Promise<void> => {
    for (let turn = number; !isOver; turn += phones) {
      try {
        await session(`wv:soak-${turn % USERS}@im.example`);
      } catch (error) {
        if (surprises.length < 10) surprises.push(String(error));
      }
    }
  };
  const operator = async (): Promise<void> => {
    for (let version = 2; !isOver; version = 3 - version) {
      if ((await gateway.reload('charge.yaml', soakPolicies(version)['charge.yaml'])) === 'loaded') counts.reloads += 1;
      await new Promise((resolve) => setTimeout(resolve, RELOAD_MILLIS));
    }
  };
  const running = [operator(), ...Array.from({ length: phones }, (_, number) => phone(number))];
  return {
    counts,
    surprises,
    stop: async () => {
      isOver = true;
      await Promise.all(running);
      await agent.destroy();
    },
  };
}
