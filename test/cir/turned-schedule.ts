/** Timers that a test turns by hand, with a clock that goes with them; and CIR's counters, to read. */

import type { Schedule, Timer } from '../../gateway/cir/schedule.ts';
import type { CirMetrics } from '../../gateway/cir-ports.ts';
import type { Clock } from '../../gateway/ports.ts';

export interface TurnedSchedule extends Schedule, Clock {
  /** Runs what is due within so many milliseconds, in order. */
  pass(millis: number): void;
  /** Timers that are running. */
  readonly running: number;
}

export function turnedSchedule(startsAt = Date.UTC(2026, 11, 1, 10)): TurnedSchedule {
  let now = 0;
  let order = 0;
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  const nextUntil = (end: number) =>
    [...timers].filter(([, { at }]) => at <= end).toSorted(([a, one], [b, other]) => one.at - other.at || a - b)[0];
  return {
    after(millis, run): Timer {
      const id = order++;
      timers.set(id, { at: now + millis, run });
      return { cancel: () => void timers.delete(id) };
    },
    pass(millis) {
      const end = now + millis;
      for (let due = nextUntil(end); due !== undefined; due = nextUntil(end)) {
        timers.delete(due[0]);
        now = Math.max(now, due[1].at);
        due[1].run();
      }
      now = end;
    },
    wall: () => startsAt + now,
    monotonic: () => now,
    get running() {
      return timers.size;
    },
  };
}

export interface CountedCir extends CirMetrics {
  /** How often each was counted, as `rings stcp`, `clients accepted`, `vasps v lost`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly connections: ReadonlyMap<string, number>;
}

export function countedCir(): CountedCir {
  const counts = new Map<string, number>();
  const connections = new Map<string, number>();
  const count = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  return {
    counts,
    connections,
    cirConnections: (kind, open) => void connections.set(kind, open),
    cirRing: (kind) => count(`rings ${kind}`),
    cirClient: (outcome) => count(`clients ${outcome}`),
    cirVasp: (vasp, outcome) => count(`vasps ${vasp} ${outcome}`),
  };
}
