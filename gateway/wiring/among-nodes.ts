/**
 * What is kept for users and said to them by several machines on one store: each node holds some shares of the users, asks the
 * others about the rest, and tells them what has changed. Logins, conversations and what was set aside are in the store, in
 * nobody's hands.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { openBearers } from '../bearers/open.ts';
import type { RedisAddress } from '../config.ts';
import { notHeld } from '../holders/at-holder.ts';
import { FIRST_SHARE, HeldBroadcasts } from '../holders/broadcasts.ts';
import { HeldCir } from '../holders/cir.ts';
import { HeldMailboxes } from '../holders/mailbox.ts';
import { tellNodes } from '../holders/news.ts';
import { HeldDesks } from '../holders/system-messages.ts';
import type { ShareHolder } from '../node-ports.ts';
import { openNodes } from '../nodes/open-nodes.ts';
import { openShares } from '../nodes/open-shares.ts';
import type { OpenedRedis } from '../stores/redis/open.ts';
import { RedisSetAside } from '../stores/redis/set-aside.ts';
import { ConcernSender } from '../workers/system-messages.ts';
import type { Base } from './base.ts';
import { openCir } from './cir.ts';
import { messagesCannotBeRead, openConfiguredWebhooks } from './desk.ts';
import { HeldShares } from './held-shares.ts';
import type { Kept, KeptResult, KeptSurroundings } from './kept.ts';
import { mailCannotBeRead, warnOfUnknownDomains } from './mailbox.ts';
import { underWayInRedis } from './under-way.ts';

/** For all shares to be in somebody's hands: longer than those of a node that is gone stay with it. */
const BEGIN_MILLIS = 10_000;
const TOUCH_MILLIS = 100;

/** The way to the store, and where it is. */
export type NodesRedis = OpenedRedis & { readonly address: RedisAddress };

export async function openAmongNodes(base: Base, redis: NodesRedis, around: KeptSurroundings): Promise<KeptResult> {
  /** What is open, to be closed the other way round. */
  const open: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const one of open.splice(0).toReversed()) await one();
  };
  try {
    const webhooks = await openConfiguredWebhooks(base);
    if (webhooks.kind === 'failed') return webhooks;
    open.push(() => webhooks.webhooks?.close());
    const bearers = await openBearers(base);
    if (bearers.kind === 'failed') {
      await close();
      return bearers;
    }
    open.push(() => bearers.close());
    const outside = { webhooks: webhooks.webhooks, bearers: bearers.bearers };
    const joined = await join(base, redis, around, outside, open);
    if (joined.kind === 'failed') {
      await close();
      return joined;
    }
    return { kind: 'open', kept: { ...joined.kept, close } };
  } catch (error) {
    await close();
    return { kind: 'failed', problems: [messagesCannotBeRead(error), mailCannotBeRead(error)] };
  }
}

type Outside = Pick<ConstructorParameters<typeof HeldShares>[1], 'webhooks' | 'bearers'>;

async function join(
  base: Base,
  redis: NodesRedis,
  around: KeptSurroundings,
  outside: Outside,
  open: (() => Promise<void> | void)[],
): Promise<
  | { readonly kind: 'open'; readonly kept: Omit<Kept, 'close'> }
  | { readonly kind: 'failed'; readonly problems: readonly string[] }
