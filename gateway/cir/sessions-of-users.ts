/** Which sessions are a user's: a user may be called without anybody knowing in how many sessions. */
export class SessionsOfUsers {
  readonly #keys = new Map<string, string[]>();

  add(userKey: string, sessionKey: string): void {
    const keys = this.#keys.get(userKey);
    if (keys === undefined) this.#keys.set(userKey, [sessionKey]);
    else if (!keys.includes(sessionKey)) keys.push(sessionKey);
  }

  remove(userKey: string, sessionKey: string): void {
    const keys = this.#keys.get(userKey);
    if (keys === undefined) return;
    const left = keys.filter((key) => key !== sessionKey);
    if (left.length === 0) this.#keys.delete(userKey);
    else this.#keys.set(userKey, left);
  }

  of(userKey: string): readonly string[] {
    return this.#keys.get(userKey) ?? [];
  }
}
