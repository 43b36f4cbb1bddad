/**
 * The VASPs of a running gateway: what the operator has said of each, followed in every process; the guarded way to them;
 * and what is told of them. Each process has its own breakers and probes, and learns of a state from the store's note.
 */
import type { VaspActions, VaspReport } from '../admin/api-vasps.ts';
import type { OpenMetrics } from '../admin/metrics.ts';
import type { VaspConfig } from '../config.ts';
import type { Clock, Log, Metrics, Store, VaspAvailability } from '../ports.ts';
import { UpstreamGuard, type VaspHealth } from '../upstream/guard.ts';
import { startProbing } from '../upstream/health.ts';
import { createUpstream, DEFAULT_VASP_LIMITS, type UpstreamPools } from '../upstream/pool.ts';
import { VaspStates } from '../upstream/vasp-states.ts';
import type { SessionSweep } from './session-sweep.ts';
import { reportedOnce } from './troubles.ts';

/** How soon this process follows what another one on the same store did. */
const FOLLOW_MILLIS = 1_000;

export interface StateParts {
  readonly vaspNames: readonly string[];
  readonly store: Pick<Store, 'notes'>;
  readonly clock: Clock;
  readonly metrics: OpenMetrics;
  readonly log: Log;
}

/** What the operator has said, kept current until it is closed. */
export interface OpenVaspStates {
  readonly vaspStates: VaspStates;
  close(): void;
}

export async function openVaspStates({ vaspNames, store, clock, metrics, log }: StateParts): Promise<OpenVaspStates> {
  const vaspStates = new VaspStates(vaspNames, store.notes, clock);
  for (const { vasp, state } of vaspStates.entries()) metrics.vaspState(vasp, state);
  vaspStates.onChange(({ vasp, state }) => metrics.vaspState(vasp, state));
  const trouble = reportedOnce(log);
  const follow = () => trouble('states of VASPs cannot be followed', () => vaspStates.follow());
  await follow();
  const following = setInterval(() => void follow(), FOLLOW_MILLIS);
  return { vaspStates, close: () => clearInterval(following) };
}

export interface GuardedParts {
  readonly vaspStates: VaspStates;
  readonly clock: Clock;
  readonly metrics: OpenMetrics;
  readonly log: Log;
  /** Of a VASP's answer. */
  readonly answerBytes: number;
}

export interface OpenUpstream {
  readonly upstream: UpstreamPools;
  readonly availability: VaspAvailability;
  /** Teaches the breakers too: for whoever finds out that an answer is none of the protocol. */
  readonly metrics: Metrics;
  health(): readonly VaspHealth[];
  close(): Promise<void>;
}

export function openUpstream(vasps: readonly VaspConfig[], parts: GuardedParts): OpenUpstream {
  const guard = new UpstreamGuard({ ...parts, vasps: vasps.map(({ name }) => name), states: parts.vaspStates });
  const upstream = guard.around(
    createUpstream(
      vasps.map((vasp) => ({ ...DEFAULT_VASP_LIMITS, ...vasp, maxAnswerBytes: parts.answerBytes })),
      guard.metrics,
    ),
  );
  const probes = vasps.flatMap(({ name, url, timeoutMillis, health }) =>
    health === undefined
      ? []
      : [startProbing({ url, timeoutMillis, ...health }, (isReachable) => guard.probed(name, isReachable))],
  );
  return {
    upstream,
    availability: guard,
    metrics: guard.metrics,
    health: () => guard.health(),
    async close() {
      for (const stop of probes) stop();
      await upstream.close();
    },
  };
}

export interface VaspTelling {
  readonly vaspStates: Pick<VaspStates, 'entries' | 'change'>;
  /** What the processes that send to VASPs know of them, a list of each process. */
  readonly health: () => Promise<readonly (readonly VaspHealth[])[]>;
  readonly sessions: Pick<SessionSweep, 'counted'>;
  readonly log: Log;
}

/** What the admin listener tells of the VASPs, and does to them. */
export function vaspActions({ vaspStates, health, sessions, log }: VaspTelling): VaspActions {
  const list = async (): Promise<readonly VaspReport[]> => {
    const { countedAt, vasps } = sessions.counted();
    const known = (await health()).flat();
    return vaspStates.entries().map(({ vasp, state, since }) => {
      const sessionsOpen = vasps.get(vasp) ?? 0;
      return { vasp, state, since, sessions: sessionsOpen, countedAt, ...worst(known, vasp) };
    });
  };
  return {
    list,
    async change(vasp, state, by) {
      const change = await vaspStates.change(vasp, state);
      if (change === undefined) return undefined;
      log.info('VASP state set', { vasp, state, by });
      const report = (await list()).find((one) => one.vasp === vasp);
      return report === undefined ? undefined : { report, isKept: change.isKept };
    },
  };
}

/** What several processes know of one VASP, as one: it is as bad as the worst of them says, and as new as the last. */
function worst(known: readonly VaspHealth[], vasp: string): Omit<VaspHealth, 'vasp'> {
  const here = known.filter((one) => one.vasp === vasp);
  const open = here.find(({ breaker }) => breaker === 'open') ?? here.find(({ breaker }) => breaker === 'half-open');
  const probes = here.flatMap(({ probe }) => (probe === undefined ? [] : [probe]));
  return {
    isUp: here.every(({ isUp }) => isUp),
    breaker: open?.breaker ?? 'closed',
    openSince: open?.openSince,
    reason: open?.reason,
    probe: probes.toSorted((a, b) => b.at - a.at)[0],
  };
}
