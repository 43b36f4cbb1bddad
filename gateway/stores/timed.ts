/** Measures how long a store takes, operation by operation: `sapgw_store_duration_seconds{op}`. */
import type { Clock, Store } from '../ports.ts';

/** The same store; `observe` hears of every operation that ended, failed ones too. */
export function timedStore(
  store: Store,
  clock: Pick<Clock, 'monotonic'>,
  observe: (operation: string, seconds: number) => void,
): Store {
  async function timed<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const start = clock.monotonic();
    try {
      return await work();
    } finally {
      observe(operation, (clock.monotonic() - start) / 1000);
    }
  }
  const { sessions, acceptances } = store;
  return {
    sessions: {
      get: (key) => timed('session-get', () => sessions.get(key)),
      put: (key, record) => timed('session-put', () => sessions.put(key, record)),
      delete: (key) => timed('session-delete', () => sessions.delete(key)),
      sweep: (now) => timed('session-sweep', () => sessions.sweep(now)),
    },
    acceptances: {
      of: (user) => timed('acceptances-of', () => acceptances.of(user)),
      add: (user, accepted) => timed('acceptances-add', () => acceptances.add(user, accepted)),
      forget: (user) => timed('acceptances-forget', () => acceptances.forget(user)),
    },
    close: () => store.close(),
  };
}
