/**
 * Waiting for other nodes, who are heard through the store's engine: when that goes away no answer can come, and whoever waits
 * for one goes on at once.
 */
import { AWAY, StoreWriteError } from '../errors.ts';

/** Whether the store's engine is there. */
export interface StoreStanding {
  isAway(): boolean;
  onChange(listener: (isAway: boolean) => void): void;
}

/** Asks, and gives up with StoreWriteError `EAWAY` as soon as no answer can come. */
export type Hearing = <T>(ask: () => Promise<T>) => Promise<T>;

export function throughStore(store: StoreStanding): Hearing {
  const lost = new Set<() => void>();
  store.onChange((isAway) => {
    if (isAway) for (const one of [...lost]) one();
  });
  return (ask) =>
    new Promise((resolve, reject) => {
      const away = (): void => reject(new StoreWriteError(AWAY));
      if (store.isAway()) {
        away();
        return;
      }
      lost.add(away);
      ask()
        .then(resolve, reject)
        .finally(() => lost.delete(away));
    });
}
