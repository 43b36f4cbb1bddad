/**
 * Stands before the pools of the VASPs: nothing goes to one that is suspended or whose breaker is open, and what comes of
 * each request teaches that VASP's breaker. It learns by the counts that the pools make anyway, so a message costs two
 * look-ups and no promise; only the one request that tries an open breaker is waited for. VASPs share nothing here.
 */
import type {
  Clock,
  Log,
  Metrics,
  NotSent,
  Upstream,
  UpstreamFailure,
  UpstreamResult,
  VaspAvailability,
} from '../ports.ts';
import { Breaker, type BreakerSettings, type BreakerState, DEFAULT_BREAKER } from './breaker.ts';
import type { UpstreamPools } from './pool.ts';
import type { VaspStates } from './vasp-states.ts';

/** What this process knows of a VASP by its own requests and probes; plain data. */
export interface VaspHealth {
  readonly vasp: string;
  /** The breaker is closed, and the last probe did not fail. */
  readonly isUp: boolean;
  readonly breaker: BreakerState;
  /** Wall-clock milliseconds at which the breaker opened; undefined while it is closed. */
  readonly openSince: number | undefined;
  /** What opened it. */
  readonly reason: UpstreamFailure | 'not-protocol' | undefined;
  /** The last probe; undefined where none is made. */
  readonly probe: { readonly isReachable: boolean; readonly at: number } | undefined;
}

export interface GuardParts {
  readonly vasps: readonly string[];
  readonly states: Pick<VaspStates, 'stateOf' | 'onChange'>;
  readonly clock: Clock;
  readonly metrics: Metrics & { vaspUp(vasp: string, isUp: boolean): void };
  readonly log: Log;
  readonly breaker?: BreakerSettings;
}

const REFUSED: Promise<UpstreamResult> = Promise.resolve({ kind: 'failed', failure: 'unreachable' });

export class UpstreamGuard implements VaspAvailability {
  /** To be given to the pools, and to whoever finds out that an answer is none of the protocol. */
  readonly metrics: Metrics;
  readonly #guarded: ReadonlyMap<string, GuardedVasp>;
  readonly #states: GuardParts['states'];
  readonly #counted: Metrics;

  constructor(parts: GuardParts) {
    const { metrics, states } = parts;
    this.#guarded = new Map(parts.vasps.map((vasp) => [vasp, new GuardedVasp(vasp, parts)]));
    this.#states = states;
    this.#counted = metrics;
    this.metrics = {
      ...metrics,
      upstream: (vasp, seconds) => {
        metrics.upstream(vasp, seconds);
        this.#guarded.get(vasp)?.breaker.success();
      },
      upstreamError: (vasp, kind) => {
        const guarded = this.#guarded.get(vasp);
        // Nobody waited for the VASP: its line of waiting requests is full.
        const isBusy = guarded?.isHandingOver === true && kind === 'unreachable';
        metrics.upstreamError(vasp, isBusy ? 'busy' : kind);
        if (!isBusy) guarded?.failed(kind);
      },
    };
    states.onChange(({ vasp, state }) => {
      if (state === 'serving') this.#guarded.get(vasp)?.startAnew();
    });
  }

  /** The same way to the VASPs, guarded. */
  around(pools: UpstreamPools): UpstreamPools {
    return {
      send: (vasp, request) => {
        const guarded = this.#guarded.get(vasp);
        if (guarded === undefined) return pools.send(vasp, request);
        if (this.#states.stateOf(vasp) === 'suspended') {
          this.#counted.upstreamError(vasp, 'suspended');
          return REFUSED;
        }
        return guarded.send(pools, request);
      },
      close: () => pools.close(),
    };
  }

  stateOf(vasp: string) {
    return this.#states.stateOf(vasp);
  }

  isDown(vasp: string): boolean {
    return this.#guarded.get(vasp)?.isShut() ?? false;
  }

