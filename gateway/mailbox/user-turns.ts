/** Does what concerns one user one after the other, and what concerns different users at the same time. */
export class UserTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Resolves, or rejects, with what the work does; the next one's turn comes either way. */
  run<T>(userKey: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(userKey);
    const turn = before === undefined ? work() : before.then(work, work);
    this.#last.set(userKey, turn);
    const leave = (): void => {
      if (this.#last.get(userKey) === turn) this.#last.delete(userKey);
    };
    turn.then(leave, leave);
    return turn;
  }
}
