/** What the desk stands on, what it tells others, and what it is asked to send. */

import type { PolicySets } from '../policy/live-sets.ts';
import type { OnLinePolicy } from '../policy/model.ts';
import type { AcceptanceStore, Clock, Log, NoteStore, Secrets } from '../ports.ts';
import type { MessageRecord, SystemMessageStore } from '../system-message-ports.ts';

export interface DeskParts {
  readonly store: SystemMessageStore;
  /** For definitions of policies, and for calls that are on their way. */
  readonly notes: NoteStore;
  /** The name of the note with the calls; one of several desks on a store has one of its own. */
  readonly webhooksNote?: string | undefined;
  readonly acceptances: AcceptanceStore;
  readonly policies: PolicySets;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly metrics: DeskMetrics;
  readonly log: Log;
  /** Which part of a machine's users these are: what is bounded in memory is bounded in proportion; all when absent. */
  readonly portion?: number | undefined;
  readonly limits: DeskLimits;
  readonly events: DeskEvents;
  /** The user id under which the gateway writes to users; undefined: one of the user's own domain. */
  readonly serviceContact: string | undefined;
  /** Where a user finds the self-care page; undefined where users reach no page of the gateway. */
  readonly selfCareUrl: (user: { readonly userKey: string; readonly vasp: string }) => string | undefined;
  /** The keyed hash of a user id at a VASP. */
  readonly userKey: (vasp: string, userId: string) => string;
  /** Undefined where none is configured: a policy that asks for one is not valid then. */
  readonly webhook: ((call: WebhookCall) => Promise<WebhookOutcome>) | undefined;
}

export interface DeskLimits {
  /** Messages that are not at their end, of all users together. */
  readonly open: number;
  /** The same of one user; kept help messages count apart, up to the same number. */
  readonly openPerUser: number;
}

/** How long a help message that was not sent is kept in the user's inbox. */
export const INBOX_MILLIS = 30 * 86_400_000;

export interface DeskEvents {
  /** Whether the desk has to do with these users' messages is another than before: resolved when every process knows. */
  concern(changes: readonly (readonly [userKey: string, concerns: boolean])[]): Promise<void>;
  /** Something waits for the user: calls the clients of all of the user's sessions. */
  ring(userKey: string): void;
  /** A record has another state, or another time, than before. */
  changed(record: MessageRecord, before: MessageRecord | undefined): void;
}

/** What became of a message, or of an answer to it, as it is counted. */
export type MessageResult =
  | 'queued'
  | 'inbox'
  | 'full'
  | 'sent'
  | 'resent'
  | 'delivered'
  | 'answered'
  | 'expired'
  | 'withdrawn'
  /** The client does not know the primitive; it is asked in a conversation from then on. */
  | 'not-understood'
  /** Answers that were worth nothing: of another user, too late, given before, without a valid option. */
  | 'foreign'
  | 'late'
  | 'repeated'
  | 'no-such-option';

export type EffectResult = 'done' | 'failed';

export interface DeskMetrics {
  systemMessage(policy: string, result: MessageResult): void;
  systemMessagesOpen(count: number): void;
  systemMessageEffect(effect: string, result: EffectResult): void;
}

export interface EnqueueRequest {
  /** Undefined: a random one. */
  readonly id?: string | undefined;
  readonly policy: OnLinePolicy;
  readonly userKey: string;
  readonly vasp: string;
  /** The other user whom it is about. */
  readonly about?: string | undefined;
  readonly broadcast?: string | undefined;
}

/** `known`: that id, or an open message of the policy about the same, is kept already. */
export type EnqueueOutcome = 'queued' | 'inbox' | 'known' | 'full';

/** What a webhook is told of an answer. The user is a keyed hash. */
export interface WebhookCall {
  readonly url: string;
  /** The same when the same call is tried again. */
  readonly id: string;
  readonly policy: string;
  readonly version: number;
  readonly option: string;
  readonly vasp: string;
  readonly user: string;
  /** Wall-clock milliseconds of the answer. */
  readonly at: number;
}

export type WebhookOutcome = 'delivered' | 'refused' | 'try-again';
