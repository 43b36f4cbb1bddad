/**
 * Phones that put users into their contact lists who are not there: each addition is tried again until the gateway has
 * answered it, and from then on the user who was added has to hear of it [policy-files §3].
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { element } from '../../gateway/csp/element.ts';
import { SPELLINGS } from '../gateway/messages.ts';
import { Broken, Lanes } from '../load/messages-lanes.ts';
import { MessagesPhone } from '../load/messages-phone.ts';

/** The name of users who are added; their numbers begin at 1. */
export const ABSENT = 'absent';
const PAUSE_MILLIS = 200;

export class Adders {
  readonly phones: readonly MessagesPhone[];
  /** Who added whom, by the number of the one who was added. */
  readonly added = new Map<number, string>();
  readonly wrong: string[] = [];
  readonly #lanes: Lanes;
  readonly #running: Promise<void>[];
  #next = 1;
  #isOver = false;

  private constructor(lanes: Lanes, phones: readonly MessagesPhone[]) {
    this.#lanes = lanes;
    this.phones = phones;
    this.#running = phones.map((phone) => this.#add(phone));
  }

  /** One phone in each version and encoding. */
  static async begin(port: number): Promise<Adders> {
    const lanes = new Lanes(port, SPELLINGS.length);
    const phones = SPELLINGS.map(
      (spelling, index) => new MessagesPhone(`wv:adder-${index}@im.example`, spelling, lanes),
    );
    for (const phone of phones) await phone.logIn('none');
    return new Adders(lanes, phones);
  }

  moveTo(port: number): void {
    this.#lanes.moveTo(port);
  }

  /** Finishes what is under way; the gateway has to run. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    this.#lanes.close();
  }

  async #add(phone: MessagesPhone): Promise<void> {
    while (!this.#isOver) {
      const number = this.#next;
      this.#next += 1;
      while (!(await this.#isAnswered(phone, number))) await sleep(PAUSE_MILLIS);
      this.added.set(number, phone.user);
      await sleep(PAUSE_MILLIS);
    }
  }

  async #isAnswered(phone: MessagesPhone, number: number): Promise<boolean> {
    try {
      const heard = await phone.request(
        element('ListManage-Request', [
          element('ContactList', `${phone.user.split('@')[0]}/friends@im.example`),
          element('AddNickList', [element('UserID', `wv:${ABSENT}-${number}@im.example`)]),
        ]),
      );
      if (heard.code !== 200) this.wrong.push(`an addition got ${heard.code}`);
      return true;
    } catch (error) {
      if (error instanceof Broken) return false;
      throw error;
    }
  }
}
