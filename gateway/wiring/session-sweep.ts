/** Removes expired sessions now and then, and knows how many are open. */
import type { Clock, Log, Metrics, SessionStore } from '../ports.ts';

export interface SessionSweep {
  /** The last count, by VASP, and when it was made, in wall-clock milliseconds. */
  counted(): { readonly countedAt: number; readonly vasps: ReadonlyMap<string, number> };
  /** Never rejects. */
  sweep(): Promise<void>;
}

export function createSessionSweep(
  sessions: Pick<SessionStore, 'sweep'>,
  vasps: readonly string[],
  { clock, metrics, log }: { readonly clock: Clock; readonly metrics: Metrics; readonly log: Log },
): SessionSweep {
  let last = { countedAt: clock.wall(), vasps: new Map<string, number>() };
  return {
    counted: () => last,
    async sweep() {
      try {
        const open = await sessions.sweep(clock.wall());
        last = { countedAt: clock.wall(), vasps: new Map(vasps.map((name) => [name, open.get(name) ?? 0])) };
        for (const [name, count] of last.vasps) metrics.sessions(name, count);
      } catch {
        log.error('expired sessions cannot be removed');
      }
    },
  };
}
