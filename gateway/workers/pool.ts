/**
 * The worker processes of one machine, as the primary keeps them: as many as configured, each replaced when it ends, with
 * pauses that grow when they end again and again; all of them replaced one after the other on demand, the new one
 * listening before the old one lets go. What a worker does is not known here: see `service.ts`.
 */
import cluster, { type Worker } from 'node:cluster';
import type { MetricSnapshot } from '../admin/metrics.ts';
import type { Address } from '../config.ts';
import type { Clock, Log } from '../ports.ts';
import type { VaspHealth } from '../upstream/guard.ts';
import { Channel, lineTo } from './channel.ts';
import type { Figures } from './figures.ts';
import { giveBackConnections } from './handover.ts';
import { START_MILLIS, type StartAnswer, type StartOrder, type StartService, type WorkerService } from './service.ts';

export interface PoolOptions {
  readonly count: number;
  /** The file that a worker runs. */
  readonly program: string;
  /** Serves what the primary has to a worker that begins. */
  readonly connect: (channel: Channel) => void;
  /** What a worker is told when it begins, to listen at this address. */
  readonly order: (listen: Address) => Promise<StartOrder>;
  readonly listen: Address;
  /** For running requests to finish. */
  readonly drainMillis: number;
  readonly figures: Figures;
  readonly metrics: { workerRestart(reason: 'asked' | 'crash' | 'start-failed'): void; workers(count: number): void };
  readonly clock: Pick<Clock, 'wall'>;
  readonly log: Log;
}

/** One process. */
export interface WorkerHandle {
  readonly process: Worker;
  readonly pid: number;
  readonly since: number;
  readonly channel: Channel;
  readonly service: WorkerService;
  /** The same, for what nobody may wait long for. */
  readonly soon: WorkerService;
  readonly started: Promise<StartAnswer>;
  readonly ended: Promise<void>;
  state: 'starting' | 'listening' | 'leaving';
}

interface Slot {
  readonly number: number;
  serving: WorkerHandle | undefined;
  restarts: number;
  /** What is done about the slot: one thing after the other. */
  last: Promise<unknown>;
}

export interface WorkerRow {
  readonly worker: number;
  readonly pid: number;
  /** Wall-clock milliseconds. */
  readonly since: number;
  readonly restarts: number;
  readonly isListening: boolean;
}

export type RestartState =
  | { readonly state: 'none' }
  | { readonly state: 'running' | 'done'; readonly since: number }
  | { readonly state: 'failed'; readonly since: number; readonly problems: readonly string[] };

