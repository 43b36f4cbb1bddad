/**
 * Does in a user's own session what an answer, or silence, leads to [X45]: transactions under ids of the gateway's, another
 * level, the end of the session. Each is tried; what the VASP or the level does not allow is told to the desk, and it to
 * the user.
 */
import { wordsFor } from '../../conversation/words.ts';
import { type Element, element } from '../../csp/element.ts';
import { ServiceSet } from '../../csp/service-tree.ts';
import { STATUS } from '../../csp/status.ts';
import type { Log } from '../../ports.ts';
import { ownLanguageFor } from '../../system-message/question.ts';
import type { Addressee, FailedEffect, SessionEffect } from '../../system-message-ports.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { NO_SUCH_SESSION } from '../session-refusal.ts';
import type { Sessions } from '../sessions.ts';
import { addContact } from './contact-effect.ts';
import type { AskVasp, OwnAnswer } from './own-transaction.ts';
import { authorizePresence } from './presence-effect.ts';

/** Why the session is over, as its client is told. */
export interface Ending {
  readonly code: number;
  readonly description: string;
}

export interface EffectsDone {
  /** With the session as it is now. */
  readonly exchange: Exchange;
  readonly failed: readonly FailedEffect[];
  readonly ending: Ending | undefined;
}

export interface EffectParts {
  readonly ask: AskVasp;
  readonly sessions: Sessions;
  readonly log: Log;
}

const GONE: Ending = { code: STATUS.INVALID_SESSION, description: NO_SUCH_SESSION };

/** Does them in order; never rejects. */
export async function doEffects(
  parts: EffectParts,
  exchange: Exchange,
  addressee: Addressee,
  effects: readonly SessionEffect[],
  next: Handler,
): Promise<EffectsDone> {
  let current = exchange;
  let ending: Ending | undefined;
  const failed: FailedEffect[] = [];
  const { version } = exchange.envelope;
  const words = wordsFor(ownLanguageFor(addressee));
  const ask = async (primitive: Element): Promise<OwnAnswer> => {
    const answer = await parts.ask(current, primitive, next);
    if (answer.endsSession) ending ??= GONE;
    return answer;
  };
  for (const effect of effects) {
    const status = ending === undefined ? await statusOf(effect) : GONE.code;
    if (status !== STATUS.OK) failed.push({ effect, status });
  }
  return { exchange: current, failed, ending };

  async function statusOf(effect: SessionEffect): Promise<number> {
    switch (effect.kind) {
      case 'add-contact':
        return addContact(ask, version, addressee.facts.userId, effect.user);
      case 'authorize-presence':
      case 'deny-presence':
        return authorizePresence(ask, version, effect.user, effect.kind === 'authorize-presence');
      case 'grant':
        return changeLevel(effect);
      case 'logout':
        // Whatever the VASP says: here the session is over, as after a logout of the client's own.
        await parts.ask(current, element('Logout-Request'), next);
        ending = { code: STATUS.FORCED_LOGOUT, description: words.loggedOut };
        return STATUS.OK;
    }
  }

  async function changeLevel({ low, high, isAtMost }: Extract<SessionEffect, { kind: 'grant' }>): Promise<number> {
    const { session, vasp, envelope } = current;
    if (session === undefined) return STATUS.INVALID_SESSION;
    const level = new ServiceSet(low, high);
    const granted = isAtMost ? session.record.granted.meet(level) : level;
    if (granted.equals(session.record.granted)) return STATUS.OK;
    try {
      const changed = await parts.sessions.setLevel(vasp.name, envelope.sessionId ?? '', session, granted);
      current = { ...current, session: changed };
      return STATUS.OK;
    } catch {
      parts.log.error('the session cannot be stored', { vasp: vasp.name, session: session.key });
      // What is taken away is taken away all the same: for this message now, for the next when it comes.
      if (isAtMost) current = { ...current, session: { ...session, record: { ...session.record, granted } } };
      return STATUS.SERVICE_UNAVAILABLE;
    }
  }
}
