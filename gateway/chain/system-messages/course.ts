/**
 * One message of a client to whose user something is to be said, or that says something to the gateway: its transactions in
 * their order, each alone [X32]. An answer in the first may open the way for the second, or end the session for the rest.
 */
import { serviceContactFor } from '../../conversation/text-messages.ts';
import { element } from '../../csp/element.ts';
import type { EnvelopeTransaction } from '../../csp/envelope.ts';
import type { Transaction } from '../../csp/message.ts';
import { loggedName } from '../../csp/primitives.ts';
import { setPoll } from '../../csp/splice.ts';
import { result, STATUS, status } from '../../csp/status.ts';
import type { Addressee, FailedEffect, Judged, SessionEffect, Standing } from '../../system-message-ports.ts';
import { answerHere, passRest, respond } from '../answered-here.ts';
import { type Exchange, type Handler, messageOf, type Reply, scannedReply } from '../exchange.ts';
import { answerFirst, isHeldBack } from './block.ts';
import { doEffects, type Ending } from './effects.ts';
import { hear, notHeard, TRY_LATER } from './hearing.ts';
import type { AskVasp } from './own-transaction.ts';
import type { SystemMessageParts } from './parts.ts';
import { type Word, wordIn } from './word.ts';

export interface CourseParts extends SystemMessageParts {
  readonly ask: AskVasp;
}

/** The ways on: `next` for what the gateway itself asks, `forward` for what is left of the client's message. */
export interface WaysOn {
  readonly next: Handler;
  readonly forward: Handler;
}

/** @param holdsWord whether a transaction may say something to the gateway: then the tree is looked at */
export async function serveInTurn(
  parts: CourseParts,
  exchange: Exchange,
  addressee: Addressee,
  holdsWord: boolean,
  ways: WaysOn,
): Promise<Reply> {
  const course = new Course(parts, exchange, addressee, ways);
  await course.begin();
  const spoken = holdsWord ? messageOf(exchange).transactions : [];
  const contact = serviceContactFor(parts.serviceContact, addressee.facts.userId);
  for (const [index, transaction] of exchange.envelope.transactions.entries()) {
    const said = spoken[index];
    const word = said === undefined ? undefined : wordIn(said, contact);
    if (said === undefined || word === undefined) await course.take(index, transaction);
    else await course.takeWord(index, said, word);
  }
  return course.end();
}

/** There is nothing to say to the user. */
const CLEAR: Standing = { isEmpty: true, isWaiting: false, blocking: undefined, timedOut: [] };
/** Of the primitive with which a session ends: there is one a session. */
const END_ID = 'sapgw-end';

class Course {
  readonly #parts: CourseParts;
  readonly #addressee: Addressee;
  readonly #ways: WaysOn;
  readonly #answers = new Map<number, Transaction | undefined>();
  /** With the session as effects have left it. */
  #exchange: Exchange;
  /** Undefined: it has to be asked for, anew after every answer. */
  #standing: Standing | 'unknown' | undefined;
  #ending: Ending | undefined;
  /** Whether some transaction has been told how the session ended. */
  #endIsTold = false;
  /** Whether the VASP may have been asked something in the session. */
  #hasAsked = false;
  #outcome = 'answered';

  constructor(parts: CourseParts, exchange: Exchange, addressee: Addressee, ways: WaysOn) {
    this.#parts = parts;
    this.#exchange = exchange;
    this.#addressee = addressee;
    this.#ways = ways;
  }

