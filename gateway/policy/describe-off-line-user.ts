/**
 * Policies for users who are away in an operator's words: what is kept, when, and how users are told. One wording for every
 * command that tells about policies.
 */
import { formatDuration, formatSize } from '../yaml/durations.ts';
import { alternatives } from '../yaml/wording.ts';
import type { OffLineUserPolicy } from './model.ts';

/** Such as `100 messages and 256KiB a user, for 7d`. */
export function describeKeep({ keep: { messages, bytes, forMillis } }: Pick<OffLineUserPolicy, 'keep'>): string {
  return `${messages} ${messages === 1 ? 'message' : 'messages'} and ${formatSize(bytes)} a user, for ${formatDuration(forMillis)}`;
}

/** Such as `410 or 533`. */
export function describeStoreOn({ storeOn }: Pick<OffLineUserPolicy, 'storeOn'>): string {
  return alternatives([...storeOn].toSorted((a, b) => a - b).map(String));
}

/** Such as `by sms, at most every 30m`. */
export function describeNotify({ bearer, atMostEveryMillis }: NonNullable<OffLineUserPolicy['notify']>): string {
  return `by ${bearer}, at most every ${formatDuration(atMostEveryMillis)}`;
}
