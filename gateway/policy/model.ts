/**
 * A policy set as the gateway uses it: names resolved, durations in milliseconds, globs and conditions compiled.
 * parse.ts makes it from the files that operators write, decide.ts and the negotiation read it; nobody changes it. A set is
 * whole: a negotiation that began under one finishes under it, whatever is loaded meanwhile [policy-files §6].
 */
import type { ServiceSet } from '../csp/service-tree.ts';
import type { CspVersion, Encoding } from '../csp/versions.ts';

/** One text in several languages, by BCP 47 tag as the operator wrote it. Never empty; the first is the fallback. */
export type Texts = ReadonlyMap<string, string>;

/** A service level that a policy grants, resolved. */
export interface Level {
  readonly name: string;
  readonly set: ServiceSet;
}

/** What a choice, a time-out or a client without System Messages leads to. `proceed`: in, with whatever level there is. */
export type Ruling =
  | { readonly kind: 'grant'; readonly level: Level }
  | { readonly kind: 'proceed' }
  | { readonly kind: 'deny'; readonly texts: Texts };

/** A compiled glob over an id: `*` any run of characters, `?` one; without regard to case, in linear time. */
export interface Glob {
  readonly source: string;
  matches(value: string): boolean;
  /** The part before the last `@`, for ids whose domain the VASP fills in; absent when the glob has no `@`. */
  readonly withoutDomain?: Glob;
}

/** What is known about somebody who logs in; all that a policy may look at. */
export interface LoginFacts {
  /** The user id as the client sent it. */
  readonly userId: string;
  /** The VASP's name in the gateway's configuration. */
  readonly vasp: string;
  /** The ClientID: its URL, or its number (MSISDN). Empty when the client sent none. */
  readonly clientId: string;
  readonly version: CspVersion;
  readonly encoding: Encoding;
  /** The client's language (BCP 47), when it told one. */
  readonly language?: string | undefined;
}

/** A compiled `when`. An `error` at run time means: the policy does not apply. */
export interface Condition {
  readonly source: string;
  /** `now` in wall-clock milliseconds. */
  evaluate(login: LoginFacts, now: number): 'true' | 'false' | 'error';
}

/** Whom a policy concerns: every part that is there must match. */
export interface Applies {
  readonly vasps?: ReadonlySet<string>;
  readonly users?: readonly Glob[];
  readonly clients?: readonly Glob[];
  readonly csp?: ReadonlySet<CspVersion>;
  /** First wall-clock millisecond of the effective period. */
  readonly from?: number;
  /** First wall-clock millisecond after the effective period. */
  readonly until?: number;
  readonly when?: Condition;
}

/** What a service costs, for the record and for `{amount}`, `{currency}` and `{per}`. */
export interface Charge {
  readonly kind: 'currency';
  /** As written, such as `0.10`: kept as text so that no digit is lost. */
  readonly amount: string;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly per: string;
  readonly estimate: boolean;
}

export interface PolicyOption {
  /** Unique in the policy; the AnswerOptionID on the wire is the option's place in the list, from 1 [X12]. */
  readonly id: string;
  readonly text: Texts;
  readonly outcome: Ruling;
}

/** Proof that a human read the message; the key is compared without regard to case and outer blanks. */
export type Verification =
  /** The challenge stands in the message, `key` answers it. */
  | { readonly kind: 'in-text'; readonly inText: Texts; readonly key: string }
  /** A page of the gateway shows the word; undefined: a fresh one for every message. */
  | { readonly kind: 'url'; readonly key: string | undefined };

/** What a client that does not know System Messages gets [X21]. */
export type WithoutSystemMessages = Ruling | { readonly kind: 'converse' };

/** When somebody who accepted is asked again. */
export type AskMode =
  | { readonly mode: 'every-login' | 'on-change' | 'once' }
  | { readonly mode: 'every'; readonly everyMillis: number };

/** A question that stands before the login [policy-files §2]. */
export interface OffLinePolicy {
  readonly id: string;
  readonly version: number;
  readonly purpose: 'advice-of-charge' | 'terms' | 'notice';
  readonly order: number;
  readonly applies: Applies;
  readonly charge?: Charge;
  readonly message: Texts;
  /** In the order of the file; may be empty. */
  readonly options: readonly PolicyOption[];
  readonly verification?: Verification;
  readonly requiresResponse: boolean;
  /** An answer later than this counts for nothing. */
  readonly timeoutMillis: number;
  /** How many more times an unanswered message is sent. */
  readonly resend: number;
  readonly onTimeout: Ruling;
  readonly ask: AskMode;
  readonly record: 'keyed' | 'none';
  readonly withoutSystemMessages: WithoutSystemMessages;
  readonly mode: 'enforce' | 'observe';
}

