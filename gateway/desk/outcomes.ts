/**
 * What an answer leads to beside its effects in the session: the acceptance record, the user's preference, the webhook, and
 * the message's end; and what the user is told about it [X40, X41, X45].
 */

import { shownTextOf } from '../audit/shown-text.ts';
import type { AuditRecord } from '../audit-ports.ts';
import { contactWords } from '../conversation/contact-words.ts';
import type { Effect, OnLineOption } from '../policy/model.ts';
import { keptText, languageOf, shownTo } from '../system-message/question.ts';
import type { Addressee, FailedEffect, MessageRecord } from '../system-message-ports.ts';
import type { HandingOver } from './handing-over.ts';
import type { DeskParts } from './parts.ts';
import type { Preferences } from './preferences.ts';
import { type Queues, sentBefore } from './queues.ts';
import type { OpenMessage } from './user-queue.ts';
import type { Webhooks } from './webhooks.ts';

/** An answer that counts. `option` is undefined for a message without options. */
export interface GivenAnswer {
  readonly message: OpenMessage;
  readonly option: OnLineOption | undefined;
  readonly way: NonNullable<MessageRecord['way']>;
}

export class Outcomes {
  readonly #parts: DeskParts;
  readonly #queues: Queues;
  readonly #handing: HandingOver;
  readonly #preferences: Preferences;
  readonly #webhooks: Webhooks;

  constructor(parts: DeskParts, queues: Queues, handing: HandingOver, preferences: Preferences, webhooks: Webhooks) {
    this.#parts = parts;
    this.#queues = queues;
    this.#handing = handing;
    this.#preferences = preferences;
    this.#webhooks = webhooks;
  }

  /** Durable when resolved: each of its writes may be made again without harm, and the message's end comes last. */
  async answered(addressee: Addressee, answer: GivenAnswer): Promise<void> {
    const { acceptances, clock, metrics } = this.#parts;
    const { option, way } = answer;
    const message = this.#queues.find(answer.message.record.id);
    // Another answer was faster.
    if (message === undefined) return;
    const { record, policy } = message;
    const answeredAt = clock.wall();
    const effects = option?.effects ?? [];
    if (effects.some(({ kind }) => kind === 'accept')) {
      const acceptance = { policy: policy.id, version: policy.version, option: option?.id, acceptedAt: answeredAt };
      const text = shownTextOf(keptText(policy, record.vasp, languageOf(policy, addressee)));
      const accepted = this.#record(addressee, { ...answer, message }, text.hash, answeredAt);
      await acceptances.accept(record.userKey, { remember: [acceptance], records: [accepted], texts: [text] });
      metrics.systemMessageEffect('accept', 'done');
    }
    for (const effect of effects) if (effect.kind === 'set-help') await this.#setHelp(message, effect.help);
    await this.#webhooks.add(effects.flatMap((effect) => this.#call(message, option, effect, answeredAt)));
    await this.#queues.finish(message, 'answered', {
      answeredAt,
      deliveredAt: record.deliveredAt ?? answeredAt,
      ...sentBefore(record, answeredAt),
      option: option?.id,
      way,
    });
    if (record.deliveredAt === undefined) metrics.systemMessage(policy.id, 'delivered');
  }

  async #setHelp({ record }: OpenMessage, help: 'on' | 'off'): Promise<void> {
    await this.#preferences.setHelp(record.userKey, help, record.id);
    this.#parts.metrics.systemMessageEffect('set-help', 'done');
  }

  #call({ record, policy }: OpenMessage, option: OnLineOption | undefined, effect: Effect, at: number) {
    if (effect.kind !== 'webhook') return [];
    const { id, userKey: user, vasp } = record;
    return [
      { url: effect.url, id, policy: policy.id, version: policy.version, option: option?.id ?? '', vasp, user, at },
    ];
  }

  #record(addressee: Addressee, { message, option, way }: GivenAnswer, text: string, decidedAt: number): AuditRecord {
    const { record, policy } = message;
    const grant = option?.effects.find((effect) => effect.kind === 'grant');
    return {
      id: this.#parts.secrets.keyedHash('decision', record.id),
      user: record.userKey,
      vasp: record.vasp,
      policy: policy.id,
      version: policy.version,
      outcome: 'accepted',
      option: option?.id,
      text,
      language: languageOf(policy, addressee),
      presentedAt: record.sentAt ?? record.createdAt,
      decidedAt,
      tries: Math.max(1, record.tries),
      way: way === 'system-message' ? 'system-message-user' : way,
      level: grant?.level.name,
      granted: grant === undefined ? [] : [grant.level.name],
      csp: addressee.facts.version,
      charge: undefined,
    };
  }

  /** Tells the user in words what has to be told: that a text was taken for an answer, and what could not be done. */
  told(addressee: Addressee, answers: readonly GivenAnswer[], failed: readonly FailedEffect[]): void {
    const { metrics } = this.#parts;
    const [first] = answers;
    if (first === undefined) return;
    const words = contactWords(languageOf(first.message.policy, addressee));
    for (const { message, option, way } of answers) {
      if (way !== 'conversation') continue;
      const { options } = shownTo(addressee, message.policy, message.record.id, message.about).message;
      const chosen = option === undefined ? undefined : options[message.policy.options.indexOf(option)];
      this.#handing.tell(addressee, chosen === undefined ? words.taken : words.chosen(chosen));
    }
    for (const { effect } of failed) {
      metrics.systemMessageEffect(effect.kind, 'failed');
      if (effect.kind === 'add-contact') this.#handing.tell(addressee, words.couldNotAddContact(effect.user));
      else if (effect.kind === 'authorize-presence' || effect.kind === 'deny-presence') {
        this.#handing.tell(addressee, words.couldNotChangePresence(effect.user));
      } else this.#handing.tell(addressee, words.couldNotDo);
    }
  }
}
