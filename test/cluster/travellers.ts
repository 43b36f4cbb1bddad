/**
 * The people of a traffic: what each does, over and over, until it is told to stop. An answer that is not what it must be is
 * noted as wrong; where the store may fail, being told so is none, and the same is said again under the same TransactionID.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { childText, type Element, element } from '../../gateway/csp/element.ts';
import type { Spelling } from '../gateway/messages.ts';
import { headOf, letter, MailPhone, type Said } from '../load/mailbox-phone.ts';
import type { World } from './traffic.ts';

/** What became of one text at one recipient. */
interface Got {
  /** MessageIDs under which it came. */
  readonly ids: Set<string>;
  isAcknowledged: boolean;
  /** How often it came after that. */
  again: number;
  /** What happened to it in turn, to be read when it came again. */
  readonly story: string[];
}

const AGAIN_MILLIS = 40;
const GIVE_UP_MILLIS = 60_000;
/** Polls without anything before nothing is thought to wait. */
const EMPTY_POLLS = 2;
/** Of a store that cannot be reached, or not be written. */
const STORE_FAILED: readonly (number | undefined)[] = [500, 503];
const UNKNOWN_MESSAGE = 426;
const NOT_LOGGED_IN = 604;
const SPELLINGS: readonly Spelling[] = [
  { version: '1.3', encoding: 'xml' },
  { version: '1.3', encoding: 'wbxml' },
];

const clock = (): string => performance.now().toFixed(0);

export abstract class Person {
  /** By text. */
  readonly got = new Map<string, Got>();
  protected readonly world: World;
  protected isOver = false;
  #running: Promise<void> = Promise.resolve();
  #texts = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** What comes first, before anybody does anything. */
  async arrive(): Promise<void> {}

  begin(): void {
    this.#running = this.#run();
  }

  /** Finishes what is under way; nodes have to run. */
  async stop(): Promise<void> {
    this.isOver = true;
    await this.#running;
  }

  /** Gets what waits, where anything can wait. */
  async fetchAll(): Promise<void> {}

  /** One turn of what it does over and over. */
  protected abstract live(): Promise<void>;

  async #run(): Promise<void> {
    try {
      while (!this.isOver) await this.live();
    } catch (error) {
      this.wrong(error instanceof Error ? error.message : 'an error');
    }
  }

  protected wrong(what: string): void {
    this.world.wrong.push(`${this.constructor.name}: ${what}`);
  }

  protected phoneOf(user: string, index: number): MailPhone {
    return new MailPhone(
      user,
      SPELLINGS[index % SPELLINGS.length] ?? { version: '1.3', encoding: 'xml' },
      this.world.lanes,
    );
  }

  protected pause(mostMillis: number): Promise<void> {
    return sleep(this.world.random() * mostMillis);
  }

  /** @param isKnown somebody who has accepted before and must not be asked again */
  protected async logIn(phone: MailPhone, isKnown: boolean): Promise<void> {
    const { plan, accepted } = this.world;
    const until = performance.now() + GIVE_UP_MILLIS;
    for (let isAgain = false; ; isAgain = true) {
      const code = await phone.logIn(1, async () => {
        await this.pause(1_500);
        accepted.set(phone.user, (accepted.get(phone.user) ?? 0) + 1);
      });
      const wanted = isKnown && !plan.asksAlways ? 0 : 1;
      if (code === 200 && (phone.asked.length === wanted || plan.isTolerant)) return;
      if (code === 200 || !plan.isTolerant) {
        this.wrong(`${phone.user} got ${code} and was asked ${phone.asked.length} of ${wanted}, again: ${isAgain}`);
      }
      if (code === 200) return;
      this.#excuse(`login ${code}`);
      if (performance.now() > until) throw new Error(`${phone.user} does not get in: ${code}`);
      await sleep(AGAIN_MILLIS);
    }
  }

  protected async logOut(phone: MailPhone): Promise<void> {
    const said = await this.say(phone, element('Logout-Request'));
    const isGone = said.code === 200 || (this.world.plan.isTolerant && said.code === NOT_LOGGED_IN);
    if (!isGone) this.wrong(`a logout got ${said.code}`);
  }

  protected async write(phone: MailPhone, to: string): Promise<void> {
    this.#texts += 1;
    const text = `number ${this.#texts} of ${phone.user} to ${to}`;
    const { code } = await this.say(phone, letter(phone.user, { to: [to], text }));
    if (code === 200) this.world.sent.push({ from: phone.user, to, text });
    else this.wrong(`a message got ${code}: ${text}`);
  }

  /** Says a request until it is answered by something else than a failure of the store. */
  protected say(phone: MailPhone, primitive: Element): Promise<Said> {
    const id = phone.newId();
    return this.#insist(primitive.name, () => phone.request(primitive, id));
  }

  /** Polls until nothing comes, and acknowledges everything. */
  protected async receive(phone: MailPhone): Promise<void> {
    for (let empty = 0; empty < EMPTY_POLLS; ) {
      let said = await this.#insist('Polling-Request', () => phone.poll());
      if (said.primitive === undefined && !said.poll) empty += 1;
      while (said.primitive?.name === 'NewMessage') said = await this.#take(phone, said);
      if (said.primitive !== undefined && said.code !== 200 && said.code !== UNKNOWN_MESSAGE) {
        this.wrong(`a poll of ${phone.user} got ${said.primitive.name} ${said.code}`);
        return;
      }
    }
  }

  async #take(phone: MailPhone, { primitive, transactionId }: Said): Promise<Said> {
    const { messageId } = headOf(primitive);
    const text = childText(primitive, 'ContentData') ?? '';
    const one = this.got.get(text) ?? { ids: new Set(), isAcknowledged: false, again: 0, story: [] };
    this.got.set(text, one);
    one.ids.add(messageId);
    if (one.isAcknowledged) one.again += 1;
    one.story.push(`came at ${clock()} as ${transactionId}`);
    const said = await this.#insist('MessageDelivered', () => phone.acknowledge(messageId, transactionId));
    one.story.push(`acknowledged at ${clock()}: ${said.primitive?.name} ${said.code}`);
    // Heard the first time, though nobody could say so in time.
    const { plan, storeFails } = this.world;
    const isRight = said.code === undefined || said.code === 200 || (plan.isTolerant && said.code === UNKNOWN_MESSAGE);
    if (!isRight) this.wrong(`an acknowledgement of ${phone.user} got ${said.code}`);
    // It has no answer of its own that could say that it was not written down: what comes again then has the same MessageID.
    else if (!storeFails()) one.isAcknowledged = true;
    return said;
  }

  async #insist(what: string, ask: () => Promise<Said>): Promise<Said> {
    const until = performance.now() + GIVE_UP_MILLIS;
    for (;;) {
      const said = await ask();
      if (!this.world.plan.isTolerant || !STORE_FAILED.includes(said.code)) return said;
      this.#excuse(`${what} ${said.code}`);
      if (performance.now() > until) throw new Error(`${what} gets ${said.code} and nothing else`);
      await sleep(AGAIN_MILLIS);
    }
  }

  #excuse(what: string): void {
    const { excused } = this.world;
    excused.set(what, (excused.get(what) ?? 0) + 1);
  }
}

