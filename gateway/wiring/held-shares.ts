/**
 * What a node does with the shares of the users that it holds: for each a desk, a mailbox and what tells users, opened when the
 * share is taken and ended before it is given up; with the first share, the operators' messages. Connections to bearers and
 * webhooks are the node's, one for all shares.
 */
import type { Webhooks } from '../bearers/webhook.ts';
import type { BroadcastDesk } from '../desk/broadcast-model.ts';
import type { Broadcasts } from '../desk/broadcasts.ts';
import type { DeskEvents } from '../desk/parts.ts';
import { notHeld } from '../holders/at-holder.ts';
import { FIRST_SHARE } from '../holders/broadcasts.ts';
import type { Bearer } from '../mailbox-ports.ts';
import type { ShareHolder } from '../node-ports.ts';
import type { SharedStore } from '../ports.ts';
import { inProportion, SHARES } from '../shares.ts';
import { timedShareStores } from '../stores/timed.ts';
import type { Base } from './base.ts';
import { type DeskSurroundings, type RunningDesk, startDesk } from './desk.ts';
import { RunningBroadcasts } from './held-broadcasts.ts';
import { type MailboxSurroundings, type RunningMailbox, startMailbox } from './mailbox.ts';
import { TroublesOfShares } from './troubles.ts';

export interface HeldSharesParts {
  readonly store: SharedStore;
  readonly around: DeskSurroundings & MailboxSurroundings;
  readonly webhooks: Webhooks | undefined;
  readonly bearers: ReadonlyMap<string, Bearer>;
  /** All desks, here and elsewhere. */
  readonly desks: () => BroadcastDesk;
  /** A record of a desk here is another than before. */
  readonly changed: DeskEvents['changed'];
  /** A share is not this node's any more. */
  readonly letGo: (share: number) => void;
}

/** One share in this node's hands. */
interface Held {
  readonly desk: RunningDesk;
  readonly mailbox: RunningMailbox;
  readonly broadcasts: RunningBroadcasts | undefined;
}

/** A share's part of what is for all users together, with as much again for room: no two shares are equally busy. */
const PORTION = 2 / SHARES;
/** Notifications of one share to one bearer at the same time: as many as the bearers bear of all. */
const AT_ONCE = 2;

export class HeldShares implements ShareHolder {
  readonly #base: Base;
  readonly #parts: HeldSharesParts;
  readonly #held = new Map<number, Held>();
  readonly #troubles: TroublesOfShares;
  /** Open messages of each desk. */
  readonly #open = new Map<number, number>();

  constructor(base: Base, parts: HeldSharesParts) {
    this.#base = base;
    this.#parts = parts;
    this.#troubles = new TroublesOfShares(base.log);
  }

  /** @throws GatewayError `NOT_HELD` */
  readonly deskOf = (share: number): RunningDesk['desk'] => this.#of(share).desk.desk;

  /** @throws GatewayError `NOT_HELD` */
  readonly officeOf = (share: number): RunningMailbox['postOffice'] => this.#of(share).mailbox.postOffice;

  /** Those of the operators, where this node looks after them. */
  readonly broadcasts = (): Broadcasts | undefined => this.#held.get(FIRST_SHARE)?.broadcasts?.now;

  async take(share: number, token: string): Promise<void> {
    const { store, around, webhooks, bearers } = this.#parts;
    const { systemMessages, mailbox } = timedShareStores(store.ofShare(share, token), this.#base.timing);
    const reporting = this.#troubles.of(share);
    const desk = await startDesk(this.#base, around, webhooks, {
      store: systemMessages,
      portion: PORTION,
      reporting,
      open: inProportion(this.#base.config.limits.systemMessages, PORTION),
      webhooksNote: `system-message-webhooks-${share}`,
      changed: this.#parts.changed,
      count: (count) => this.#count(share, count),
    });
    let office: RunningMailbox | undefined;
    try {
      const own = { ...around, atOnce: AT_ONCE, portion: PORTION, reporting };
      office = await startMailbox(this.#base, own, mailbox, bearers);
      const broadcasts =
        share === FIRST_SHARE ? new RunningBroadcasts(this.#base, around, this.#parts.desks()) : undefined;
      this.#held.set(share, { desk, mailbox: office, broadcasts });
    } catch (error) {
      await Promise.all([desk.stop(), office?.stop()]);
      this.#troubles.end(share);
      this.#count(share, 0);
      throw error;
    }
  }

  async giveUp(share: number): Promise<void> {
    const held = this.#held.get(share);
    this.#held.delete(share);
    this.#parts.letGo(share);
    if (held === undefined) return;
    await held.broadcasts?.close();
    await Promise.all([held.desk.stop(), held.mailbox.stop()]);
    this.#troubles.end(share);
    this.#count(share, 0);
  }

  #of(share: number): Held {
    const held = this.#held.get(share);
    if (held === undefined) throw notHeld(share);
    return held;
  }

  #count(share: number, open: number): void {
    this.#open.set(share, open);
    let all = 0;
    for (const count of this.#open.values()) all += count;
    this.#base.metrics.systemMessagesOpen(all);
  }
}
