/**
 * People who come, get what was kept for them and go: pushed or announced, sometimes picking one from the list and refusing
 * it, sometimes gone between a message and its acknowledgement. They keep every MessageID under which a text ever came, and in
 * which order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { childText, type Element, element } from '../../gateway/csp/element.ts';
import { status } from '../../gateway/csp/status.ts';
import { MAIL_ID_PREFIX } from '../../gateway/stored-message/ids.ts';
import { headOf, listedIn, type MailPhone, type Said } from '../load/mailbox-phone.ts';
import type { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Broken } from '../load/messages-lanes.ts';

/** What became of one text at one recipient. */
export interface Got {
  /** The gateway's MessageIDs under which it came, with how often. */
  readonly ids: Map<string, number>;
  /** Place among the first NewMessages of this recipient; undefined: it came by GetMessage first. */
  place: number | undefined;
  /** The gateway has answered the acknowledgement. */
  isAcknowledged: boolean;
  /** The gateway has answered the rejection. */
  isRejected: boolean;
  /** An acknowledgement or a rejection was said, and nobody knows whether it was heard. */
  isUnsure: boolean;
  /** How often it came after that. */
  again: number;
}

export interface RecipientMind {
  readonly random: () => number;
  /** Wants messages announced [P4.4]. */
  readonly isAnnounced: boolean;
  readonly awayMillis: number;
}

const AGAIN_MILLIS = 25;
/** Who is not let in by then never will be. */
const PATIENCE_MILLIS = 120_000;
const DYING_SHARE = 0.12;
const CHOOSING_SHARE = 0.3;
const REJECTING_SHARE = 0.5;
/** Polls without anything before somebody goes. */
const EMPTY_POLLS = 3;

class Died extends Error {}

export class MailRecipient {
  readonly phone: MailPhone;
  /** By text. */
  readonly got = new Map<string, Got>();
  readonly wrong: string[] = [];
  /** An acknowledgement is on its way. */
  isAcknowledging = false;
  /** How many were answered. */
  acknowledged = 0;
  readonly #mind: RecipientMind;
  readonly #vasp: MailboxVasp;
  #running: Promise<void> = Promise.resolve();
  #places = 0;
  #isOver = false;
  #isGentle = false;

  constructor(phone: MailPhone, mind: RecipientMind, vasp: MailboxVasp) {
    this.phone = phone;
    this.#mind = mind;
    this.#vasp = vasp;
  }

