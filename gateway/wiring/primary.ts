/**
 * Serving clients by worker processes: what the primary holds is put behind a channel to each of them, and what changes in
 * the primary is told to all. A new shared piece gets its line in three places here (`connect`, `order` or a function that
 * tells), one in `workers/service.ts`, and one in `worker.ts`.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cir } from '../cir-ports.ts';
import type { Config } from '../config.ts';
import type { SelfCare } from '../desk/self-care.ts';
import { keySetText } from '../keys/key-file.ts';
import type { Channel } from '../workers/channel.ts';
import { Figures } from '../workers/figures.ts';
import { type MailboxService, mailboxService } from '../workers/mailbox.ts';
import { negotiationService } from '../workers/negotiations.ts';
import { PolicySender } from '../workers/policies.ts';
import { type WorkerHandle, WorkerPool } from '../workers/pool.ts';
import type { SessionService, WorkerService } from '../workers/service.ts';
import { setAsideService } from '../workers/set-aside.ts';
import { ConcernSender, type SystemMessageService, systemMessageService } from '../workers/system-messages.ts';
import { waitingService } from '../workers/waiting.ts';
import type { Base } from './base.ts';
import type { Serving } from './serving.ts';
import type { HeldShared, Spreading } from './shared.ts';

export interface Workers {
  /** Who has to hear of what changes here. */
  readonly spread: Spreading;
  /** To be called once, with what the workers are to share. */
  serve(shared: HeldShared): Serving;
}

export function createWorkers(base: Base): Workers {
  const { clock, log } = base;
  let pool: WorkerPool | undefined;
  /** Tells all workers but one; resolves when all have answered, or had their time. */
  const tell = async (
    what: string,
    news: (worker: WorkerService) => Promise<unknown>,
    but?: Channel,
  ): Promise<void> => {
    const processes = pool?.processes().filter(({ channel }) => channel !== but) ?? [];
    const silent = (handle: WorkerHandle): void => {
      // Whoever is gone has nothing to hear any more.
      if (handle.process.isConnected()) log.warn('a worker does not answer', { silent: handle.pid, news: what });
    };
    await Promise.all(processes.map((handle) => news(handle.soon).catch(() => silent(handle))));
  };
  const sender = new PolicySender(clock, (set) => tell('policies', (worker) => worker.inForce(set)));
  const concerns = new ConcernSender((changes) => tell('messages', (worker) => worker.concern(changes)));
  return {
    spread: {
      concern: (changes) => concerns.concern(changes),
      mailWaits: (userKeys, by) => tell('mail', (worker) => worker.mailWaits(userKeys, by)),
      isWaiting: (key, isWaiting, at) => tell('set aside', (worker) => worker.isWaiting(key, isWaiting, at)),
      sessionChanged: (sessionKey) => tell('session', (worker) => worker.sessionChanged(sessionKey)),
      missed: () => tell('a gap', (worker) => worker.missed()),
      hearsOthers: (hears) => tell('the other machines', (worker) => worker.hearsOthers(hears)),
      inForce: (set, files) => sender.inForce(set, files),
      wishesChanged: () => tell('wishes', (worker) => worker.wishesChanged()),
    },
    serve(shared) {
      pool = openPool(base, shared, sender, tell);
      return served(base, pool, tell);
    },
  };
}

type Tell = (what: string, news: (worker: WorkerService) => Promise<unknown>, but?: Channel) => Promise<void>;

function openPool(base: Base, shared: HeldShared, sender: PolicySender, tell: Tell): WorkerPool {
  const { config, metrics, clock, log } = base;
  const negotiations = negotiationService(shared.negotiations);
  const setAside = setAsideService(shared.setAside, (key, isWaiting) =>
    tell('set aside', (worker) => worker.isWaiting(key, isWaiting)),
  );
  const systemMessages = systemMessageService(shared.systemMessages);
  const mailbox = mailboxService(shared.mailbox);
  const connect = (channel: Channel): void => {
    const waiting = waitingService(shared.waiting);
    channel.onClose(waiting.left);
    channel.serve('negotiations', negotiations);
    channel.serve('waiting', waiting.service);
    channel.serve('set-aside', setAside);
    channel.serve<Cir>('cir', shared.cirHub);
    channel.serve<SystemMessageService>('system-messages', systemMessages);
    channel.serve<SelfCare>('self-care', shared.selfCare);
    channel.serve<MailboxService>('mailbox', mailbox);
    channel.serve<SessionService>('sessions', {
      async changed(sessionKey) {
        await Promise.all([
          tell('session', (worker) => worker.sessionChanged(sessionKey), channel),
          shared.nodes?.sessionChanged(sessionKey),
        ]);
      },
      async setAsideChanged(sessionKey, isWaiting, at) {
        await Promise.all([
          tell('set aside', (worker) => worker.isWaiting(sessionKey, isWaiting, at), channel),
          shared.nodes?.setAsideChanged(sessionKey, isWaiting, at),
        ]);
      },
    });
  };
  return new WorkerPool({
    count: config.workers,
    program: fileURLToPath(new URL(`./worker-process${extname(import.meta.url)}`, import.meta.url)),
    connect,
    order: async (listen) => ({
      // Whatever the file says by then: a worker has the keys that the others have.
      config: { ...shareOf(config), secret: { kind: 'keys', text: keySetText(base.keyRing.keys()) } },
      vasps: shared.vasps.map((vasp) => ({ ...vasp, connections: part(vasp.connections, config.workers) })),
      listen,
      policies: sender.current(shared.policies.live()),
      setAside: await setAside.waiting(),
      systemMessages: { hasMessages: shared.systemMessages.hasMessages },
      mailbox: shared.mailbox.known(),
      hearsOthers: shared.nodes?.hearsOthers() ?? true,
      cirListeners: shared.cirListeners,
    }),
    listen: config.listen,
    drainMillis: config.limits.drainMillis,
    figures: new Figures(() => metrics.workerSilent()),
    metrics,
    clock,
    log,
  });
}

function served({ vaspStates }: Base, pool: WorkerPool, tell: Tell): Serving {
  let told = Promise.resolve();
  vaspStates.onChange((change) => {
    told = tell('VASP state', (worker) => worker.vaspStateChanged(change));
  });
  let isComplete = false;
  return {
    async listen() {
      const answer = await pool.start();
      isComplete = answer.kind === 'listening';
      return answer;
    },
    trouble() {
      if (!isComplete) return 'the workers are starting';
      return pool.listening() === 0 ? 'no worker takes connections' : undefined;
    },
    announceEnd: () => tell('stop', (worker) => worker.announceEnd()),
    drain: () => pool.stop(),
    close: () => pool.kill(),
    reloadCertificate: () => tell('certificate', (worker) => worker.reloadCertificate()),
    useKeys: (keys) => tell('keys', (worker) => worker.useKeys(keys)),
    keysOfWorkers: () => pool.keys(),
    vaspHealth: () => pool.vaspHealth(),
    settled: () => told,
    figures: () => pool.figures(),
    workers: pool,
  };
}

/** What of the limits concerns one process alone, in equal parts. */
function shareOf(config: Config): Config {
  const { limits, workers } = config;
  return {
    ...config,
    limits: {
      ...limits,
      connections: part(limits.connections, workers),
      requests: part(limits.requests, workers),
    },
  };
}

const part = (whole: number, workers: number): number => Math.ceil(whole / workers);
