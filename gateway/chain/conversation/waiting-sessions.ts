/**
 * The sessions that the gateway itself holds for clients which cannot be asked otherwise: who is asked, what is still to be
 * asked, what waits to be polled [X21]. All of it is plain data for as long as a question waits, bounded in number, in
 * memory; it holds no password, digest, nonce, cookie, and nothing that a user wrote.
 */
import { LRUCache } from 'lru-cache';
import type { About } from '../../conversation/question-text.ts';
import type { CspVersion, Encoding } from '../../csp/versions.ts';
import type { Asked } from '../../negotiation/token.ts';
import type { Clock, Secrets } from '../../ports.ts';

/** A NewMessage that the client has not acknowledged. Its text is made when it is polled. */
export interface WaitingMessage {
  readonly messageId: string;
  readonly about: About;
  /** Longer texts go out in several messages; from 0. */
  readonly page: number;
  /** The last time that it went out; undefined: not yet. */
  readonly sent: { readonly transactionId: string; readonly at: number } | undefined;
}

/** The question that an answer belongs to. */
export interface AskedQuestion {
  readonly policyId: string;
  readonly token: string;
  /** When the answer comes too late, in wall-clock milliseconds. */
  readonly until: number;
  /** Tag of the language in which it is shown; undefined until it is. */
  readonly language: string | undefined;
  /** Number of the option that was chosen without the word that proves reading. */
  readonly optionId: string | undefined;
}

export interface WaitingSession {
  readonly asked: Asked;
  /** Names the negotiation of this user and client; of its waiting sessions there is one at most. */
  readonly windowKey: string;
  /** As the client sent it: a live session may know its user. */
  readonly userId: string;
  readonly version: CspVersion;
  readonly encoding: Encoding;
  /** What the client said that it wants to read. */
  readonly languageTold: string | undefined;
  /** What it is asked in when it said nothing. */
  readonly languageOfVasp: string | undefined;
  /** Hash of the policy set that the questions are of. */
  readonly setHash: string;
  /** Ids of the policies that are still to be asked, in order. */
  readonly toAsk: readonly string[];
  readonly question: AskedQuestion | undefined;
  readonly waiting: readonly WaitingMessage[];
  /** The longest content that the client takes, in bytes; undefined: it did not say. */
  readonly contentBytes: number | undefined;
  readonly keepAliveSeconds: number;
  /** The sentence with which the session ends; undefined while it goes on. */
  readonly ending: string | undefined;
  /** TransactionID of the Disconnect, once it went out. */
  readonly disconnectId: string | undefined;
  /** Wall-clock milliseconds. */
  readonly expiresAt: number;
}

/** The longest language tag that is kept of what a client says. */
const LONGEST_LANGUAGE = 35;

/** A client's word for its language as it is kept; undefined when it said none. */
export function toldLanguage(language: string | undefined): string | undefined {
  return language === undefined || language === '' ? undefined : language.slice(0, LONGEST_LANGUAGE);
}

/** Preferred languages, best first. */
export function languagesOf({ languageTold, languageOfVasp }: WaitingSession): readonly (string | undefined)[] {
  return [languageTold, languageOfVasp];
}

/** What a change makes of a session, undefined ending it, and what is told to whoever asked for the change. */
export interface Changed<T> {
  readonly session: WaitingSession | undefined;
  readonly result: T;
}

/** Asynchronous because processes that share their clients share these sessions too. */
export interface WaitingSessions {
  /** Keeps a session under a fresh id, in the place of an older one of the same user and client; gives the id. */
  open(session: WaitingSession): Promise<string>;
  /**
   * Changes one session; changes of the same session wait for each other. `change` gets undefined when there is none, and
   * then must give none.
   */
  inTurn<T>(sessionId: string, change: (session: WaitingSession | undefined) => Promise<Changed<T>>): Promise<T>;
  /** Ends the session of a user and client, if there is one. */
  end(windowKey: string): Promise<void>;
}

/** No VASP begins its session ids so; clients take at most 50 characters [P1.2]. */
export const WAITING_SESSION_PREFIX = 'sapgw-waiting.';
const ID_BYTES = 18;

/** Whether a session id is of the gateway's own making, alive or not. */
export function isWaitingSessionId(sessionId: string): boolean {
  return sessionId.startsWith(WAITING_SESSION_PREFIX);
}

export class MemoryWaitingSessions implements WaitingSessions {
  readonly #sessions: LRUCache<string, WaitingSession>;
  /** Session ids by window key. */
  readonly #idOf = new Map<string, string>();
  /** The last change of each session that is under way. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #clock: Clock;
  readonly #secrets: Secrets;

  /**
   * @param maxEntries when there are more, the longest unused one ends.
   * @param evicted hears the name of this memory when one did
   */
  constructor(clock: Clock, secrets: Secrets, maxEntries: number, evicted: (memory: string) => void = () => {}) {
    this.#clock = clock;
    this.#secrets = secrets;
    this.#sessions = new LRUCache({
      max: maxEntries,
      dispose: ({ windowKey }, id, reason) => {
        if (reason === 'evict') evicted('conversations');
        if (reason !== 'set' && this.#idOf.get(windowKey) === id) this.#idOf.delete(windowKey);
      },
    });
  }

  async open(session: WaitingSession): Promise<string> {
    await this.end(session.windowKey);
    const id = WAITING_SESSION_PREFIX + Buffer.from(this.#secrets.randomBytes(ID_BYTES)).toString('base64url');
    this.#sessions.set(id, session);
    this.#idOf.set(session.windowKey, id);
    return id;
  }

  async inTurn<T>(sessionId: string, change: (session: WaitingSession | undefined) => Promise<Changed<T>>): Promise<T> {
    const before = this.#turns.get(sessionId) ?? Promise.resolve();
    const turn = before.then(() => this.#change(sessionId, change));
    // A change that failed must not keep the next one from its turn.
    const settled = turn.catch(() => undefined);
    this.#turns.set(sessionId, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(sessionId) === settled) this.#turns.delete(sessionId);
    }
  }

  async #change<T>(id: string, change: (session: WaitingSession | undefined) => Promise<Changed<T>>): Promise<T> {
    const { session, result } = await change(this.#alive(id));
    // A login of the same user and client may have ended it meanwhile.
    if (session !== undefined && this.#sessions.has(id)) this.#sessions.set(id, session);
    else this.#sessions.delete(id);
    return result;
  }

  #alive(id: string): WaitingSession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || this.#clock.wall() < session.expiresAt) return session;
    this.#sessions.delete(id);
    return undefined;
  }

  async end(windowKey: string): Promise<void> {
    const id = this.#idOf.get(windowKey);
    if (id !== undefined) this.#sessions.delete(id);
  }

  /** Drops what has expired. To be called now and then. */
  sweep(): void {
    const now = this.#clock.wall();
    for (const [id, { expiresAt }] of this.#sessions.entries()) if (now >= expiresAt) this.#sessions.delete(id);
  }

  /** Every session as it is kept, for those who look at what is kept. */
  kept(): readonly WaitingSession[] {
    return [...this.#sessions.values()];
  }
}