  begin(): void {
    this.#running = this.#run().catch((error: unknown) => {
      this.wrong.push(`${this.phone.user}: ${error instanceof Error ? error.message : 'an error'}`);
    });
  }

  /** Ends the visit that is under way; the gateway has to run. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#isGentle = true;
    await this.#running;
  }

  /** One visit in which everything is taken and nobody dies. */
  async fetchAll(): Promise<void> {
    this.#isGentle = true;
    await this.#visit();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await sleep(this.#mind.random() * this.#mind.awayMillis);
      await this.#visit();
    }
  }

  async #visit(): Promise<void> {
    try {
      await this.#arrive();
      if (!this.#isGentle && this.#chance(CHOOSING_SHARE)) await this.#chooseFromList();
      for (let empty = 0; empty < EMPTY_POLLS; ) {
        const said = await this.#asked(() => this.phone.poll());
        if (said === undefined || (said.primitive === undefined && !said.poll)) {
          empty += said === undefined ? 0 : 1;
          await sleep(AGAIN_MILLIS);
        } else {
          empty = 0;
          if (!(await this.#take(said))) break;
        }
      }
      await this.#asked(() => this.phone.request(element('Logout-Request')));
    } catch (error) {
      if (!(error instanceof Died)) throw error;
    } finally {
      // Who went without a word is missed by the VASP at once: what matters here is that it is away.
      this.#vasp.lose(this.phone.user);
    }
  }

  async #arrive(): Promise<void> {
    const fuse = performance.now() + PATIENCE_MILLIS;
    for (;;) {
      const code = await this.#asked(() => this.phone.logIn());
      if (code === 200) break;
      if (performance.now() > fuse) throw new Error(`nobody lets it in: ${code}`);
      if (code !== undefined && code !== 503) this.wrong.push(`a login of ${this.phone.user} got ${code}`);
      await sleep(AGAIN_MILLIS);
    }
    if (this.#mind.isAnnounced) {
      await this.#said(element('SetDeliveryMethod-Request', [element('DeliveryMethod', 'N')]));
    }
    if (this.#chance(0.5)) await this.#said(this.#serviceRequest());
  }

  #serviceRequest(): Element {
    const client = element('ClientID', [element('URL', `http://phone.example/${this.phone.user}`)]);
    return element('Service-Request', [
      this.phone.spelling.version === '1.1' ? client : undefined,
      element('Functions', [element('WVCSPFeat')]),
      element('AllFunctionsRequest', false),
    ]);
  }

  /** What came with an answer, and what came in the place of the answers to that; false when the session is over. */
  async #take(first: Said): Promise<boolean> {
    for (let said: Said | undefined = first; said?.primitive !== undefined; ) {
      const { primitive, transactionId }: Said = said;
      if (primitive.name === 'Status') return said.code === 200;
      const { messageId } = headOf(primitive);
      if (primitive.name === 'NewMessage') {
        const one = this.#note(messageId, childText(primitive, 'ContentData') ?? '', 'pushed');
        said = await this.#acknowledge(one, messageId, transactionId);
      } else if (primitive.name === 'MessageNotification') {
        said = await this.#asked(() => this.phone.say('Response', transactionId, status(200)));
        const one = await this.#fetch(messageId);
        if (one !== undefined) said = await this.#acknowledge(one, messageId);
      } else {
        this.wrong.push(`${this.phone.user} got a ${primitive.name}`);
        return true;
      }
    }
    return true;
  }

  async #chooseFromList(): Promise<void> {
    const list = await this.#said(element('GetMessageList-Request', []));
    const ours = listedIn(list.primitive).filter((id) => id.startsWith(MAIL_ID_PREFIX));
    const messageId = ours[Math.floor(this.#mind.random() * ours.length)];
    if (messageId === undefined) return;
    const one = await this.#fetch(messageId);
    if (one === undefined) return;
    if (!this.#chance(REJECTING_SHARE)) {
      await this.#acknowledge(one, messageId);
      return;
    }
    one.isUnsure = true;
    const said = await this.#asked(() =>
      this.phone.request(element('RejectMessage-Request', [element('MessageID', messageId)])),
    );
    if (said?.code === 200) one.isRejected = true;
    else if (said !== undefined) this.#mayBeGone(one, said.code, 'a rejection');
  }

  async #fetch(messageId: string): Promise<Got | undefined> {
    const said = await this.#said(element('GetMessage-Request', [element('MessageID', messageId)]));
    if (said.primitive?.name !== 'GetMessage-Response') return undefined;
    return this.#note(messageId, childText(said.primitive, 'ContentData') ?? '', 'fetched');
  }

  /** The answer to the acknowledgement; undefined when the connection broke. */
  async #acknowledge(one: Got, messageId: string, transactionId?: string): Promise<Said | undefined> {
    if (!this.#isGentle && this.#chance(DYING_SHARE)) throw new Died();
    const id = transactionId ?? this.phone.newId();
    for (;;) {
      one.isUnsure = true;
      this.isAcknowledging = true;
      const said = await this.#asked(() => this.phone.acknowledge(messageId, id));
      this.isAcknowledging = false;
      if (said !== undefined) {
        this.acknowledged += 1;
        if (said.code === undefined || said.code === 200) one.isAcknowledged = true;
        else this.#mayBeGone(one, said.code, 'an acknowledgement');
        return said;
      }
      if (!this.#isGentle && this.#chance(DYING_SHARE)) throw new Died();
      await sleep(AGAIN_MILLIS);
    }
  }

  /** Of a message that was acknowledged before, or expired meanwhile, the gateway knows nothing any more. */
  #mayBeGone(one: Got, code: number | undefined, what: string): void {
    if (code !== 426) this.wrong.push(`${what} of ${this.phone.user} got ${code}`);
    else one.isUnsure = true;
  }

  #note(messageId: string, text: string, how: 'pushed' | 'fetched'): Got {
    const known = this.got.get(text);
    const one: Got = known ?? {
      ids: new Map(),
      place: undefined,
      isAcknowledged: false,
      isRejected: false,
      isUnsure: false,
      again: 0,
    };
    // What the VASP had for somebody who was there is no business of the mailbox.
    if (!messageId.startsWith(MAIL_ID_PREFIX)) return { ...one };
    this.got.set(text, one);
    if (one.ids.size === 0 && how === 'pushed') {
      this.#places += 1;
      one.place = this.#places;
    }
    if (one.isAcknowledged || one.isRejected) one.again += 1;
    one.ids.set(messageId, (one.ids.get(messageId) ?? 0) + 1);
    return one;
  }

  #chance(share: number): boolean {
    return this.#mind.random() < share;
  }

  /** Says it until it is answered. */
  async #said(primitive: Element): Promise<Said> {
    for (;;) {
      const said = await this.#asked(() => this.phone.request(primitive));
      if (said !== undefined) return said;
      await sleep(AGAIN_MILLIS);
    }
  }

  /** Undefined: the connection broke. */
  async #asked<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Broken) return undefined;
      throw error;
    }
  }
}
