/**
 * Whose turn it is when a client polls and both the VASP and the gateway have something for it: they take turns, so that
 * neither starves, and Poll says T while either waits [X42, P8.2]. Known only of sessions for which the gateway holds
 * something; for all others the VASP is asked and its word on Poll stands.
 */
export type Side = 'vasp' | 'own';

interface Turn {
  readonly next: Side;
  /** What the VASP's last message in the session said of Poll; undefined when it has not been heard. */
  readonly vaspPolls: boolean | undefined;
}

/** The VASP comes first, so that its word on Poll is known when the gateway's own message goes out. */
const FIRST: Turn = { next: 'vasp', vaspPolls: undefined };

/** Sessions in the middle of a hand-over; one forgotten begins anew with the VASP. */
const SESSIONS = 50_000;

export class Turns {
  /** The one that was heard of longest ago first; a plain map, because most of the time nothing stands in it. */
  readonly #turns = new Map<string, Turn>();

  /** From now on what the VASP says of Poll is kept. */
  begin(sessionKey: string): void {
    if (!this.#turns.has(sessionKey)) this.#set(sessionKey, FIRST);
  }

  isUnderWay(sessionKey: string): boolean {
    return this.#turns.size > 0 && this.#turns.has(sessionKey);
  }

  next(sessionKey: string): Side {
    return this.#of(sessionKey).next;
  }

  /** That side has handed something over. */
  served(sessionKey: string, side: Side): void {
    this.#set(sessionKey, { ...this.#of(sessionKey), next: side === 'own' ? 'vasp' : 'own' });
  }

  /** What the VASP's message says of Poll; one that says nothing says F [P8.1]. */
  heard(sessionKey: string, vaspPolls: boolean): void {
    this.#set(sessionKey, { ...this.#of(sessionKey), vaspPolls });
  }

  hasHeard(sessionKey: string): boolean {
    return this.#of(sessionKey).vaspPolls !== undefined;
  }

  /** Whether the VASP has more as far as is known; a poll too many is better than a message that nobody fetches. */
  vaspPolls(sessionKey: string): boolean {
    return this.#of(sessionKey).vaspPolls ?? true;
  }

  /** The gateway has nothing to do with the session's messages any more: what was heard grows old unseen from now on. */
  over(sessionKey: string): void {
    this.#turns.delete(sessionKey);
  }

  #set(sessionKey: string, turn: Turn): void {
    this.#turns.delete(sessionKey);
    this.#turns.set(sessionKey, turn);
    if (this.#turns.size <= SESSIONS) return;
    const [oldest] = this.#turns.keys();
    if (oldest !== undefined) this.#turns.delete(oldest);
  }

  #of(sessionKey: string): Turn {
    return this.#turns.get(sessionKey) ?? FIRST;
  }
}
