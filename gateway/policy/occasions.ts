/**
 * What on-line policies wait for, as it happens: whether a trigger is meant by it [policy-files §3]. How often errors came
 * within which time is counted by whoever sees them.
 */
import type { Trigger } from './model.ts';

/** Whether a status of a transaction is one of those that a trigger counts: `4xx` stands for every one from 400 to 499. */
export function matchesStatus(statuses: readonly string[], status: number): boolean {
  const digits = String(status);
  return statuses.some((pattern) => {
    if (pattern.length !== digits.length) return false;
    for (let at = 0; at < pattern.length; at++) if (pattern[at] !== 'x' && pattern[at] !== digits[at]) return false;
    return true;
  });
}

/** Something that happened to a user who is logged in. */
export type Occasion =
  /** The first login of all is a login, too. */
  | { readonly on: 'login' | 'first-login' | 'added-to-contact-list' | 'presence-authorization-changed' }
  /** Names of presence attributes as on the wire. */
  | { readonly on: 'presence-exposed'; readonly attributes: readonly string[] }
  /** The statuses of transactions, from the first to the last of which so much time passed. */
  | { readonly on: 'repeated-errors'; readonly statuses: readonly number[]; readonly withinMillis: number };

/** Whether a message is sent for it. What operators send is sent for nothing but their word. */
export function isMet(trigger: Trigger, occasion: Occasion): boolean {
  switch (trigger.on) {
    case 'login':
      return occasion.on === 'login' || occasion.on === 'first-login';
    case 'presence-exposed':
      return occasion.on === trigger.on && occasion.attributes.some((name) => trigger.attributes.has(name));
    case 'repeated-errors': {
      if (occasion.on !== trigger.on || occasion.withinMillis > trigger.withinMillis) return false;
      return occasion.statuses.filter((status) => matchesStatus(trigger.statuses, status)).length >= trigger.count;
    }
    default:
      return occasion.on === trigger.on;
  }
}
