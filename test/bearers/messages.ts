/** Notifications for tests of bearers. */
import type { BearerMessage } from '../../gateway/mailbox-ports.ts';

export function messageTo(number: string | undefined, text: string): BearerMessage {
  return {
    id: '5u0sDwqTnJYyCfMhCIrZkA',
    user: 'wv:bob@im.example',
    number,
    text,
    vasp: 'friendly-im',
    policy: 'messages-waiting',
    count: 3,
  };
}
