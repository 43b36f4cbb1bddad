/**
 * What a user's answer to a message is worth, and what comes of it [X40]. An answer counts once, from the user whom the
 * message was sent to, while it is open. Its effects in the session are tried first and the answer kept then, so that a
 * crash between the two leaves a question that is asked again, never an answer of which half was done.
 */

import { STATUS } from '../csp/status.ts';
import type { SystemMessageAnswer } from '../csp/system-message.ts';
import type { OnLineOption } from '../policy/model.ts';
import { choiceOf, logoutLast, sessionEffects } from '../system-message/choice.ts';
import { readWireId, wireId } from '../system-message/ids.ts';
import type { Addressee, FailedEffect, Judged, MessageRecord } from '../system-message-ports.ts';
import type { HandingOver } from './handing-over.ts';
import type { Outcomes } from './outcomes.ts';
import type { DeskParts } from './parts.ts';
import type { Queues } from './queues.ts';
import type { OpenMessage } from './user-queue.ts';

export type Way = NonNullable<MessageRecord['way']>;

interface Chosen {
  readonly message: OpenMessage;
  readonly option: OnLineOption | undefined;
  readonly way: Way;
}

/** Answers whose effects are being tried in the session. */
interface Claim {
  readonly chosen: readonly Chosen[];
  /** Monotonic milliseconds after which nobody is expected to come back. */
  readonly until: number;
}

/** A worker that was given effects to do and is gone: the question is open again then. */
const CLAIM_MILLIS = 60_000;
const CLAIM_BYTES = 12;

/** One answer's worth: chosen, taken as said before, or refused with a reason. */
type Verdict =
  | ({ readonly kind: 'chosen' } & Chosen)
  | { readonly kind: 'repeated' }
  | { readonly kind: 'worthless'; readonly reason: string };

export class Answers {
  readonly #parts: DeskParts;
  readonly #queues: Queues;
  readonly #handing: HandingOver;
  readonly #outcomes: Outcomes;
  readonly #claims = new Map<string, Claim>();

  constructor(parts: DeskParts, queues: Queues, handing: HandingOver, outcomes: Outcomes) {
    this.#parts = parts;
    this.#queues = queues;
    this.#handing = handing;
    this.#outcomes = outcomes;
  }

  async take(addressee: Addressee, answers: readonly SystemMessageAnswer[], way: Way): Promise<Judged> {
    const verdicts: Verdict[] = [];
    for (const answer of answers) {
      const verdict = await this.#judge(addressee, answer, way);
      if (verdict.kind === 'chosen') this.#queues.busy.add(verdict.message.record.id);
      verdicts.push(verdict);
    }
    const chosen = verdicts.filter((verdict) => verdict.kind === 'chosen');
    const worthless = verdicts.find((verdict) => verdict.kind === 'worthless');
    const effects = chosen.flatMap(({ option, message }) => sessionEffects(option?.effects ?? [], message.about));
    const said = answers.length === 0 ? 'The message holds no answer.' : worthless?.reason;
    const status = said === undefined ? STATUS.OK : STATUS.BAD_PARAMETER;
    if (effects.length === 0) {
      await this.#settle(addressee, chosen, []);
      return { status, description: said, effects, claim: undefined };
    }
    const claim = Buffer.from(this.#parts.secrets.randomBytes(CLAIM_BYTES)).toString('base64url');
    this.#claims.set(claim, { chosen, until: this.#parts.clock.monotonic() + CLAIM_MILLIS });
    return { status, description: said, effects: logoutLast(effects), claim };
  }

  /** The effects of a claim were tried; durable when resolved. */
  async done(addressee: Addressee, claim: string, failed: readonly FailedEffect[]): Promise<void> {
    const { chosen } = this.#claims.get(claim) ?? { chosen: [] };
    this.#claims.delete(claim);
    const grants = chosen.flatMap(({ option }) => option?.effects ?? []).some(({ kind }) => kind === 'grant');
    if (grants && failed.every(({ effect }) => effect.kind !== 'grant')) {
      this.#queues.ofOrNew(addressee.userKey).session(addressee.sessionKey).chosenAt = this.#parts.clock.wall();
    }
    await this.#settle(addressee, chosen, failed);
  }

  /** Opens questions again whose answers nobody finished. To be called now and then. */
  sweep(): void {
    const now = this.#parts.clock.monotonic();
    for (const [claim, { chosen, until }] of this.#claims) {
      if (now < until) continue;
      this.#claims.delete(claim);
      for (const { message } of chosen) this.#queues.busy.delete(message.record.id);
    }
  }

  async #settle(addressee: Addressee, chosen: readonly Chosen[], failed: readonly FailedEffect[]): Promise<void> {
    try {
      for (const one of chosen) await this.#outcomes.answered(addressee, one);
      this.#outcomes.told(addressee, chosen, failed);
    } finally {
      for (const { message } of chosen) this.#queues.busy.delete(message.record.id);
    }
    await this.#queues.settled([addressee.userKey]);
  }

