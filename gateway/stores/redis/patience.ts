/**
 * How long one command may take, so that a client who waits for several, one after the other, waits for less than a second in
 * all, and yet a disk that holds Redis up for a moment fails nobody: the first slow command has all the time there is, those
 * that follow what is left of it, until Redis is quick again. What was waited for another node, who is heard through Redis,
 * counts as well.
 */

/** An answer after longer is a slow one. */
const SLOW_MILLIS = 50;
/** For a command at the end of a slow time: one that is answered as quickly as usual ends it. */
const LEAST_MILLIS = 100;
/** For another node and a command behind that. */
const TOGETHER_MILLIS = 900;

export class Patience {
  readonly #millis: number;
  /** When the first command of a slow time was sent, in monotonic milliseconds; undefined while Redis is quick. */
  #slowSince: number | undefined;

  /** @param millis that a slow time may take in all */
  constructor(millis: number) {
    this.#millis = millis;
  }

  /** How long a command that is sent now may take. */
  left(now: number): number {
    if (this.#slowSince === undefined) return this.#millis;
    return Math.max(Math.min(LEAST_MILLIS, this.#millis), this.#millis - (now - this.#slowSince));
  }

  /** Another node was waited for so long, in vain or while a share moved. */
  waited(millis: number, now: number): void {
    const left = Math.max(LEAST_MILLIS, TOGETHER_MILLIS - millis);
    if (left < this.left(now)) this.#slowSince = now - (this.#millis - left);
  }

  /** A command was answered, or its time is over. */
  took(sentAt: number, now: number): void {
    if (now - sentAt > SLOW_MILLIS) this.#slowSince = Math.min(this.#slowSince ?? sentAt, sentAt);
    else if (this.#slowSince !== undefined && sentAt > this.#slowSince) this.#slowSince = undefined;
  }
}