  /** A probe has looked for a VASP. */
  probed(vasp: string, isReachable: boolean): void {
    this.#guarded.get(vasp)?.probed(isReachable);
  }

  health(): readonly VaspHealth[] {
    return [...this.#guarded.values()].map((guarded) => guarded.health());
  }
}

class GuardedVasp {
  readonly breaker: Breaker;
  /** While the pool takes a request over: what it refuses then, it refuses by itself. */
  isHandingOver = false;
  readonly #vasp: string;
  readonly #parts: GuardParts;
  #openSince: number | undefined;
  #reason: VaspHealth['reason'];
  #probe: VaspHealth['probe'];

  constructor(vasp: string, parts: GuardParts) {
    this.#vasp = vasp;
    this.#parts = parts;
    this.breaker = new Breaker(parts.breaker ?? DEFAULT_BREAKER);
    this.#showUp();
  }

  send(pools: Upstream, request: Parameters<Upstream['send']>[1]): Promise<UpstreamResult> {
    if (this.breaker.state === 'closed') return this.#handOver(pools, request);
    if (!this.breaker.mayTry(this.#parts.clock.monotonic())) {
      this.#parts.metrics.upstreamError(this.#vasp, 'breaker-open');
      return REFUSED;
    }
    this.breaker.beginTrial();
    return this.#trial(this.#handOver(pools, request));
  }

  isShut(): boolean {
    return this.breaker.state !== 'closed' && !this.breaker.mayTry(this.#parts.clock.monotonic());
  }

  failed(kind: UpstreamFailure | 'not-protocol' | NotSent): void {
    const { clock } = this.#parts;
    switch (kind) {
      case 'unreachable':
      case 'timeout':
      case 'broken':
        if (this.breaker.failure(clock.monotonic())) this.#opened(kind);
        break;
      case 'too-large':
      case 'not-protocol':
        // What is none of the protocol was an answer to the pool.
        if (this.breaker.nonsense(clock.monotonic(), kind === 'not-protocol')) this.#opened(kind);
        break;
    }
  }

  probed(isReachable: boolean): void {
    const { clock } = this.#parts;
    this.#probe = { isReachable, at: clock.wall() };
    this.breaker.probed(isReachable, clock.monotonic());
    this.#showUp();
  }

  /** The operator lets requests go there again: what was learnt before counts no longer. */
  startAnew(): void {
    this.breaker.reset();
    this.#closed();
  }

  health(): VaspHealth {
    return {
      vasp: this.#vasp,
      isUp: this.#isUp(),
      breaker: this.breaker.state,
      openSince: this.#openSince,
      reason: this.#reason,
      probe: this.#probe,
    };
  }

  #handOver(pools: Upstream, request: Parameters<Upstream['send']>[1]): Promise<UpstreamResult> {
    this.isHandingOver = true;
    const result = pools.send(this.#vasp, request);
    this.isHandingOver = false;
    return result;
  }

  async #trial(running: Promise<UpstreamResult>): Promise<UpstreamResult> {
    const result = await running;
    const hasWorked = result.kind === 'answer' && result.statusCode < 500;
    this.breaker.endTrial(hasWorked, this.#parts.clock.monotonic());
    if (hasWorked && this.#openSince !== undefined) {
      this.#parts.log.info('VASP available again', { vasp: this.#vasp });
      this.#closed();
    }
    return result;
  }

  #opened(reason: NonNullable<VaspHealth['reason']>): void {
    this.#openSince = this.#parts.clock.wall();
    this.#reason = reason;
    this.#parts.log.warn('VASP unavailable', { vasp: this.#vasp, reason });
    this.#showUp();
  }

  #closed(): void {
    this.#openSince = undefined;
    this.#reason = undefined;
    this.#showUp();
  }

  #isUp(): boolean {
    return this.breaker.state === 'closed' && this.#probe?.isReachable !== false;
  }

  #showUp(): void {
    this.#parts.metrics.vaspUp(this.#vasp, this.#isUp());
  }
}
