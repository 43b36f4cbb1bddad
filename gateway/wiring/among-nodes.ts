/**
 * What is kept for users and said to them by several machines on one store: each node holds some shares of the users, asks the
 * others about the rest, and tells them what has changed. Logins, conversations and what was set aside are in the store, in
 * nobody's hands.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { openBearers } from '../bearers/open.ts';
import type { CirHub } from '../cir/hub.ts';
import type { RedisAddress, VaspConfig } from '../config.ts';
import { type HolderParts, notHeld } from '../holders/at-holder.ts';
import { FIRST_SHARE, HeldBroadcasts } from '../holders/broadcasts.ts';
import { HeldCir } from '../holders/cir.ts';
import { HeldMailboxes } from '../holders/mailbox.ts';
import { HeldDesks } from '../holders/system-messages.ts';
import type { ShareHolder } from '../node-ports.ts';
import { openNodes } from '../nodes/open-nodes.ts';
import { openShares } from '../nodes/open-shares.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { OpenedRedis } from '../stores/redis/open.ts';
import { RedisSetAside } from '../stores/redis/set-aside.ts';
import type { Base } from './base.ts';
import { type OpenCir, openCir } from './cir.ts';
import { messagesCannotBeRead, openConfiguredWebhooks } from './desk.ts';
import { HeldShares, type HeldSharesParts } from './held-shares.ts';
import type { Kept, KeptResult, KeptSurroundings } from './kept.ts';
import { mailCannotBeRead, warnOfUnknownDomains } from './mailbox.ts';
import { openNodeWords } from './node-words.ts';
import { underWayInRedis } from './under-way.ts';

/** For all shares to be in somebody's hands: longer than those of a node that is gone stay with it. */
const BEGIN_MILLIS = 10_000;

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

type Outside = Pick<HeldSharesParts, 'webhooks' | 'bearers'>;

type Joined =
  | { readonly kind: 'open'; readonly kept: Omit<Kept, 'close'> }
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

async function join(
  base: Base,
  redis: NodesRedis,
  around: KeptSurroundings,
  outside: Outside,
  open: (() => Promise<void> | void)[],
): Promise<Joined> {
  const { metrics, log } = base;
  const { policies, vasps } = around;
  const nodes = await openNodes({ ...base, ...redis });
  open.push(() => nodes.close());
  const holding = new Holding();
  const shares = openShares({ ...base, ...redis, nodes, holder: holding });
  const { standing } = redis.connection;
  const pause = (millis: number): Promise<void> => delay(millis);
  const store = {
    isAway: () => standing.isAway(),
    onChange: (listener: (isAway: boolean) => void) => standing.onChange(listener),
    leftMillis: () => redis.connection.leftMillis(),
    waited: (millis: number) => redis.connection.waited(millis),
  };
  const holders = { nodes, shares, store, now: () => performance.now(), pause };

  const { desks, mailboxes } = await openHeld(base, holders, holding, policies, () => broadcasts.tell());
  const broadcasts = new HeldBroadcasts(holders, () => holding.now?.broadcasts(), log);
  const openedCir = await openHeldCir(base, vasps, holders, (userKey) => words.ringUser(userKey));
  if (openedCir.kind === 'failed') return openedCir;
  const { cir, heldCir } = openedCir;
  open.push(() => cir.close());
  const setAside = new RedisSetAside({
    ...base,
    ...redis,
    events: {
      waiting: (sessionKey) => void heldCir.cir.ring(sessionKey),
      dropped: () => metrics.reject('session', 'set-aside'),
      changed: (sessionKey, isWaiting, at) => words.setAsideChanged(sessionKey, isWaiting, at),
    },
  });
  open.push(() => setAside.close());
  const words = openNodeWords({ ...around, nodes, hub: cir.hub, desks, mailboxes, setAside, standing, log });
  open.push(() => words.close());
  void setAside.forgetAll();

  holding.now = new HeldShares(base, {
    ...outside,
    store: redis.store,
    around: {
      ...around,
      ...words,
      ring: (userKey) => void heldCir.cir.ringUser(userKey),
      languageOf: (vasp) => vasps.find(({ name }) => name === vasp)?.language,
    },
    desks: () => desks,
    changed: (record, before) => broadcasts.changed(record, before),
    letGo: (share) => heldCir.letGo(share),
  });
  warnOfUnknownDomains(base, policies);
  const underWay = underWayInRedis(base, redis, policies);
  open.push(underWay.sweep());
  open.push(() => mailboxes.close());
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
      cirHub: heldCir.cir,
      cirListeners: cir.offer,
      nodes: { ...words, nodes, shares, hearsOthers: () => nodes.isInTouch() },
      isFirst: () => shares.isHeld(FIRST_SHARE),
    },
  };
}

/** Shares are taken by what is made with them: until it is made, none is held. */
class Holding implements ShareHolder {
  now: HeldShares | undefined;

  async take(share: number, token: string): Promise<void> {
    await this.of(share).take(share, token);
  }

  async giveUp(share: number): Promise<void> {
    await this.now?.giveUp(share);
  }

  /** @throws GatewayError `NOT_HELD` */
  of(share: number): HeldShares {
    if (this.now === undefined) throw notHeld(share);
    return this.now;
  }
}

async function openHeld(
  { store, config, clock }: Base,
  holders: HolderParts,
  holding: Holding,
  policies: PolicySets,
  counted: () => Promise<void>,
) {
  const knownUsers = config.limits.cachedSessions;
  const hasMessages = (await store.systemMessages.slice(undefined, 1)).length > 0;
  const { waiting, reports, dead } = await store.mailbox.totals();
  const deskOf = (share: number) => holding.of(share).deskOf(share);
  const officeOf = (share: number) => holding.of(share).officeOf(share);
  return {
    desks: new HeldDesks(holders, deskOf, policies, hasMessages, knownUsers, counted),
    mailboxes: new HeldMailboxes(holders, officeOf, {
      policies,
      clock,
      hasMail: waiting + reports + dead > 0,
      rememberedUntil: await store.mailbox.rememberedUntil(),
      knownUsers,
    }),
  };
}

type HeldCirResult =
  | { readonly kind: 'open'; readonly cir: OpenCir; readonly heldCir: HeldCir }
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

async function openHeldCir(
  base: Base,
  vasps: readonly VaspConfig[],
  holders: HolderParts,
  ringElsewhere: (userKey: string) => Promise<void>,
): Promise<HeldCirResult> {
  const { vaspNames, secrets } = base;
  let heldCir: HeldCir | undefined;
  const held = (hub: CirHub): HeldCir => {
    heldCir ??= new HeldCir({
      ...holders,
      hub,
      vasps: vaspNames,
      secrets,
      ringElsewhere: (userKey) => void ringElsewhere(userKey),
    });
    return heldCir;
  };
  const opened = await openCir(base, vasps, held);
  return opened.kind === 'failed' ? opened : { kind: 'open', cir: opened.cir, heldCir: held(opened.cir.hub) };
}
