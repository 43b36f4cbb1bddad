/**
 * Phones that write to people who may be away: numbered messages, one after the other, each said again under the same
 * TransactionID until the gateway has answered it, as a phone does whose connection broke. They keep what they were told, and
 * the delivery reports that they get.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { child, children, childText, childTexts, descendant, type Element } from '../../gateway/csp/element.ts';
import { resultCode, status } from '../../gateway/csp/status.ts';
import { letter, type MailPhone, type Said } from '../load/mailbox-phone.ts';
import { Broken } from '../load/messages-lanes.ts';

/** A message to one of its recipients. */
export interface Sent {
  readonly from: string;
  readonly to: string;
  /** Rising for each sender. */
  readonly number: number;
  /** Nobody else's: sender, number and recipients. */
  readonly text: string;
  readonly wantsReport: boolean;
  /** It may expire before anybody has it. */
  readonly isShortLived: boolean;
  /** What the sender was told for this recipient. */
  readonly code: number;
  /** The MessageID that the sender was told; undefined where nobody has it. */
  readonly messageId: string | undefined;
  /** How often it was said until it was answered. */
  readonly tries: number;
}

export interface SenderMind {
  readonly random: () => number;
  /** Draws the recipients of the next message. */
  readonly recipients: () => readonly string[];
  /** Between two messages. */
  readonly pauseMillis: number;
}

const AGAIN_MILLIS = 25;
const REPORTS_SHARE = 0.6;
const SHORT_LIVED_SHARE = 0.08;
/** The shortest that is worth sending. */
const SHORT_LIFE_SECONDS = 2;
/** A phone that is told 503 again and again gives up in the end. */
const MOST_REFUSALS = 200;

export class MailSender {
  readonly phone: MailPhone;
  readonly sent: Sent[] = [];
  /** Codes of delivery reports, by MessageID and recipient. */
  readonly reports = new Map<string, number[]>();
  readonly wrong: string[] = [];
  /** A message is on its way. */
  isSending = false;
  readonly #mind: SenderMind;
  #running: Promise<void> = Promise.resolve();
  #number = 0;
  #isOver = false;

  constructor(phone: MailPhone, mind: SenderMind) {
    this.phone = phone;
    this.#mind = mind;
  }

  begin(): void {
    this.#running = this.#run().catch((error: unknown) => {
      this.wrong.push(`${this.phone.user}: ${error instanceof Error ? error.message : 'an error'}`);
    });
  }

  /** Finishes the message that is on its way; the gateway has to run. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#write();
      await this.fetchReports();
      await sleep(this.#mind.random() * this.#mind.pauseMillis);
    }
  }

  async #write(): Promise<void> {
    const { random, recipients } = this.#mind;
    const to = recipients();
    this.#number += 1;
    const number = this.#number;
    const text = `number ${number} of ${this.phone.user} to ${to.join(' and ')}`;
    const wantsReport = random() < REPORTS_SHARE;
    const isShortLived = random() < SHORT_LIVED_SHARE;
    const request = letter(this.phone.user, {
      to,
      text,
      report: wantsReport,
      ...(isShortLived ? { validitySeconds: SHORT_LIFE_SECONDS } : {}),
    });
    this.isSending = true;
    const { said, tries } = await this.#said(request);
    this.isSending = false;
    const codes = codesOf(said.primitive, to);
    const messageId = childText(said.primitive, 'MessageID');
    const one = { from: this.phone.user, number, text, wantsReport, isShortLived, messageId, tries };
    for (const recipient of to) this.sent.push({ ...one, to: recipient, code: codes.get(recipient) ?? 0 });
  }

  /** Says it until it is answered by something else than a failure of the moment. */
  async #said(request: Element): Promise<{ readonly said: Said; readonly tries: number }> {
    const id = this.phone.newId();
    let refusals = 0;
    for (let tries = 1; ; tries++) {
      const said = await this.#asked(() => this.phone.request(request, id));
      if (said !== undefined) {
        refusals += 1;
        const isPassing = said.code === 503 || said.code === 504 || said.code === 500;
        if (!isPassing || refusals > MOST_REFUSALS) return { said, tries };
      }
      await sleep(AGAIN_MILLIS);
    }
  }

  /** Polls until nothing comes; a report is acknowledged by a Status. */
  async fetchReports(): Promise<void> {
    for (let said = await this.#asked(() => this.phone.poll()); said?.primitive !== undefined; ) {
      const { primitive, transactionId } = said;
      if (primitive.name === 'DeliveryReport-Request') this.#take(primitive);
      else if (primitive.name === 'Status') {
        this.wrong.push(`a poll of ${this.phone.user} got ${resultCode(primitive)}`);
        return;
      }
      const answered = await this.#asked(() => this.phone.say('Response', transactionId, status(200)));
      said = isWorth(answered) ? answered : await this.#asked(() => this.phone.poll());
    }
  }

  #take(primitive: Element): void {
    const info = child(primitive, 'MessageInfo');
    const key = reportKey(
      childText(info, 'MessageID') ?? '',
      childText(descendant(info, 'Recipient', 'User'), 'UserID'),
    );
    this.reports.set(key, [...(this.reports.get(key) ?? []), resultCode(primitive) ?? 0]);
  }

  /** Undefined: the connection broke. */
  async #asked(ask: () => Promise<Said>): Promise<Said | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Broken) return undefined;
      throw error;
    }
  }
}

/** The next primitive may come in the place of an answer. */
function isWorth(said: Said | undefined): said is Said {
  return said?.primitive !== undefined && said.primitive.name !== 'Status';
}

export function reportKey(messageId: string, recipient: string | undefined): string {
  return `${messageId} to ${recipient}`;
}

/** What an answer to a SendMessage-Request says of each recipient [P4.1]. */
function codesOf(primitive: Element | undefined, to: readonly string[]): ReadonlyMap<string, number> {
  const result = child(primitive, 'Result');
  const whole = resultCode(primitive) ?? 0;
  const isPartly = whole === 201 || whole === 900;
  const codes = new Map(to.map((one) => [one, whole === 201 ? 200 : whole] as const));
  for (const detail of isPartly ? children(result, 'DetailedResult') : []) {
    for (const user of childTexts(detail, 'UserID')) codes.set(user, Number(childText(detail, 'Code')));
  }
  return codes;
}
