/**
 * What a node tells the others and hears from them. What changes here is told to what this process remembers, to the worker
 * processes of this machine, and to the other nodes; what the others tell goes the same ways, but back. After a gap in their
 * words nothing that was remembered counts.
 */

import type { CirHub } from '../cir/hub.ts';
import type { DeskEvents } from '../desk/parts.ts';
import type { HeldMailboxes } from '../holders/mailbox.ts';
import { type NodeNews, tellNodes } from '../holders/news.ts';
import type { HeldDesks } from '../holders/system-messages.ts';
import type { StoreStanding } from '../holders/through-store.ts';
import type { MailboxEvents } from '../mailbox/parts.ts';
import type { Nodes } from '../node-ports.ts';
import type { Log } from '../ports.ts';
import type { RedisSetAside } from '../stores/redis/set-aside.ts';
import { ConcernSender } from '../workers/system-messages.ts';
import type { KeptAmongNodes, KeptSurroundings } from './kept.ts';

export interface NodeWordsParts extends Pick<KeptSurroundings, 'workers' | 'clients'> {
  readonly nodes: Nodes;
  readonly hub: Pick<CirHub, 'ringUser'>;
  readonly desks: HeldDesks;
  readonly mailboxes: HeldMailboxes;
  readonly setAside: RedisSetAside;
  readonly standing: StoreStanding;
  readonly log: Log;
}

/** Each resolves when all have heard it, or had their time; none rejects. */
export interface NodeWords extends Pick<KeptAmongNodes, 'sessionChanged' | 'setAsideChanged'> {
  readonly concern: DeskEvents['concern'];
  readonly mailWaits: MailboxEvents['concern'];
  readonly ringUser: (userKey: string) => Promise<void>;
  close(): void;
}

/** How soon the worker processes hear that the others cannot be heard. */
const TOUCH_MILLIS = 100;

export function openNodeWords(parts: NodeWordsParts): NodeWords {
  const { nodes, desks, mailboxes, workers } = parts;
  const others = tellNodes(nodes, hearing(parts), parts.standing, parts.log);
  const concerns = new ConcernSender((changes) => others.tell('messages', (node) => node.concern(changes)));
  nodes.onGap(() => missed(parts));
  const touch = workers === undefined ? undefined : tellOfTouch(nodes, workers);
  return {
    sessionChanged: (sessionKey) => others.tell('session', (node) => node.sessionChanged(sessionKey)),
    setAsideChanged: (sessionKey, isWaiting, at) =>
      others.tell('set aside', (node) => node.setAside(sessionKey, isWaiting, at)),
    async concern(changes) {
      desks.told(changes);
      await Promise.all([workers?.concern(changes), concerns.concern(changes)]);
    },
    async mailWaits(userKeys, by) {
      mailboxes.told(userKeys, by);
      const told = others.tell('mail', (node) => node.mailWaits(userKeys, by));
      await Promise.all([workers?.mailWaits(userKeys, by), told]);
    },
    ringUser: (userKey) => others.tell('call', (node) => node.ringUser(userKey)),
    close: () => clearInterval(touch),
  };
}

function tellOfTouch(
  nodes: Pick<Nodes, 'isInTouch'>,
  workers: Pick<NonNullable<NodeWordsParts['workers']>, 'hearsOthers'>,
): NodeJS.Timeout {
  let hears = true;
  return setInterval(() => {
    if (hears === nodes.isInTouch()) return;
    hears = !hears;
    void workers.hearsOthers(hears);
  }, TOUCH_MILLIS);
}

function hearing({ hub, desks, mailboxes, setAside, workers, clients }: NodeWordsParts): NodeNews {
  return {
    async sessionChanged(sessionKey) {
      await Promise.all([clients()?.sessionChanged(sessionKey), workers?.sessionChanged(sessionKey)]);
    },
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
    ringUser: (userKey) => hub.ringUser(userKey),
  };
}

function missed({ desks, mailboxes, setAside, workers, clients }: NodeWordsParts): void {
  desks.forgetKnown();
  mailboxes.forgetKnown();
  void setAside.forgetAll();
  void clients()?.missed();
  void workers?.missed();
}