  /** Does what silence has led to. */
  async begin(): Promise<void> {
    this.#standing = await this.#standingNow();
    if (this.#standing !== 'unknown') await this.#do(this.#standing.timedOut);
  }

  /** A transaction that is not for the gateway. */
  async take(index: number, transaction: EnvelopeTransaction): Promise<void> {
    if (this.#ending !== undefined) return this.#tellEnd(index, transaction, this.#ending);
    if (!isHeldBack(transaction)) return;
    this.#standing ??= await this.#standingNow();
    if (this.#standing === 'unknown') {
      this.#outcome = String(STATUS.SERVICE_UNAVAILABLE);
      this.#answers.set(index, respond(transaction, status(STATUS.SERVICE_UNAVAILABLE, TRY_LATER)));
      return;
    }
    const { blocking } = this.#standing;
    if (blocking === undefined) return;
    const { askingCode, metrics, log } = this.#parts;
    const { vasp, session, envelope } = this.#exchange;
    const primitive = loggedName(transaction.primitive);
    metrics.reject('session', 'unanswered');
    log.info('message refused', {
      vasp: vasp.name,
      session: session?.key,
      primitive,
      reason: 'unanswered',
      code: askingCode,
    });
    this.#outcome = String(askingCode);
    this.#answers.set(index, respond(transaction, answerFirst(askingCode, blocking, envelope.version)));
  }

  /** A transaction that says something to the gateway. */
  async takeWord(index: number, transaction: Transaction, word: Word): Promise<void> {
    if (this.#ending !== undefined) return this.#tellEnd(index, transaction, this.#ending);
    this.#standing = undefined;
    let answer: Transaction | undefined;
    try {
      const heard = await hear(this.#parts, this.#addressee, transaction, word);
      if (heard.judged !== undefined) await this.#follow(heard.judged);
      answer = heard.answer;
    } catch {
      this.#logFailure();
      answer = notHeard(transaction, word);
    }
    this.#answers.set(index, answer);
  }

  async end(): Promise<Reply> {
    const ending = this.#ending;
    if (ending === undefined) {
      return this.#withPoll(await passRest(this.#exchange, this.#answers, this.#ways.forward, this.#outcome));
    }
    const disconnect = element('Disconnect', [result(ending.code, ending.description)]);
    const more: readonly Transaction[] = this.#endIsTold
      ? []
      : [{ mode: 'Request', id: END_ID, primitive: disconnect }];
    return { ...answerHere(this.#exchange, this.#answers, { more, outcome: String(ending.code) }), endsSession: true };
  }

  /** What the VASP sent along with an answer to the gateway waits for the client's poll. */
  #withPoll(reply: Reply): Reply {
    const { session } = this.#exchange;
    const isWaiting = session !== undefined && this.#hasAsked && this.#parts.setAside.isWaiting(session.key);
    if (!isWaiting || reply.envelope === undefined) return reply;
    return scannedReply(this.#exchange, reply, setPoll(reply.body, reply.envelope, true));
  }

  async #follow({ effects, claim }: Judged): Promise<void> {
    const failed = await this.#do(effects);
    if (claim !== undefined) await this.#parts.desk.done(this.#addressee, claim, failed);
  }

  async #do(effects: readonly SessionEffect[]): Promise<readonly FailedEffect[]> {
    if (effects.length === 0) return [];
    this.#hasAsked = true;
    const done = await doEffects(this.#parts, this.#exchange, this.#addressee, effects, this.#ways.next);
    this.#exchange = done.exchange;
    this.#ending = done.ending;
    return done.failed;
  }

  /** A poll and an answer wait for no Status: for them the session ends with a Disconnect. */
  #tellEnd(index: number, transaction: Pick<Transaction, 'mode' | 'id'>, { code, description }: Ending): void {
    const waits = transaction.mode === 'Request' && transaction.id !== '';
    if (waits) this.#endIsTold = true;
    this.#answers.set(index, waits ? respond(transaction, status(code, description)) : undefined);
  }

  /** What cannot be known may be something that blocks: then nothing is served that something could block. */
  async #standingNow(): Promise<Standing | 'unknown'> {
    const { desk } = this.#parts;
    if (!desk.concerns(this.#addressee.userKey)) return CLEAR;
    try {
      return await desk.standing(this.#addressee);
    } catch {
      this.#logFailure();
      return 'unknown';
    }
  }

  #logFailure(): void {
    const { vasp, session } = this.#exchange;
    this.#parts.log.error('messages to users cannot be had', { vasp: vasp.name, session: session?.key });
  }
}
