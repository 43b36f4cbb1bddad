/** Logins and conversations that are under way: in the memory of a machine that is alone, or in the store that several share. */
import { MemoryWaitingSessions, type WaitingSessions } from '../chain/conversation/waiting-sessions.ts';
import { MemoryNegotiations, type NegotiationCounts, type NegotiationMemory } from '../chain/negotiation-memory.ts';
import { longestNegotiationMillis, type PolicySets } from '../policy/live-sets.ts';
import { RedisNegotiations } from '../stores/redis/negotiations.ts';
import type { OpenedRedis } from '../stores/redis/open.ts';
import { RedisWaitingSessions } from '../stores/redis/waiting-sessions.ts';
import type { Base } from './base.ts';
import { reportedOnce } from './troubles.ts';

export interface UnderWay {
  readonly negotiations: NegotiationMemory & NegotiationCounts;
  readonly waiting: WaitingSessions;
  /** Ends what is over from now on; what comes back ends that. */
  sweep(): () => void;
}

const NEGOTIATIONS_MILLIS = 1_000;
const SESSIONS_MILLIS = 30_000;

export function underWayInMemory({ clock, secrets, metrics, config }: Base): UnderWay {
  const most = config.limits.negotiations;
  const negotiations = new MemoryNegotiations(clock, most, ended(metrics), metrics.evicted);
  const waiting = new MemoryWaitingSessions(clock, secrets, most, metrics.evicted);
  return {
    negotiations,
    waiting,
    sweep() {
      const timers = [
        setInterval(() => negotiations.sweep(), NEGOTIATIONS_MILLIS),
        setInterval(() => waiting.sweep(), SESSIONS_MILLIS),
      ];
      return () => timers.forEach(clearInterval);
    },
  };
}

export function underWayInRedis(base: Base, redis: OpenedRedis, policies: PolicySets): UnderWay {
  const { clock, secrets, metrics, config, log } = base;
  const parts = {
    connection: redis.connection,
    keys: redis.keys,
    clock,
    secrets,
    maxEntries: config.limits.negotiations,
    evicted: metrics.evicted,
  };
  // No question can be answered for longer.
  const answerableMillis = () => Math.max(...policies.live().map(longestNegotiationMillis));
  const negotiations = new RedisNegotiations({ ...parts, ended: ended(metrics), answerableMillis });
  return {
    negotiations,
    waiting: new RedisWaitingSessions(parts),
    sweep() {
      const trouble = reportedOnce(log);
      const look = () => void trouble('logins under way cannot be looked after', () => negotiations.sweep());
      const timer = setInterval(look, NEGOTIATIONS_MILLIS);
      return () => clearInterval(timer);
    },
  };
}

function ended(metrics: Base['metrics']): ConstructorParameters<typeof MemoryNegotiations>[2] {
  return (vasp, policy, outcome) => metrics.negotiation(vasp, policy, outcome);
}
