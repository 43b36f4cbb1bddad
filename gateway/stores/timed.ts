/** Measures how long a store takes, operation by operation: `sapgw_store_duration_seconds{op}`. */
import type { Clock, ShareStores, Store } from '../ports.ts';

/** Hears how long something took, and of what it failed with. */
type Timed = <T>(operation: string, work: () => Promise<T>) => Promise<T>;

export interface Timing {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Hears of every operation that ended, failed ones too. */
  readonly observe: (operation: string, seconds: number) => void;
  readonly failed?: (error: unknown) => void;
}

/** The same store, measured. */
export function timedStore(store: Store, timing: Timing): Store {
  const timed = timer(timing);
  const { sessions, acceptances, audit } = store;
  return {
    sessions: {
      get: (key) => timed('session-get', () => sessions.get(key)),
      put: (key, record) => timed('session-put', () => sessions.put(key, record)),
      prolong: (key, expiresAt) => timed('session-prolong', () => sessions.prolong(key, expiresAt)),
      delete: (key) => timed('session-delete', () => sessions.delete(key)),
      sweep: (now) => timed('session-sweep', () => sessions.sweep(now)),
      ofUser: (user) => timed('sessions-of-user', () => sessions.ofUser(user)),
      slice: (after, limit) => timed('session-slice', () => sessions.slice(after, limit)),
    },
    acceptances: {
      of: (user) => timed('acceptances-of', () => acceptances.of(user)),
      accept: (user, accepted) => timed('acceptances-accept', () => acceptances.accept(user, accepted)),
      forget: (user) => timed('acceptances-forget', () => acceptances.forget(user)),
      forgetPolicies: (user, policy) => timed('acceptances-forget', () => acceptances.forgetPolicies(user, policy)),
    },
    audit: {
      read: (from, limit) => timed('audit-read', () => audit.read(from, limit)),
      head: () => timed('audit-head', () => audit.head()),
      verify: (progress) => timed('audit-verify', () => audit.verify(progress)),
      recordsOf: (user) => timed('audit-records', () => audit.recordsOf(user)),
      erase: (user) => timed('audit-erase', () => audit.erase(user)),
      dropBefore: (decidedAt) => timed('audit-drop', () => audit.dropBefore(decidedAt)),
    },
    texts: { get: (hash) => timed('text-get', () => store.texts.get(hash)) },
    askAgain: {
      list: () => timed('ask-again-list', () => store.askAgain.list()),
      add: (wish) => timed('ask-again-add', () => store.askAgain.add(wish)),
    },
    notes: {
      get: (name) => timed('note-get', () => store.notes.get(name)),
      put: (name, text) => timed('note-put', () => store.notes.put(name, text)),
    },
    ...measuredShare(store, timed),
    close: () => store.close(),
  };
}

/** The same for what belongs to some of the users. */
export function timedShareStores(stores: ShareStores, timing: Timing): ShareStores {
  return measuredShare(stores, timer(timing));
}

function timer({ clock, observe, failed }: Timing): Timed {
  return async (operation, work) => {
    const start = clock.monotonic();
    try {
      return await work();
    } catch (error) {
      failed?.(error);
      throw error;
    } finally {
      observe(operation, (clock.monotonic() - start) / 1000);
    }
  };
}

function measuredShare({ systemMessages, mailbox }: ShareStores, timed: Timed): ShareStores {
  const { notifications, wishes } = mailbox;
  return {
    systemMessages: {
      put: (records) => timed('message-put', () => systemMessages.put(records)),
      get: (id) => timed('message-get', () => systemMessages.get(id)),
      of: (user) => timed('messages-of', () => systemMessages.of(user)),
      slice: (after, limit) => timed('message-slice', () => systemMessages.slice(after, limit)),
      unreadable: () => systemMessages.unreadable(),
      remove: (ids) => timed('message-remove', () => systemMessages.remove(ids)),
      settings: (user) => timed('message-settings', () => systemMessages.settings(user)),
      set: (user, settings) => timed('message-set', () => systemMessages.set(user, settings)),
      forget: (user) => timed('messages-forget', () => systemMessages.forget(user)),
    },
    mailbox: {
      put: (deposit, most) => timed('mail-put', () => mailbox.put(deposit, most)),
      get: (id) => timed('mail-get', () => mailbox.get(id)),
      content: (id) => timed('mail-content', () => mailbox.content(id)),
      waiting: (user, limit) => timed('mail-waiting', () => mailbox.waiting(user, limit)),
      dead: (user) => timed('mail-dead', () => mailbox.dead(user)),
      counts: (user) => timed('mail-counts', () => mailbox.counts(user)),
      handed: (id, at) => timed('mail-handed', () => mailbox.handed(id, at)),
      end: (ids, reports) => timed('mail-end', () => mailbox.end(ids, reports)),
      bury: (id, reason, at) => timed('mail-bury', () => mailbox.bury(id, reason, at)),
      replay: (id, expiresAt) => timed('mail-replay', () => mailbox.replay(id, expiresAt)),
      expired: (now, limit) => timed('mail-expired', () => mailbox.expired(now, limit)),
      slice: (after, limit) => timed('mail-slice', () => mailbox.slice(after, limit)),
      unreadable: () => mailbox.unreadable(),
      totals: () => timed('mail-totals', () => mailbox.totals()),
      reseal: (id, envelope, content) => timed('mail-reseal', () => mailbox.reseal(id, envelope, content)),
      known: (key, now) => timed('mail-known', () => mailbox.known(key, now)),
      rememberedUntil: () => mailbox.rememberedUntil(),
      sweep: (now) => timed('mail-sweep', () => mailbox.sweep(now)),
      forget: (user) => timed('mail-forget', () => mailbox.forget(user)),
      notifications: {
        get: (user, policy) => timed('notification-get', () => notifications.get(user, policy)),
        put: (notification) => timed('notification-put', () => notifications.put(notification)),
        due: (now, limit) => timed('notification-due', () => notifications.due(now, limit)),
        remove: (user, policy) => timed('notification-remove', () => notifications.remove(user, policy)),
        reseal: (user, policy, before, content) =>
          timed('notification-reseal', () => notifications.reseal(user, policy, before, content)),
        slice: (after, limit) => timed('notification-slice', () => notifications.slice(after, limit)),
      },
      wishes: {
        of: (user) => timed('wishes-of', () => wishes.of(user)),
        set: (user, wish) => timed('wishes-set', () => wishes.set(user, wish)),
      },
    },
  };
}