/** What an option of an on-line message does [policy-files §3]. `user` may hold the placeholder `{otherUser}`. */
export type Effect =
  | { readonly kind: 'add-contact' | 'authorize-presence' | 'deny-presence'; readonly user: string }
  | { readonly kind: 'set-help'; readonly help: 'on' | 'off' }
  | { readonly kind: 'grant'; readonly level: Level }
  | { readonly kind: 'accept' }
  | { readonly kind: 'logout' }
  | { readonly kind: 'webhook'; readonly url: string };

/** What makes the gateway send an on-line message. */
export type Trigger =
  | {
      readonly on: 'login' | 'first-login' | 'presence-authorization-changed' | 'added-to-contact-list' | 'operator';
    }
  /** Names of presence attributes as on the wire, such as `GeoLocation`. */
  | { readonly on: 'presence-exposed'; readonly attributes: ReadonlySet<string> }
  /** `statuses`: three characters, digits or `x` for any, such as `4xx`. */
  | {
      readonly on: 'repeated-errors';
      readonly count: number;
      readonly withinMillis: number;
      readonly statuses: readonly string[];
    };

export interface OnLineOption {
  /** Unique in the policy; the AnswerOptionID on the wire is the option's place in the list, from 1. */
  readonly id: string;
  readonly text: Texts;
  /** In order; may be empty. */
  readonly effects: readonly Effect[];
}

/** A message to users who are logged in [policy-files §3]. */
export interface OnLinePolicy {
  readonly id: string;
  readonly version: number;
  readonly category: 'notification' | 'help' | 'terms';
  readonly trigger: Trigger;
  readonly applies: Applies;
  readonly message: Texts;
  /** In the order of the file; may be empty. A help message has one more behind them, which switches help off. */
  readonly options: readonly OnLineOption[];
  readonly requiresResponse: boolean;
  /** Until answered, next to nothing else is served [X44]. */
  readonly block: boolean;
  /** An unacknowledged message goes out again so often in one session, with these pauses [X43]. */
  readonly resend: { readonly everyMillis: number; readonly times: number };
  /** How long it is of use, from the event. */
  readonly expiresMillis: number;
  /** What follows when it was not answered in that time. */
  readonly onTimeout: { readonly kind: 'nothing' | 'logout' } | { readonly kind: 'grant'; readonly level: Level };
  /**
   * Everything above as text, from which the policy can be made again: a message goes on under the policy that it was made
   * under, also when that is changed or removed, or the gateway starts again.
   */
  readonly definition: string;
}

/** Messages for users who are not logged in [policy-files §4]. */
export interface OffLineUserPolicy {
  readonly id: string;
  /** For the question at login; 1 where the file names none. */
  readonly version: number;
  readonly order: number;
  /** Of the recipient: only what is known of somebody who is away, `vasps`, `users`, `from` and `until`, decides about keeping. */
  readonly applies: Applies;
  /** For each recipient. */
  readonly keep: { readonly messages: number; readonly bytes: number; readonly forMillis: number };
  /** Codes by which the VASP says that a recipient is away. */
  readonly storeOn: ReadonlySet<number>;
  readonly notify?: {
    /** A bearer's name in the configuration. */
    readonly bearer: string;
    readonly text: Texts;
    readonly atMostEveryMillis: number;
  };
  /** What is asked at login while messages wait; its id, version, order and `applies` are the policy's. */
  readonly atLogin?: OffLinePolicy;
}

/** Every policy that is in force together. */
export interface PolicySet {
  /** A hash of the names and contents of all files: the set's identity. */
  readonly hash: string;
  readonly levels: ReadonlyMap<string, Level>;
  /** The level when no policy applies. */
  readonly defaultLevel: Level;
  /** By `order`, then id. */
  readonly policies: readonly OffLinePolicy[];
  /** By `order`, then id. */
  readonly onLine: readonly OnLinePolicy[];
  /** By `order`, then id. */
  readonly offLineUser: readonly OffLineUserPolicy[];
}

/** How many policies there are, of every kind. */
export function policyCount({ policies, onLine, offLineUser }: PolicySet): number {
  return policies.length + onLine.length + offLineUser.length;
}

/** Every question that can stand before a login: those of `policies`, and those of users for whom messages wait. */
export function questionsOf({ policies, offLineUser }: PolicySet): readonly OffLinePolicy[] {
  const waiting = offLineUser.flatMap(({ atLogin }) => atLogin ?? []);
  return waiting.length === 0 ? policies : [...policies, ...waiting];
}

/** A file of the policy folder. */
export interface PolicyFile {
  /** As problems are to name it. */
  readonly path: string;
  readonly text: string;
}