> {
  const { config, store, clock, metrics, log } = base;
  const { policies, vasps, workers, clients } = around;
  const nodes = await openNodes({ ...base, ...redis });
  open.push(() => nodes.close());
  // Shares are asked for by what holds them, and hold what is made of them.
  let held: HeldShares | undefined;
  const heldOrNone = (share: number): HeldShares => {
    if (held === undefined) throw notHeld(share);
    return held;
  };
  const holder: ShareHolder = {
    take: (share, token) => heldOrNone(share).take(share, token),
    giveUp: async (share) => held?.giveUp(share),
  };
  const shares = openShares({ ...base, ...redis, nodes, holder });
  const holders = { nodes, shares, now: () => performance.now(), pause: (millis: number) => delay(millis) };

  let heldCir: HeldCir | undefined;
  const openedCir = await openCir(base, vasps, (hub) => {
    heldCir = new HeldCir({
      ...holders,
      hub,
      vasps: base.vaspNames,
      secrets: base.secrets,
      ringElsewhere: (userKey) => void others.tell('call', (node) => node.ringUser(userKey)),
    });
    return heldCir;
  });
  if (openedCir.kind === 'failed') return openedCir;
  const { cir } = openedCir;
  open.push(() => cir.close());
  const called = heldCir?.cir ?? cir.hub;

  const hasMessages = (await store.systemMessages.slice(undefined, 1)).length > 0;
  const { waiting, reports, dead } = await store.mailbox.totals();
  const desks = new HeldDesks(
    holders,
    (share) => heldOrNone(share).deskOf(share),
    policies,
    hasMessages,
    config.limits.cachedSessions,
  );
  const mailboxes = new HeldMailboxes(holders, (share) => heldOrNone(share).officeOf(share), {
    policies,
    clock,
    hasMail: waiting + reports + dead > 0,
    rememberedUntil: await store.mailbox.rememberedUntil(),
    knownUsers: config.limits.cachedSessions,
  });
  const broadcastsHere = () => held?.broadcasts();
  const broadcasts = new HeldBroadcasts(holders, broadcastsHere, log);
  const setAside = new RedisSetAside({
    ...base,
    ...redis,
    events: {
      waiting: (sessionKey) => void called.ring(sessionKey),
      dropped: () => metrics.reject('session', 'set-aside'),
      changed: (sessionKey, isWaiting, at) => setAsideChanged(sessionKey, isWaiting, at),
    },
  });
  open.push(() => setAside.close());

  const others = tellNodes(
    nodes,
    {
      sessionChanged: (sessionKey) => changedHere(sessionKey),
      async concern(changes) {
        desks.told(changes);
        await workers?.concern(changes);
      },
      async mailWaits(userKeys, by) {
        mailboxes.told(userKeys, by);
        await workers?.mailWaits(userKeys, by);
      },
      async setAside(sessionKey, isWaiting, at) {
        await setAside.words.isWaiting(sessionKey, isWaiting, at);
        await workers?.isWaiting(sessionKey, isWaiting, at);
      },
      ringUser: (userKey) => cir.hub.ringUser(userKey),
    },
    log,
  );
  const changedHere = async (sessionKey: string): Promise<void> => {
    await Promise.all([clients()?.sessionChanged(sessionKey), workers?.sessionChanged(sessionKey)]);
  };
  const setAsideChanged = async (sessionKey: string, isWaiting: boolean, at: number): Promise<void> => {
    await others.tell('set aside', (node) => node.setAside(sessionKey, isWaiting, at));
  };
  const concerns = new ConcernSender((changes) => others.tell('messages', (node) => node.concern(changes)));
  held = new HeldShares(base, {
    store: redis.store,
    around: {
      ...around,
      async concern(changes) {
        desks.told(changes);
        await Promise.all([workers?.concern(changes), concerns.concern(changes)]);
      },
      async mailWaits(userKeys, by) {
        mailboxes.told(userKeys, by);
        await Promise.all([
          workers?.mailWaits(userKeys, by),
          others.tell('mail', (node) => node.mailWaits(userKeys, by)),
        ]);
      },
      ring: (userKey) => void called.ringUser(userKey),
      languageOf: (vasp) => vasps.find(({ name }) => name === vasp)?.language,
    },
    ...outside,
    desks: () => desks,
    changed: (record, before) => broadcasts.changed(record, before),
    letGo: (share) => heldCir?.letGo(share),
  });
  warnOfUnknownDomains(base, policies);
  nodes.onGap(() => {
    desks.forgetKnown();
    mailboxes.forgetKnown();
    void setAside.forgetAll();
    void clients()?.missed();
    void workers?.missed();
  });
  void setAside.forgetAll();

  // While the store does not answer nobody can change anything, and what is remembered goes on to count.
  const hearsOthers = (): boolean => nodes.isInTouch();
  let heard = true;
  const touch = setInterval(() => {
    if (heard === hearsOthers()) return;
    heard = !heard;
    void workers?.hearsOthers(heard);
  }, TOUCH_MILLIS);
  open.push(() => clearInterval(touch));

  const underWay = underWayInRedis(base, redis, policies);
  open.push(underWay.sweep());
  open.push(async () => {
    await shares.leave();
    await broadcasts.close();
  });
  if (!(await shares.begin(BEGIN_MILLIS))) log.warn('some shares of the users have no holder yet');
  return {
    kind: 'open',
    kept: {
      ...underWay,
      setAside,
      systemMessages: desks,
      selfCare: desks.selfCare,
      broadcasts,
      mailbox: mailboxes,
      cirHub: called,
      cirListeners: cir.offer,
      nodes: {
        nodes,
        shares,
        sessionChanged: (sessionKey) => others.tell('session', (node) => node.sessionChanged(sessionKey)),
        setAsideChanged,
        hearsOthers,
      },
      isFirst: () => shares.isHeld(FIRST_SHARE),
    },
  };
}
