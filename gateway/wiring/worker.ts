/**
 * One worker process: serves clients, asks the primary for what the machine shares, obeys it, and ends when it is gone.
 * Signals are the primary's: a terminal and a service manager send them to every process of the group.
 */
import type { Cir } from '../cir-ports.ts';
import type { SelfCare } from '../desk/self-care.ts';
import { AskedAgain } from '../policies/asked-again.ts';
import { RedisSetAside } from '../stores/redis/set-aside.ts';
import { Channel, lineTo } from '../workers/channel.ts';
import { remoteCir } from '../workers/cir.ts';
import { type MailboxService, remoteMailbox } from '../workers/mailbox.ts';
import { type NegotiationService, remoteNegotiations } from '../workers/negotiations.ts';
import { ReceivedPolicies } from '../workers/policies.ts';
import {
  type SessionService,
  START_MILLIS,
  type StartAnswer,
  type StartOrder,
  type StartService,
  type WorkerService,
} from '../workers/service.ts';
import { remoteSetAside, type SetAsideService } from '../workers/set-aside.ts';
import { remoteSystemMessages, type SystemMessageService } from '../workers/system-messages.ts';
import { remoteWaiting, type WaitingService } from '../workers/waiting.ts';
import { type Base, closeBase, openBase } from './base.ts';
import { type ClientSide, createClientSide } from './client-side.ts';
import { cannotListen } from './listening.ts';
import { reportedOnce } from './troubles.ts';
import { underWayInRedis } from './under-way.ts';

const FOLLOW_MILLIS = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;

/** What runs in the process, once it was told to start. */
interface Started {
  readonly base: Base;
  readonly clients: ClientSide;
  readonly policies: ReceivedPolicies;
  readonly wishes: AskedAgain;
  readonly stopFollowing: () => void;
}

export function runWorker(): void {
  for (const signal of SIGNALS) process.on(signal, () => undefined);
  const channel = new Channel(lineTo(process));
  const setAside = remoteSetAside(channel.remote<SetAsideService>('set-aside'));
  const systemMessages = remoteSystemMessages(channel.remote<SystemMessageService>('system-messages'));
  const mailbox = remoteMailbox(channel.remote<MailboxService>('mailbox'), { wall: () => Date.now() });
  let started: Started | undefined;
  /** Whether everything that other machines change is heard by the primary. */
  let hears = true;
  let setAsideInStore: RedisSetAside | undefined;
  channel.onClose(() => process.exit());

  const start = async (order: StartOrder): Promise<{ answer: StartAnswer; started: Started | undefined }> => {
    const opened = await openBase(order.config, { isFirst: false });
    if (opened.kind === 'failed') return { answer: opened, started: undefined };
    const { base } = opened;
    for (const key of order.setAside) await setAside.news.isWaiting(key, true);
    hears = order.hearsOthers;
    const policies = new ReceivedPolicies(base.readPolicies, order.policies, base.log);
    const wishes = new AskedAgain(base.store.askAgain);
    const stopFollowing = await follow(base, policies, wishes);
    const cir = remoteCir(channel.remote<Cir>('cir'));
    const sessionNews = channel.remote<SessionService>('sessions');
    const inStore = sharedInStore(base, policies, cir, sessionNews);
    setAsideInStore = inStore?.setAside;
    const clients = createClientSide(base, {
      vasps: order.vasps,
      policies: policies.sets,
      askAgain: wishes,
      ...(inStore ?? {
        negotiations: remoteNegotiations(channel.remote<NegotiationService>('negotiations')),
        waiting: remoteWaiting(channel.remote<WaitingService>('waiting', WAITING_MILLIS)),
        setAside: setAside.setAside,
      }),
      systemMessages: systemMessages.begin(order.systemMessages, base.config.limits.cachedSessions, policies.sets),
      selfCare: channel.remote<SelfCare>('self-care'),
      mailbox: mailbox.begin(order.mailbox, base.config.limits.cachedSessions, policies.sets),
      cirHub: cir,
      cirListeners: order.cirListeners,
      sessionNews,
      hearsOthers: () => hears,
    });
    try {
      const address = await clients.listen(order.listen);
      return {
        answer: { kind: 'listening', address },
        started: { base, clients, policies, wishes, stopFollowing },
      };
    } catch (error) {
      return { answer: { kind: 'failed', problems: [cannotListen(error)] }, started: undefined };
    }
  };

  const primary = channel.remote<StartService>('start', START_MILLIS);
  const starting = primary.order().then(start);
  channel.serve<WorkerService>('worker', {
    isWaiting: async (sessionKey, isWaiting, at) => {
      await setAside.news.isWaiting(sessionKey, isWaiting);
      await setAsideInStore?.words.isWaiting(sessionKey, isWaiting, at ?? 0);
    },
    ...systemMessages.news,
    ...mailbox.news,
    // What the primary tells while the worker starts is newer than what it starts with.
    inForce: async (set) => (await starting).started?.policies.inForce(set),
    wishesChanged: async () => (await starting).started?.wishes.follow(),
    vaspStateChanged: async (change) => (await starting).started?.base.vaspStates.adopt(change),
    useKeys: async (keys) => void (await starting).started?.base.keyRing.adopt(keys, Date.now()),
    keys: async () => started?.base.keyRing.fingerprints() ?? [],
    reloadCertificate: async () => (await starting).started?.clients.reloadCertificate(),
    sessionChanged: async (sessionKey) => started?.clients.forgetSession(sessionKey),
    async missed() {
      systemMessages.forgetKnown();
      mailbox.forgetKnown();
      started?.clients.forgetSessions();
      void setAsideInStore?.forgetAll();
    },
    async hearsOthers(now) {
      hears = now;
    },
    announceEnd: async () => started?.clients.announceEnd(),
    vaspHealth: async () => started?.clients.vaspHealth() ?? [],
    figures: async () => (started === undefined ? [] : started.base.metrics.snapshot()),
    async stop(drainMillis, patienceMillis) {
      if (started === undefined) return [];
      const { base, clients, stopFollowing } = started;
      await clients.drain(drainMillis, patienceMillis);
      await clients.close();
      stopFollowing();
      setAsideInStore?.close();
      const figures = await base.metrics.snapshot();
      await closeBase(base);
      return figures;
    },
  });
  void starting.then(async (done) => {
    started = done.started;
    await primary.started(done.answer);
  });
}

/** Longer than any turn of another message of the same session. */
const WAITING_MILLIS = 15_000;

/** What the machines share in their store, used by each process of each; undefined where this machine is alone. */
function sharedInStore(base: Base, policies: ReceivedPolicies, cir: Cir, news: SessionService) {
  const { redis, metrics } = base;
  if (redis === undefined) return undefined;
  const { negotiations, waiting } = underWayInRedis(base, redis, policies.sets);
  const setAside = new RedisSetAside({
    ...base,
    ...redis,
    events: {
      waiting: (sessionKey) => void cir.ring(sessionKey),
      dropped: () => metrics.reject('session', 'set-aside'),
      changed: (...change) => news.setAsideChanged(...change).catch(() => undefined),
    },
  });
  void setAside.forgetAll();
  return { negotiations, waiting, setAside };
}

/** Keeps current what this process reads from the store and what grows old. */
async function follow({ clock, log }: Base, policies: ReceivedPolicies, wishes: AskedAgain): Promise<() => void> {
  const trouble = reportedOnce(log);
  const look = () => trouble('wishes to ask again cannot be read', () => wishes.follow());
  await look();
  const timer = setInterval(() => {
    policies.sweep(clock.wall());
    void look();
  }, FOLLOW_MILLIS);
  return () => clearInterval(timer);
}
