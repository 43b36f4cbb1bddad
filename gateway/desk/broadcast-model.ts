/**
 * What an operator message is: one sending of a policy with the trigger `operator` to one user, to users by a glob over
 * their ids, or to everybody who is on-line. What is ordered, what is kept of it, and what is told of it, as plain data.
 */
import type { MessageCounts } from './broadcast-counts.ts';
import type { EnqueueOutcome, EnqueueRequest } from './parts.ts';

/** Users a second, when the operator says nothing else. */
export const DEFAULT_PER_SECOND = 100;
export const MOST_PER_SECOND = 10_000;
/** How many are remembered; the oldest that is over gives way. */
export const KEPT_BROADCASTS = 100;

/** What an operator asks for. */
export interface BroadcastOrder {
  /** Id of a policy in force. */
  readonly policy: string;
  readonly to:
    | { readonly kind: 'user'; readonly user: string }
    | { readonly kind: 'users'; readonly users: string }
    | { readonly kind: 'everybody' };
  /** Undefined: every VASP. */
  readonly vasp: string | undefined;
  /** Undefined: {@link DEFAULT_PER_SECOND}. */
  readonly perSecond: number | undefined;
}

/** Whom it goes to, as it is kept: the glob is the operator's own text, a user is a keyed hash. */
export type BroadcastTarget =
  | { readonly kind: 'user'; readonly userKey: string }
  | { readonly kind: 'users'; readonly users: string }
  | { readonly kind: 'everybody' };

/** `sent`: everybody it is for was looked at, whatever became of the messages. */
export type BroadcastState = 'running' | 'sent' | 'cancelled';

/** How far a sending is, and how its messages are, at this moment. Times are wall-clock milliseconds. */
export interface BroadcastReport {
  readonly id: string;
  readonly policy: string;
  readonly version: number;
  readonly to: BroadcastTarget;
  readonly vasp: string | undefined;
  readonly perSecond: number;
  readonly state: BroadcastState;
  readonly since: number;
  /** When it was sent or cancelled. */
  readonly until: number | undefined;
  /** Sessions looked at, and how many there are, as they were counted last; both 0 for one user. */
  readonly walked: number;
  readonly of: number;
  /** Sessions that could not be matched: opened before there were on-line policies, so nobody knows whose they are. */
  readonly nameless: number;
  /** Users that it is for, each once. */
  readonly matched: number;
  /** Of them: those for whom a message was made, be it for the inbox. */
  readonly queued: number;
  /** Of them: no room for another message. */
  readonly full: number;
  readonly counts: MessageCounts;
}

export type SendOutcome =
  /** `hint`: a sentence for the operator who named a user that nobody is on-line as. */
  { readonly kind: 'begun'; readonly report: BroadcastReport; readonly hint: string | undefined } | RefusedOrder;

export interface RefusedOrder {
  readonly kind: 'refused';
  readonly code: RefusedCode;
  /** What is wrong and what would be right. */
  readonly message: string;
}

export type RefusedCode =
  | 'no-such-policy'
  | 'not-an-operator-policy'
  | 'no-such-vasp'
  | 'vasp-needed'
  | 'bad-user'
  | 'bad-glob'
  | 'bad-rate'
  | 'not-concerned'
  | 'too-many-running';

export type CancelOutcome =
  /** `isKept`: whether it would outlive a restart already. */
  | { readonly kind: 'cancelled'; readonly report: BroadcastReport; readonly isKept: boolean }
  /** Everything has come to its end already. */
  | { readonly kind: 'over'; readonly report: BroadcastReport }
  | { readonly kind: 'unknown' };

/** The desk, as sendings use it. */
export interface BroadcastDesk {
  /** In the order of the requests; durable when resolved. */
  enqueue(requests: readonly EnqueueRequest[]): Promise<readonly EnqueueOutcome[]>;
  /** Takes back every message of a sending that is not at its end; resolves with how many those were. */
  withdraw(broadcast: string): Promise<number>;
}