  async #judge(addressee: Addressee, answer: SystemMessageAnswer, way: Way): Promise<Verdict> {
    const id = readWireId(answer.id)?.id;
    if (id === undefined) return this.#worthless('-', 'foreign', NO_SUCH_MESSAGE);
    const message = this.#queues.find(id);
    if (message === undefined) return this.#judgeEnded(addressee, id, answer.chosenOptionId);
    const { record, policy } = message;
    if (record.userKey !== addressee.userKey) return this.#worthless(policy.id, 'foreign', NO_SUCH_MESSAGE);
    if (this.#parts.clock.wall() >= record.expiresAt) return this.#worthless(policy.id, 'late', TOO_LATE);
    const choice = choiceOf(policy, answer.chosenOptionId);
    if (choice.kind === 'no-such-option') {
      const count = policy.options.length;
      const options = count === 1 ? 'its one option is 1' : `its options are 1 to ${count}`;
      return this.#worthless(policy.id, 'no-such-option', `The message needs a ChosenOptionID: ${options}.`);
    }
    if (this.#queues.busy.has(id)) return this.#worthless(policy.id, 'repeated', ANSWERED);
    return { kind: 'chosen', message, option: choice.option, way };
  }

  /** A message that is at its end, or none at all. The same answer again is no harm: its confirmation may have been lost. */
  async #judgeEnded(addressee: Addressee, id: string, chosenOptionId: string | undefined): Promise<Verdict> {
    const state = this.#queues.of(addressee.userKey)?.sessions.get(addressee.sessionKey);
    if (state?.notes.some((note) => note.id === id) === true) return { kind: 'repeated' };
    const record = await this.#parts.store.get(id);
    if (record === undefined || record.userKey !== addressee.userKey) {
      return this.#worthless(record?.policy ?? '-', 'foreign', NO_SUCH_MESSAGE);
    }
    switch (record.state) {
      case 'answered': {
        const policy = await this.#queues.definitions.find(record.definition);
        const choice = policy && choiceOf(policy, chosenOptionId);
        const isSame = choice?.kind === 'chosen' && choice.option?.id === record.option;
        this.#parts.metrics.systemMessage(record.policy, 'repeated');
        return isSame ? { kind: 'repeated' } : { kind: 'worthless', reason: ANSWERED };
      }
      case 'expired':
        return this.#worthless(record.policy, 'late', TOO_LATE);
      case 'delivered': {
        const isLate = this.#parts.clock.wall() >= record.expiresAt;
        return isLate ? this.#worthless(record.policy, 'late', TOO_LATE) : { kind: 'repeated' };
      }
      default:
        return this.#worthless(record.policy, 'late', 'The message is not valid any more.');
    }
  }

  #worthless(policy: string, result: 'foreign' | 'late' | 'repeated' | 'no-such-option', reason: string): Verdict {
    this.#parts.metrics.systemMessage(policy, result);
    return { kind: 'worthless', reason };
  }

  /** An answer in words to a message that was shown in this session. */
  async takeOption(addressee: Addressee, message: OpenMessage, option: string | undefined): Promise<Judged> {
    const id = message.record.id;
    await this.#handing.acknowledged(addressee, id, {});
    return this.take(
      addressee,
      [{ id: wireId(id), chosenOptionId: option, verificationKey: undefined }],
      'conversation',
    );
  }
}

const NO_SUCH_MESSAGE = 'There is no such message.';
const TOO_LATE = 'The time to answer is over.';
const ANSWERED = 'The message has been answered already.';
