/** Messages kept for a user as a source of the gateway's own messages in the user's sessions [X62]. */
import type { Mailbox } from '../../mailbox-ports.ts';
import type { OwnMessages } from '../../ports.ts';
import { visitorOf } from './visitor.ts';

export function ownMail(mailbox: Mailbox): OwnMessages {
  return {
    concerns: ({ record }) => mailbox.isOpen() && mailbox.concerns(record.userKey),
    async waits(session) {
      return (await mailbox.standing(visitorOf(session), false)).isWaiting ? 'something' : 'nothing';
    },
    take: (session) => mailbox.take(visitorOf(session)),
    ended: async ({ key, record }) => {
      if (mailbox.isOpen()) await mailbox.ended(key, record.userKey);
    },
  };
}
