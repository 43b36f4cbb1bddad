/** A desk that has messages for one user, says what the test tells it to say, and keeps what it is told. */
import { type Element, element } from '../../gateway/csp/element.ts';
import { NO_INTERESTS } from '../../gateway/desk/interests.ts';
import { messageOfTransaction, transactionIdOf, wireId } from '../../gateway/system-message/ids.ts';
import type {
  Addressee,
  FailedEffect,
  Happening,
  Interests,
  Judged,
  OutgoingMessage,
  Standing,
  SystemMessages,
} from '../../gateway/system-message-ports.ts';

export const ALL_INTERESTS: Interests = {
  any: true,
  logins: true,
  contactLists: true,
  presence: true,
  authorizations: true,
  errors: true,
};

/** 22 characters that say a short name. */
export function idOf(name: string): string {
  return name.padEnd(22, '_');
}

export class ScriptedDesk implements SystemMessages {
  /** Names of the messages that go out, in order. */
  readonly waiting: string[] = [];
  looksFor: Interests = { ...NO_INTERESTS, any: true };
  isConcerned: boolean | undefined;
  standingNow: Partial<Standing> = {};
  judges: Judged = { status: 200, description: undefined, effects: [], claim: undefined };
  /** Makes every question fail. */
  isBroken = false;
  readonly answers: (readonly [name: string, answer: string])[] = [];
  readonly deliveries: string[] = [];
  readonly texts: string[] = [];
  readonly failures: (readonly FailedEffect[])[] = [];
  readonly happenings: Happening[] = [];
  readonly overSessions: string[] = [];
  #number = 0;

  /** How a message goes out; a test may make other primitives. */
  primitive: (name: string) => Element = (name) =>
    element('NewMessage', [
      element('MessageInfo', [element('MessageID', wireId(idOf(name))), element('ContentSize', name.length)]),
      element('ContentData', name),
    ]);

  concerns(): boolean {
    return this.isConcerned ?? this.waiting.length > 0;
  }

  interests(): Interests {
    return this.looksFor;
  }

  async standing(): Promise<Standing> {
    this.#work();
    const isWaiting = this.waiting.length > 0;
    return { isEmpty: !isWaiting, isWaiting, blocking: undefined, timedOut: [], ...this.standingNow };
  }

  async take(): Promise<OutgoingMessage | undefined> {
    this.#work();
    const name = this.waiting.shift();
    if (name === undefined) return undefined;
    return { transactionId: transactionIdOf(idOf(name), this.#number++), primitive: this.primitive(name) };
  }

  async answered(_addressee: Addressee, transactionId: string, answer: Element): Promise<Judged | undefined> {
    this.#work();
    this.answers.push([messageOfTransaction(transactionId)?.replace(/_+$/, '') ?? '', answer.name]);
    return answer.name === 'SystemMessage-User' ? this.judges : undefined;
  }

  async delivered(_addressee: Addressee, messageId: string): Promise<void> {
    this.#work();
    this.deliveries.push(messageId);
  }

  async chosen(): Promise<Judged> {
    this.#work();
    return this.judges;
  }

  async wrote(_addressee: Addressee, text: string): Promise<Judged> {
    this.#work();
    this.texts.push(text);
    return this.judges;
  }

  async done(_addressee: Addressee, _claim: string, failed: readonly FailedEffect[]): Promise<void> {
    this.#work();
    this.failures.push(failed);
  }

  async happened(happening: Happening): Promise<void> {
    this.#work();
    this.happenings.push(happening);
  }

  async ended(sessionKey: string): Promise<void> {
    this.overSessions.push(sessionKey);
  }

  #work(): void {
    if (this.isBroken) throw new Error('the desk is broken');
  }
}
