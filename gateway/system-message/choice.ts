/** What an answer chooses of a message, and what follows from the choice. Nothing is done here. */
import { effectAbout } from '../policy/effects.ts';
import type { Effect, OnLineOption, OnLinePolicy } from '../policy/model.ts';
import type { SessionEffect } from '../system-message-ports.ts';

/** `option` is undefined for a message without options: the answer itself is all that there is to say. */
export type Choice =
  | { readonly kind: 'chosen'; readonly option: OnLineOption | undefined }
  | { readonly kind: 'no-such-option' };

/** @param chosenOptionId as the client wrote it: the option's place in the list, from 1 [P5.1] */
export function choiceOf({ options }: OnLinePolicy, chosenOptionId: string | undefined): Choice {
  if (options.length === 0) return { kind: 'chosen', option: undefined };
  const option = /^[1-9][0-9]{0,3}$/.test(chosenOptionId ?? '') ? options[Number(chosenOptionId) - 1] : undefined;
  return option === undefined ? { kind: 'no-such-option' } : { kind: 'chosen', option };
}

/**
 * What has to be done in the user's session, in order.
 * @param about whom `{otherUser}` stands for
 */
export function sessionEffects(effects: readonly Effect[], about: string | undefined): readonly SessionEffect[] {
  return effects.flatMap((effect): readonly SessionEffect[] => {
    switch (effect.kind) {
      case 'add-contact':
      case 'authorize-presence':
      case 'deny-presence': {
        const { kind, user } = effectAbout(effect, about);
        return user === '' ? [] : [{ kind, user }];
      }
      case 'grant': {
        const { name, set } = effect.level;
        return [{ kind: 'grant', level: name, low: set.low, high: set.high, isAtMost: false }];
      }
      case 'logout':
        return [{ kind: 'logout' }];
      default:
        return [];
    }
  });
}

/** The effects of several answers in their order, and at last a logout if there is one: nothing can be done after it. */
export function logoutLast(effects: readonly SessionEffect[]): readonly SessionEffect[] {
  const others = effects.filter(({ kind }) => kind !== 'logout');
  return others.length === effects.length ? effects : [...others, { kind: 'logout' }];
}

/** What silence leads to; undefined: nothing. It takes away and never gives. */
export function timeoutEffect({ onTimeout }: OnLinePolicy): SessionEffect | undefined {
  if (onTimeout.kind === 'grant') {
    const { name, set } = onTimeout.level;
    return { kind: 'grant', level: name, low: set.low, high: set.high, isAtMost: true };
  }
  return onTimeout.kind === 'logout' ? { kind: 'logout' } : undefined;
}
