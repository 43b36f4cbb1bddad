/**
 * The owner of a phone, told things: acknowledges each as the phone does, and answers once with a mind of its own. Keeps what
 * it was told, so that it can be compared with what the gateway says: what is acknowledged is what was answered with HTTP
 * 200, and what is answered is what the gateway confirmed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Broken } from './messages-lanes.ts';
import type { Heard, MessagesPhone, Received } from './messages-phone.ts';

/** What one phone has had of one message. */
export interface Told {
  readonly text: string;
  readonly received: Received;
  times: number;
  /** The gateway answered the acknowledgement with HTTP 200. */
  isAcknowledged: boolean;
  /** Times that it came after that. */
  again: number;
  isAnswering: boolean;
  /** The gateway has heard the answer. */
  isSaid: boolean;
  /** The option, from 1, of an answer that the gateway confirmed. */
  confirmed: number | undefined;
  /** The answer was worth nothing: its status, or 402 in words. */
  refused: number | undefined;
}

export interface Mind {
  /** From 1; undefined: never answers. */
  readonly choice: number | undefined;
  /** Texts of the options of every question. */
  readonly options: readonly string[];
  readonly thinkingMillis: () => number;
}

const TRY_AGAIN_MILLIS = 30;
const WORDS = /^(I did not understand|That is none|Thank you)/;

export class Person {
  readonly phone: MessagesPhone;
  readonly mind: Mind;
  /** By MessageID. */
  readonly told = new Map<string, Told>();
  requests = 0;
  readonly #answers = new Set<Promise<void>>();
  #isServing = false;
  #isCalled = false;
  #isOver = false;

  constructor(phone: MessagesPhone, mind: Mind) {
    this.phone = phone;
    this.mind = mind;
  }

  /** The phone is called, or it is its time: polls for as long as there is something to poll. */
  async called(): Promise<void> {
    this.#isCalled = true;
    if (this.#isServing || this.#isOver) return;
    this.#isServing = true;
    try {
      while (this.#isCalled && !this.#isOver) {
        this.#isCalled = false;
        await this.#poll();
      }
    } finally {
      this.#isServing = false;
    }
  }

  /** Whether everything that it was told is acknowledged, and nothing is being answered. */
  get isAtRest(): boolean {
    return this.#answers.size === 0 && [...this.told.values()].every(({ isAcknowledged }) => isAcknowledged);
  }

  /** Finishes what is under way, and begins nothing more. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#answers);
  }

  async #poll(): Promise<void> {
    for (let isMore = true; isMore && !this.#isOver; ) {
      const heard = await this.#asked(() => this.phone.poll());
      if (heard === undefined) return;
      isMore = heard.poll === true;
      // An acknowledgement may be answered by the next message.
      for (let { received } = heard; received !== undefined; ) {
        const answer: Heard | undefined = await this.#take(received);
        isMore = answer?.poll ?? isMore;
        received = answer?.received;
      }
    }
  }

  /** Acknowledges a message, and has it answered; what the acknowledgement was answered with. */
  async #take(received: Received): Promise<Heard | undefined> {
    if (received.kind === 'text' && WORDS.test(received.text)) {
      this.#hearWords(received.text);
      return this.#asked(() => this.phone.acknowledge(received));
    }
    const one = this.told.get(received.messageId) ?? newlyTold(received);
    this.told.set(received.messageId, one);
    one.times += 1;
    if (one.isAcknowledged) one.again += 1;
    const answer = await this.#said(() => this.phone.acknowledge(received));
    if (answer === undefined) return undefined;
    one.isAcknowledged = true;
    this.#answerInTime(one);
    return answer;
  }

  #answerInTime(one: Told): void {
    const { choice } = this.mind;
    const { received, isAnswering, confirmed, refused } = one;
    if (choice === undefined || !received.isQuestion || isAnswering || confirmed !== undefined) return;
    // Whoever is asked again in a conversation, although it said that it did not understand, answers again.
    if (refused !== undefined && received.kind === 'system-message') return;
    one.isAnswering = true;
    const answering = this.#answer(one, choice).finally(() => {
      one.isAnswering = false;
      this.#answers.delete(answering);
    });
    this.#answers.add(answering);
  }

  async #answer(one: Told, choice: number): Promise<void> {
    await sleep(this.mind.thinkingMillis());
    const heard = await this.#said(() => this.phone.choose(one.received, choice));
    if (heard === undefined) return;
    if (heard.code !== 200) one.refused = heard.code;
    else if (one.received.kind === 'system-message') one.confirmed = choice;
    else one.isSaid = true;
    if (heard.poll === true) void this.called();
  }

  /** In a conversation words say what became of an answer. */
  #hearWords(text: string): void {
    const { choice, options } = this.mind;
    if (choice === undefined) return;
    const said = [...this.told.values()].find(
      ({ received, confirmed, refused, isSaid, isAnswering }) =>
        received.kind === 'text' &&
        received.isQuestion &&
        confirmed === undefined &&
        refused === undefined &&
        (isSaid || isAnswering),
    );
    if (said === undefined) return;
    if (text === `Thank you. You chose: ${options[choice - 1]}`) said.confirmed = choice;
    else if (!text.startsWith('Thank you')) said.refused = 402;
  }

  /** Says it until the gateway has heard it; undefined when there is no time for that any more. */
  async #said(say: () => Promise<Heard>): Promise<Heard | undefined> {
    for (;;) {
      const heard = await this.#asked(say);
      if (heard !== undefined || this.#isOver) return heard;
      await sleep(TRY_AGAIN_MILLIS);
    }
  }

  /** The answer; undefined when the connection broke. */
  async #asked(ask: () => Promise<Heard>): Promise<Heard | undefined> {
    this.requests += 1;
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Broken) return undefined;
      throw error;
    }
  }
}

function newlyTold(received: Received): Told {
  return {
    text: received.text,
    received,
    times: 0,
    isAcknowledged: false,
    again: 0,
    isAnswering: false,
    isSaid: false,
    confirmed: undefined,
    refused: undefined,
  };
}
