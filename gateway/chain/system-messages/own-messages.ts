/** System Messages to users in their sessions as a source of the gateway's own messages [X40 to X43]. */
import type { LiveSession, OwnMessages } from '../../ports.ts';
import type { Addressee, SystemMessages } from '../../system-message-ports.ts';

export function ownSystemMessages(desk: SystemMessages, addresseeOf: (session: LiveSession) => Addressee): OwnMessages {
  return {
    concerns: ({ record }) => desk.concerns(record.userKey),
    async waits(session) {
      const { blocking, isWaiting } = await desk.standing(addresseeOf(session));
      if (!isWaiting) return 'nothing';
      return blocking === undefined ? 'something' : 'first';
    },
    take: (session) => desk.take(addresseeOf(session)),
    ended: async ({ key, record }) => {
      if (desk.interests().any) await desk.ended(key, record.userKey);
    },
  };
}
