/**
 * Tokens that have done their work, one key each, in the share of the user whom the token names: those of one login are in one
 * share, so that one script claims all of them or none. A key lives as long as its token could be answered.
 */
import type { RedisConnection } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { CLAIM_TOKENS } from './negotiations-scripts.ts';
import { shareOfToken } from './negotiations-shares.ts';
import { listOf } from './replies.ts';

export interface SpentTokensParts {
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
  readonly answerableMillis?: () => number;
}

/** The longest time-out that a policy may have [policy-files]. */
const LONGEST_TIMEOUT_MILLIS = 7 * 86_400_000;
/** Clocks of nodes may differ by less. */
const BETWEEN_CLOCKS_MILLIS = 60_000;

export class SpentTokens {
  readonly #parts: SpentTokensParts;

  constructor(parts: SpentTokensParts) {
    this.#parts = parts;
  }

  /** Those that are claimed. */
  async spent(tokens: readonly string[]): Promise<ReadonlySet<string>> {
    const spent = new Set<string>();
    for (const [share, own] of byShare(tokens)) {
      const values = await this.#parts.connection.requests.command('MGET', ...this.#keys(share, own));
      for (const [index, value] of listOf(values).entries()) if (value !== null) spent.add(own[index] ?? '');
    }
    return spent;
  }

  /** False, and nothing claimed, when any of them is claimed already. */
  async claim(tokens: readonly string[]): Promise<boolean> {
    const { connection, answerableMillis } = this.#parts;
    const lifeMillis = Math.ceil(answerableMillis?.() ?? LONGEST_TIMEOUT_MILLIS) + BETWEEN_CLOCKS_MILLIS;
    const claimed: string[] = [];
    // One share, but for what no login of ours sent.
    for (const [share, own] of byShare(tokens)) {
      if ((await connection.requests.run(CLAIM_TOKENS, this.#keys(share, own), [lifeMillis])) !== 1) {
        await this.release(claimed);
        return false;
      }
      claimed.push(...own);
    }
    return true;
  }

  async release(tokens: readonly string[]): Promise<void> {
    for (const [share, own] of byShare(tokens)) {
      await this.#parts.connection.requests.command('DEL', ...this.#keys(share, own));
    }
  }

  #keys(share: number, tokens: readonly string[]): string[] {
    return tokens.map((token) => this.#parts.keys.inShare(share, 'spent', token));
  }
}

/** Each once, in the order in which they are given. */
function byShare(tokens: readonly string[]): ReadonlyMap<number, readonly string[]> {
  const shares = new Map<number, string[]>();
  for (const token of new Set(tokens)) {
    const share = shareOfToken(token);
    const own = shares.get(share);
    if (own === undefined) shares.set(share, [token]);
    else own.push(token);
  }
  return shares;
}
