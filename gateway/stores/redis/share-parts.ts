/**
 * What the stores of mailboxes and of System Messages are made of in Redis. Over all shares and without a token they are the
 * whole store; over one share and with the token of the node that holds it they are what that node changes it by.
 */
import type { RedisArgument, RedisConnection, RedisLink, RedisReply } from './connection.ts';
import type { KeySpace } from './keys.ts';
import type { ShareScript } from './script.ts';

export interface RedisShareParts {
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
  /** What goes through all goes through these, in rising order. */
  readonly shares: readonly number[];
  /** Every write fails with `FENCED` where another node holds the share; empty: whoever holds it. */
  readonly token: string;
}

/** @throws StoreWriteError `FENCED` where another node holds the share, and nothing is changed */
export function runInShare(
  { connection, keys, token }: RedisShareParts,
  script: ShareScript,
  share: number,
  touched: readonly string[],
  args: readonly RedisArgument[],
  link: RedisLink = connection.requests,
): Promise<RedisReply> {
  return link.run(script, [...touched, keys.lease(share)], [...args, token]);
}
