/**
 * On-line policies in an operator's words: what a message is sent for, what its options do, what silence leads to. One
 * wording for every command that tells about policies.
 */

import { formatDuration } from '../yaml/durations.ts';
import { alternatives } from '../yaml/wording.ts';
import type { Effect, OnLinePolicy, Trigger } from './model.ts';

/** Such as `at every login`; reads on from `sent`. */
export function describeTrigger(trigger: Trigger): string {
  switch (trigger.on) {
    case 'login':
      return 'at every login';
    case 'first-login':
      return 'at the first login';
    case 'presence-exposed':
      return `when the user lets others see ${alternatives([...trigger.attributes])}`;
    case 'presence-authorization-changed':
      return 'when the user changes who may see the presence';
    case 'repeated-errors': {
      const { count, withinMillis, statuses } = trigger;
      return `when ${count} requests within ${formatDuration(withinMillis)} ended with ${alternatives(statuses)}`;
    }
    case 'added-to-contact-list':
      return 'when somebody adds the user to a contact list';
    case 'operator':
      return 'by hand';
  }
}

/** Such as `adds wv:bob@im.example to the contact list`. */
export function describeEffect(effect: Effect): string {
  switch (effect.kind) {
    case 'add-contact':
      return `adds ${effect.user} to the contact list`;
    case 'authorize-presence':
      return `lets ${effect.user} see the presence`;
    case 'deny-presence':
      return `keeps ${effect.user} from seeing the presence`;
    case 'set-help':
      return `switches help messages ${effect.help}`;
    case 'grant':
      return `grants ${effect.level.name} in this session`;
    case 'accept':
      return 'is recorded as accepted';
    case 'logout':
      return 'ends the session';
    case 'webhook':
      return `calls ${effect.url}`;
  }
}

export const describeEffects = (effects: readonly Effect[]): string =>
  effects.length === 0 ? 'does nothing' : effects.map(describeEffect).join(', ');

/** Such as `nothing follows`. */
export function describeSilence({ onTimeout }: OnLinePolicy): string {
  if (onTimeout.kind === 'grant') return `leaves no more than ${onTimeout.level.name} in this session`;
  return onTimeout.kind === 'logout' ? 'ends the session' : 'nothing follows';
}

/** Such as `needs no answer`. */
export function describeNeed({ requiresResponse, block }: OnLinePolicy): string {
  if (block) return 'nothing else is served until it is answered';
  return requiresResponse ? 'sent in every session until it is answered' : 'needs no answer';
}

/** How often it is sent and for how long. */
export function describePersistence({ resend: { everyMillis, times }, expiresMillis }: OnLinePolicy): string {
  const again =
    times === 0
      ? 'sent once'
      : `sent again every ${formatDuration(everyMillis)} until the phone has it, at most ${times} times`;
  return `${again} in a session; of use for ${formatDuration(expiresMillis)}`;
}
