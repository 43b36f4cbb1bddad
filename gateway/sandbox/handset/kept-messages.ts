/**
 * Messages that wait at the service, as a phone deals with them: listing, fetching, refusing and sending them on, and saying
 * whether they are to be pushed or announced [P4.4].
 */
import { child, childInteger, children, childText, descendant, element } from '../../csp/element.ts';
import type { CspVersion } from '../../csp/versions.ts';
import { userElement } from '../elements.ts';
import { type HandsetEvent, messageOf, type Outcome } from './events.ts';
import type { Handset } from './handset.ts';

/** A message that waits, as a list shows it. */
export interface WaitingMessage {
  readonly messageId: string;
  readonly from: string;
  readonly bytes: number | undefined;
  readonly sentAt: string | undefined;
}

export type ReceivedMessage = Extract<HandsetEvent, { kind: 'message' }>;

export class KeptMessages {
  readonly #handset: Handset;
  readonly #version: CspVersion;

  constructor(handset: Handset) {
    this.#handset = handset;
    this.#version = handset.version;
  }

  /** Everything that waits, the oldest first. */
  async list(): Promise<Outcome & { readonly waiting: readonly WaitingMessage[] }> {
    const outcome = await this.#handset.request(element('GetMessageList-Request'));
    const { primitive } = outcome;
    // Some services write the list of 1.3 in every version [P13].
    const infos = children(child(primitive, 'MessageInfoList') ?? primitive, 'MessageInfo');
    const waiting = infos.map((info) => ({
      messageId: childText(info, 'MessageID') ?? '',
      from: childText(descendant(info, 'Sender', 'User'), 'UserID') ?? '',
      bytes: childInteger(info, 'ContentSize'),
      sentAt: childText(info, 'DateTime'),
    }));
    return { ...outcome, waiting };
  }

  /** Fetches a message and acknowledges it, so that it waits no longer; without `message` where it is gone. */
  async fetch(messageId: string): Promise<Outcome & { readonly message: ReceivedMessage | undefined }> {
    const id = element('MessageID', messageId);
    const outcome = await this.#handset.request(element('GetMessage-Request', [id]));
    if (outcome.primitive.name !== 'GetMessage-Response') return { ...outcome, message: undefined };
    await this.#handset.request(element('MessageDelivered', [id]));
    return { ...outcome, message: messageOf(outcome.primitive) };
  }

  async reject(messageId: string): Promise<Outcome> {
    return this.#handset.request(element('RejectMessage-Request', [element('MessageID', messageId)]));
  }

  async forward(messageId: string, to: string): Promise<Outcome> {
    return this.#handset.request(
      element('ForwardMessage-Request', [
        element('MessageID', messageId),
        this.#version === '1.3' ? element('Sender', [userElement(this.#handset.userId)]) : undefined,
        element('Recipient', [userElement(to)]),
      ]),
    );
  }

  /** From now on messages are pushed (P), or announced and fetched (N). */
  async deliverBy(method: 'P' | 'N'): Promise<Outcome> {
    return this.#handset.request(element('SetDeliveryMethod-Request', [element('DeliveryMethod', method)]));
  }
}