/** Comes, is asked the first time, does a few things, goes, and comes again. */
export class Visitor extends Person {
  readonly #index: number;
  #visits = 0;

  constructor(index: number, world: World) {
    super(world);
    this.#index = index;
  }

  protected async live(): Promise<void> {
    const { names, random } = this.world;
    const user = `wv:visitor-${this.#index}-${Math.floor(this.#visits / 3)}@im.example`;
    const phone = this.phoneOf(user, this.#index);
    await this.logIn(phone, this.#visits % 3 > 0);
    this.#visits += 1;
    const presence = await this.say(
      phone,
      element('GetPresence-Request', [element('UserIDList', [element('UserID', names.writers[0] ?? '')])]),
    );
    if (presence.code !== 200) this.wrong(`a GetPresence-Request got ${presence.code}`);
    await this.write(phone, names.writers[Math.floor(random() * names.writers.length)] ?? '');
    await this.receive(phone);
    await this.pause(200);
    await this.logOut(phone);
  }
}

/** Stays logged in, and writes to those who are there and to those who are away. */
export class Writer extends Person {
  readonly #phone: MailPhone;

  constructor(user: string, world: World) {
    super(world);
    this.#phone = this.phoneOf(user, world.names.writers.indexOf(user));
  }

  override async arrive(): Promise<void> {
    await this.logIn(this.#phone, false);
  }

  protected async live(): Promise<void> {
    const { names, random } = this.world;
    const others = random() < 0.6 ? names.fetchers : names.writers;
    await this.write(this.#phone, others[Math.floor(random() * others.length)] ?? '');
    await this.receive(this.#phone);
    await this.pause(100);
  }

  override async fetchAll(): Promise<void> {
    await this.receive(this.#phone);
  }
}

/** Is away for a while, comes to get what was kept, and goes. */
export class Fetcher extends Person {
  readonly #phone: MailPhone;
  #isKnown = false;

  constructor(user: string, world: World) {
    super(world);
    this.#phone = this.phoneOf(user, world.names.fetchers.indexOf(user));
  }

  protected async live(): Promise<void> {
    await this.pause(1_500);
    await this.fetchAll();
  }

  override async fetchAll(): Promise<void> {
    await this.logIn(this.#phone, this.#isKnown);
    this.#isKnown = true;
    await this.say(this.#phone, element('Service-Request', [element('Functions', [element('WVCSPFeat')])]));
    await this.receive(this.#phone);
    await this.logOut(this.#phone);
  }
}
