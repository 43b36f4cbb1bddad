/** Which of the policies for users who are away may have to do with a VASP, and what they say of keeping a message [X60]. */
import type { KeepRules } from '../../mailbox-ports.ts';
import type { OffLineUserPolicy, PolicySet } from '../../policy/model.ts';

/** Whether messages to somebody of this VASP may be kept. */
export function keepsMessagesAt({ offLineUser }: PolicySet, vasp: string): boolean {
  return offLineUser.some(({ applies: { vasps } }) => vasps === undefined || vasps.has(vasp));
}

/** Of a policy, what the mailbox needs. */
export function keepRulesOf({ id, keep, notify }: OffLineUserPolicy): KeepRules {
  return {
    policy: id,
    messages: keep.messages,
    bytes: keep.bytes,
    keepMillis: keep.forMillis,
    notify: notify === undefined ? undefined : { bearer: notify.bearer, windowMillis: notify.atMostEveryMillis },
  };
}
