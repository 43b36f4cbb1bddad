/** What the admin API does about messages to users: those of operators, and what is kept of one user's. */
import type { MessageActions } from '../admin/api-messages.ts';
import { messageFields } from '../audit/user-data.ts';
import type { Broadcasts } from '../desk/broadcasts.ts';
import type { Log, Store } from '../ports.ts';

export interface MessageParts {
  readonly broadcasts: Broadcasts;
  readonly store: Pick<Store, 'systemMessages'>;
  readonly vasps: readonly string[];
  readonly userKey: (vasp: string, userId: string) => string;
  readonly log: Log;
}

export function messageActions({ broadcasts, store, vasps, userKey, log }: MessageParts): MessageActions {
  return {
    send: (order, by) => broadcasts.send(order, by),
    list: () => broadcasts.list(),
    get: (id) => broadcasts.get(id),
    cancel: (id, by) => broadcasts.cancel(id, by),
    async ofUser({ user, vasp }) {
      if (vasp !== undefined && !vasps.includes(vasp)) {
        const message = `No VASP is named ${JSON.stringify(vasp)}; there are ${vasps.join(', ')}.`;
        return { kind: 'refused', message };
      }
      const found = [];
      for (const name of vasp === undefined ? vasps : [vasp]) {
        const key = userKey(name, user);
        log.info('messages of a user shown', { by: 'admin api', vasp: name, user: key });
        const { help } = await store.systemMessages.settings(key);
        const messages = (await store.systemMessages.of(key)).map(messageFields);
        found.push({ vasp: name, user: key, help, messages });
      }
      return { kind: 'done', json: { vasps: found } };
    },
  };
}
