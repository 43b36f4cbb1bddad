/**
 * The desk of a rig: the real one over the rig's store, made again at every restart. A desk reads its store before it can
 * answer, a rig is there at once: until then nobody may ask it anything, so a rig's `send` waits for `opened`. It has room for
 * all users of a machine, which takes time to make, so a rig without on-line policies has none.
 */
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { Desk } from '../../gateway/desk/desk.ts';
import { NO_INTERESTS } from '../../gateway/desk/interests.ts';
import type { DeskLimits, DeskMetrics } from '../../gateway/desk/parts.ts';
import type { PolicySets } from '../../gateway/policy/live-sets.ts';
import type { Clock, Log, Secrets, Store } from '../../gateway/ports.ts';
import type { SystemMessages } from '../../gateway/system-message-ports.ts';
import { USUAL_LIMITS } from '../desk/limits.ts';

export interface RigDeskParts {
  readonly store: Store;
  readonly policies: PolicySets;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly metrics: DeskMetrics;
  readonly log: Log;
  readonly limits: Partial<DeskLimits>;
  readonly serviceContact: string | undefined;
  /** Users of whom the desk says that something waits for them. */
  readonly rang: string[];
}

export interface RigDesk {
  readonly messages: SystemMessages;
  /** The desk as it is now. */
  desk(): Desk;
  /** Resolves when the desk may be asked; undefined: there is none, and nothing to ask. */
  opened(options?: { readonly always?: boolean }): Promise<void> | undefined;
  /** Forgets everything that was in memory. */
  restart(): void;
}

export function createRigDesk(parts: RigDeskParts): RigDesk {
  let desk: Desk | undefined;
  let opening: Promise<void> | undefined;
  /** What was once said to somebody is answered whatever policies are in force. */
  let isNeeded = false;

  async function open(): Promise<void> {
    const { store, rang, limits, ...rest } = parts;
    desk = await Desk.open({
      ...rest,
      store: store.systemMessages,
      notes: store.notes,
      acceptances: store.acceptances,
      limits: { ...USUAL_LIMITS, ...limits },
      events: {
        concern: async () => {},
        ring: (user) => {
          rang.push(user);
        },
        changed: () => {},
      },
      selfCareUrl: () => 'https://im.operator.example/self-care/…',
      userKey: (vasp, userId) => userKeyOf(parts.secrets, { name: vasp }, userId),
      webhook: undefined,
    });
  }

  function now(): Desk {
    if (desk === undefined) throw new Error('the desk has not read its store yet');
    return desk;
  }

  return {
    desk: now,
    opened({ always = false } = {}) {
      isNeeded ||= always || parts.policies.current().onLine.length > 0;
      if (isNeeded) opening ??= open();
      return opening;
    },
    restart() {
      desk = undefined;
      opening = undefined;
    },
    messages: {
      concerns: (user) => isNeeded && now().concerns(user),
      interests: () => (isNeeded ? now().interests() : NO_INTERESTS),
      standing: (addressee) => now().standing(addressee),
      take: (addressee) => now().take(addressee),
      answered: (addressee, id, answer) => now().answered(addressee, id, answer),
      delivered: (addressee, id) => now().delivered(addressee, id),
      chosen: (addressee, answers) => now().chosen(addressee, answers),
      wrote: (addressee, text) => now().wrote(addressee, text),
      done: (addressee, claim, failed) => now().done(addressee, claim, failed),
      happened: (happening) => now().happened(happening),
      ended: (session, user) => now().ended(session, user),
    },
  };
}
