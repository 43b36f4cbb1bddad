/** Whom an effect concerns, once it is known what the message was about. */
import type { Effect } from './model.ts';

type EffectOnUser = Extract<Effect, { readonly user: string }>;

const OTHER_USER = '{otherUser}';

/** @param about whom `{otherUser}` stands for; without one the effect is left with an empty user */
export function effectAbout(effect: EffectOnUser, about: string | undefined): EffectOnUser {
  return { ...effect, user: effect.user.replaceAll(OTHER_USER, about ?? '') };
}