/** Ends of workers in this time make the next pause longer. */
const REMEMBERED_MILLIS = 60_000;
const FIRST_PAUSE_MILLIS = 100;
const LONGEST_PAUSE_MILLIS = 30_000;
/** For a worker to exit after it has stopped, or to notice that it has to. */
const EXIT_MILLIS = 3_000;
/** For a worker to hear of something while a client waits. */
const SOON_MILLIS = 3_000;

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots: readonly Slot[];
  readonly #processes = new Set<WorkerHandle>();
  readonly #ends: number[] = [];
  #listen: Address;
  /** What the clients' listener is, once it is. */
  #address: Address | undefined;
  #isStopping = false;
  #wake: (() => void) | undefined;
  #restart: RestartState = { state: 'none' };

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#listen = options.listen;
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      number: index + 1,
      serving: undefined,
      restarts: 0,
      last: Promise.resolve(),
    }));
    cluster.setupPrimary({
      exec: options.program,
      args: [],
      execArgv: process.execArgv,
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** Starts all; when one cannot, none is left. */
  async start(): Promise<StartAnswer> {
    const answers = await Promise.all(this.#slots.map((slot) => this.#startOne(slot)));
    const failed = answers.find(({ kind }) => kind === 'failed');
    if (failed !== undefined) await this.kill();
    return failed ?? answers[0] ?? { kind: 'failed', problems: ['there are no workers'] };
  }

  /** Every process that can be asked, those that are leaving too. */
  processes(): readonly WorkerHandle[] {
    return [...this.#processes];
  }

  listening(): number {
    return this.#slots.filter(({ serving }) => serving !== undefined).length;
  }

  /** What all have counted. */
  figures(): Promise<readonly MetricSnapshot[]> {
    const counting = this.processes().filter(({ state }) => state === 'listening');
    return this.#options.figures.gather(counting.map(({ pid, soon }) => ({ pid, figures: () => soon.figures() })));
  }

  /** What each knows of the VASPs; nothing of one that does not answer. */
  vaspHealth(): Promise<readonly (readonly VaspHealth[])[]> {
    const known = this.processes().filter(({ state }) => state === 'listening');
    return Promise.all(known.map(({ soon }) => soon.vaspHealth().catch(() => [])));
  }

  /** Which keys each has; none of one that does not answer. Those that start have what they are told then. */
  keys(): Promise<readonly { readonly pid: number; readonly keys: readonly string[] }[]> {
    const serving = this.processes().filter(({ state, process }) => state !== 'starting' && process.isConnected());
    return Promise.all(
      serving.map(async ({ pid, soon }) => ({ pid, keys: await soon.keys().catch((): readonly string[] => []) })),
    );
  }

  rows(): readonly WorkerRow[] {
    return this.#slots.map(({ number, serving, restarts }) => ({
      worker: number,
      pid: serving?.pid ?? 0,
      since: serving?.since ?? 0,
      restarts,
      isListening: serving !== undefined,
    }));
  }

  restartState(): RestartState {
    return this.#restart;
  }

  /** Replaces every worker, one after the other; false when that is under way. `restartState` tells how it goes. */
  beginRestart(): boolean {
    if (this.#restart.state === 'running' || this.#isStopping) return false;
    const since = this.#options.clock.wall();
    this.#restart = { state: 'running', since };
    void this.#restartAll().then((problems) => {
      this.#restart = problems.length === 0 ? { state: 'done', since } : { state: 'failed', since, problems };
      const { log } = this.#options;
      if (problems.length === 0) log.info('workers restarted', { workers: this.#slots.length });
      else log.error('workers not restarted, those that run stay', { problem: problems[0] });
    });
    return true;
  }

  /** Lets running requests finish, and ends all. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake?.();
    await Promise.all(this.processes().map((handle) => this.#leave(handle, 0)));
  }

  /** Ends all at once. */
  async kill(): Promise<void> {
    this.#isStopping = true;
    this.#wake?.();
    for (const handle of this.#processes) {
      handle.state = 'leaving';
      handle.process.process.kill('SIGKILL');
    }
    await Promise.all(this.processes().map(({ ended }) => ended));
  }

  async #restartAll(): Promise<readonly string[]> {
    for (const slot of this.#slots) {
      const answer = await this.#inTurn(slot, () => this.#replaceServing(slot));
      if (answer.kind === 'failed') return answer.problems;
    }
    return [];
  }

  async #replaceServing(slot: Slot): Promise<StartAnswer> {
    const old = slot.serving;
    const answer = await this.#startOne(slot);
    if (answer.kind === 'failed') return answer;
    this.#options.metrics.workerRestart('asked');
    slot.restarts++;
    // Clients that are between two requests are told with their next answer, before anything is cut.
    if (old !== undefined) await this.#leave(old, this.#options.drainMillis);
    return answer;
  }

  #inTurn<T>(slot: Slot, work: () => Promise<T>): Promise<T> {
    const turn = slot.last.then(work);
    slot.last = turn.catch(() => undefined);
    return turn;
  }

  async #startOne(slot: Slot): Promise<StartAnswer> {
    const handle = this.#fork(slot);
    const answer = await handle.started;
    if (answer.kind === 'listening' && !this.#isStopping && handle.state === 'starting') {
      handle.state = 'listening';
      slot.serving = handle;
      this.#address = answer.address;
      this.#count();
      return answer;
    }
    handle.state = 'leaving';
    handle.process.process.kill('SIGKILL');
    return answer.kind === 'failed' ? answer : { kind: 'failed', problems: ['the gateway is stopping'] };
  }

  /** What a worker says of its start; that it failed when it ends before, or says nothing. */
  #beginning(channel: Channel): Promise<StartAnswer> {
    return new Promise((resolve) => {
      const failed = (how: string) => resolve({ kind: 'failed', problems: [`a worker process ${how}; see the log`] });
      const timer = setTimeout(() => failed('was silent while it started'), START_MILLIS);
      channel.onClose(() => failed('ended while it started'));
      channel.serve<StartService>('start', {
        order: () => this.#options.order(this.#listen),
        async started(answer) {
          clearTimeout(timer);
          resolve(answer);
        },
      });
    });
  }

  #fork(slot: Slot): WorkerHandle {
    const child = cluster.fork();
    const isOther = ({ process, state }: WorkerHandle): boolean =>
      process !== child && process.isConnected() && state === 'listening';
    giveBackConnections(child.process, () => this.processes().some(isOther));
    const channel = new Channel(lineTo(child.process));
    this.#options.connect(channel);
    const handle: WorkerHandle = {
      process: child,
      pid: child.process.pid ?? 0,
      since: this.#options.clock.wall(),
      channel,
      started: this.#beginning(channel),
      service: channel.remote<WorkerService>('worker', START_MILLIS),
      soon: channel.remote<WorkerService>('worker', SOON_MILLIS),
      ended: new Promise((resolve) => child.once('exit', () => resolve())),
      state: 'starting',
    };
    this.#processes.add(handle);
    // Such as a process that the system had no room for: its exit is told too.
    child.on('error', () => undefined);
    child.once('exit', (code, signal) => this.#exited(slot, handle, code, signal));
    return handle;
  }

  #exited(slot: Slot, handle: WorkerHandle, code: number | null, signal: string | null): void {
    const { figures, log, metrics } = this.#options;
    this.#processes.delete(handle);
    figures.left(handle.pid);
    if (slot.serving === handle) slot.serving = undefined;
    this.#keepPort();
    this.#count();
    if (handle.state !== 'listening' || this.#isStopping) return;
    log.error('a worker ended', {
      worker: slot.number,
      ended: handle.pid,
      code: code ?? undefined,
      signal: signal ?? undefined,
    });
    metrics.workerRestart('crash');
    void this.#inTurn(slot, () => this.#replaceEnded(slot));
  }

  /** Until it has been done, or is not wanted any more. */
  async #replaceEnded(slot: Slot): Promise<void> {
    while (slot.serving === undefined && !this.#isStopping) {
      await this.#pause();
      if (this.#isStopping) return;
      const answer = await this.#startOne(slot);
      if (answer.kind === 'listening') {
        slot.restarts++;
        this.#options.log.info('a worker was replaced', { worker: slot.number });
        return;
      }
      if (this.#isStopping) return;
      this.#options.metrics.workerRestart('start-failed');
      this.#options.log.error('a worker cannot be started', { worker: slot.number, problem: answer.problems[0] });
    }
  }

  /** None after the first end in a while; then longer and longer. */
  async #pause(): Promise<void> {
    const now = this.#options.clock.wall();
    while ((this.#ends[0] ?? now) < now - REMEMBERED_MILLIS) this.#ends.shift();
    const times = this.#ends.push(now) - 1;
    if (times === 0) return;
    const millis = Math.min(FIRST_PAUSE_MILLIS * 2 ** (times - 1), LONGEST_PAUSE_MILLIS);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, millis);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** A port that the system chose is let go with the last worker that has it: the next ones ask for that very port. */
  #keepPort(): void {
    if (this.#address !== undefined && this.listening() === 0) this.#listen = this.#address;
  }

  #count(): void {
    this.#options.metrics.workers(this.listening());
  }

  /** @param patienceMillis how long clients between two requests are waited for */
  async #leave(handle: WorkerHandle, patienceMillis: number): Promise<void> {
    const wasStarting = handle.state === 'starting';
    handle.state = 'leaving';
    const { drainMillis, figures } = this.#options;
    if (!wasStarting) {
      const stopped = handle.service.stop(drainMillis, patienceMillis).then(
        (last) => {
          figures.left(handle.pid, last);
          // It has done all and waits for this.
          if (handle.process.isConnected()) handle.process.process.disconnect();
        },
        () => undefined,
      );
      await within(Promise.race([stopped, handle.ended]), patienceMillis + drainMillis + EXIT_MILLIS);
      await within(handle.ended, EXIT_MILLIS);
    }
    handle.process.process.kill('SIGKILL');
    await handle.ended;
  }
}

/** Waits no longer than so long. */
async function within(work: Promise<unknown>, millis: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
