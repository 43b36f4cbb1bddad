/** Replies of Redis as what they are known to be: whatever else comes is a fault of the script that was run. */
import type { RedisReply } from './connection.ts';

export function listOf(reply: RedisReply | undefined): readonly RedisReply[] {
  if (typeof reply === 'object' && reply !== null && !Buffer.isBuffer(reply)) return reply;
  throw unexpected();
}

export function textsOf(reply: RedisReply): readonly string[] {
  return listOf(reply).map(textOf);
}

export function textOf(reply: RedisReply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  throw unexpected();
}

/** Undefined where there is nothing. */
export function bytesOf(reply: RedisReply | undefined): Buffer | undefined {
  if (reply === null || Buffer.isBuffer(reply)) return reply ?? undefined;
  throw unexpected();
}

/** Bulk strings, undefined for those that are not there. */
export function bytesListOf(reply: RedisReply | undefined): (Buffer | undefined)[] {
  return listOf(reply).map(bytesOf);
}

/** An integer, or one written as text; 0 where there is nothing. */
export function numberOf(reply: RedisReply | undefined): number {
  if (typeof reply === 'number') return reply;
  const number = Number(bytesOf(reply)?.toString() ?? 0);
  if (Number.isNaN(number)) throw unexpected();
  return number;
}

function unexpected(): TypeError {
  return new TypeError('Redis answered with something of another kind');
}
