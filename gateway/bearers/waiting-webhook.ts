/**
 * Tells a server of the operator's that messages wait for a user, by a signed POST; how the user hears of it is that server's
 * matter. The user's own id is in it, because nobody could be reached by a keyed hash.
 */
import type { Bearer, BearerMessage } from '../mailbox-ports.ts';
import type { Clock } from '../ports.ts';
import { openSignedPosts } from './signed-post.ts';

export interface WaitingWebhookParts {
  readonly url: string;
  readonly keyFile: string;
  readonly clock: Clock;
  /** For a whole call. */
  readonly timeoutMillis: number;
}

export function openWaitingWebhook({ url, keyFile, clock, timeoutMillis }: WaitingWebhookParts): Bearer {
  const posts = openSignedPosts(keyFile, timeoutMillis);
  return {
    async send(message) {
      const outcome = await posts.post(url, message.id, bodyOf(message, clock.wall()));
      if (outcome.kind === 'delivered') return { kind: 'sent' };
      const isStatus = /^\d+$/.test(outcome.reason);
      return outcome.kind === 'refused'
        ? { kind: 'refused', failure: `refused-${outcome.reason}` }
        : { kind: 'try-again', failure: isStatus ? `answered-${outcome.reason}` : outcome.reason };
    },
    close: () => posts.close(),
  };
}

function bodyOf({ id, user, number, text, vasp, policy, count }: BearerMessage, at: number): string {
  const event = 'messages.waiting';
  return JSON.stringify({ id, event, user, number, text, vasp, policy, count, at: new Date(at).toISOString() });
}
