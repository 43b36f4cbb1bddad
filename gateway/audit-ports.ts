/**
 * The audit chain as its readers and the stores see it: records, entries, the chain's ends, and what verifying finds. Part
 * of the ports, in a file of its own because it is long.
 */
import type { CspVersion } from './csp/versions.ts';

/** One decision of one user about one policy, as it is proven later [policy-files §2]. No name: keyed hashes only. */
export interface AuditRecord {
  /** Keyed hash of the question's token: the same decision is recorded once, however often it is written. */
  readonly id: string;
  /** Keyed hash of the user id, as in sessions and acceptances. */
  readonly user: string;
  readonly vasp: string;
  readonly policy: string;
  readonly version: number;
  /** `shown`: the message needed no answer and got none. */
  readonly outcome: 'accepted' | 'shown';
  /** The option chosen; undefined for a message without options. */
  readonly option: string | undefined;
  /** SHA-256, hexadecimal, of the text that was shown: see {@link ShownText}. */
  readonly text: string;
  /** The text's language, a tag as the policy writes it. */
  readonly language: string;
  /** Wall-clock milliseconds. */
  readonly presentedAt: number;
  readonly decidedAt: number;
  /** How often the question was put until then, from 1. */
  readonly tries: number;
  readonly way: WayOfAsking;
  /** The level that the option grants; undefined when it grants none in particular. */
  readonly level: string | undefined;
  /** Names of the levels that the login got; what they have in common was granted. */
  readonly granted: readonly string[];
  readonly csp: CspVersion;
  readonly charge: AuditCharge | undefined;
}

/** How the question reached the user, and the answer the gateway. */
export type WayOfAsking =
  /** In the Login-Response, answered with the next Login-Request [X12, X13]. */
  | 'system-message'
  /** In the Login-Response, answered by an Outband SystemMessage-User [X13]. */
  | 'system-message-user'
  /** On the gateway's web page [X21]. */
  | 'page'
  /** In a conversation with the service contact [X21]. */
  | 'conversation';

export interface AuditCharge {
  readonly amount: string;
  readonly currency: string;
  readonly per: string;
  readonly estimate: boolean;
}

/**
 * What users saw of one question: the message, its options under their numbers, the proof that was asked for. The user's
 * own id stands in it as `{user}`, so that the text names nobody and is the same for all.
 */
export interface ShownText {
  /** SHA-256 of the text's UTF-8, hexadecimal. */
  readonly hash: string;
  readonly text: string;
}

/**
 * One entry of the audit chain. Its hash covers the hash before it, its own sequence number and the SHA-256 of its
 * record, so that a record's content can be erased and the chain still be verified. Hashes are hexadecimal SHA-256.
 */
export type AuditEntry =
  | (AuditLink & { readonly kind: 'record'; readonly record: AuditRecord })
  /** The record was erased; `content` is what its SHA-256 was. */
  | (AuditLink & { readonly kind: 'erased'; readonly content: string })
  /** What stands in the store under this number cannot be read. */
  | { readonly kind: 'damaged'; readonly sequence: number };

export interface AuditLink {
  /** From 1, without gaps. */
  readonly sequence: number;
  /** The hash of the entry before; 64 zeros before the first. */
  readonly previous: string;
  readonly hash: string;
}

/** Where the chain begins and ends. The store seals it with the gateway's key. */
export interface AuditHead {
  /** Sequence number of the first entry that is still kept: moved on by retention. */
  readonly first: number;
  /** Hash of the entry before `first`. */
  readonly before: string;
  /** Sequence number that the next entry gets. `first` when there is none. */
  readonly next: number;
  /** Hash of the last entry; `before` when there is none. */
  readonly hash: string;
  /** Sequence numbers at which the chain went on although its head was missing or not sealed by this gateway. */
  readonly breaks: readonly number[];
}

/** Something in the audit chain that is not as the gateway left it. */
export interface AuditProblem {
  /** The entry that it is about; undefined for the head and for texts. */
  readonly sequence: number | undefined;
  readonly code:
    | 'damaged'
    | 'changed'
    | 'missing'
    | 'not-linked'
    | 'not-sealed'
    | 'head-damaged'
    | 'head-differs'
    | 'broken'
    | 'index'
    | 'text';
  /** One clause that goes on after the entry's number. */
  readonly message: string;
}

export interface AuditReport {
  /** Undefined when the head is missing or not sealed by this gateway. */
  readonly head: AuditHead | undefined;
  /** Entries that were checked, erased ones among them. */
  readonly entries: number;
  readonly erased: number;
  /** In the order of the entries; at most 1,000. */
  readonly problems: readonly AuditProblem[];
  /** How many more there are. */
  readonly moreProblems: number;
}

/** The audit chain: appended to by {@link AcceptanceStore.accept}, changed by nothing but erasing and retention. */
export interface AuditStore {
  /** Up to `limit` entries in order, the first not before `from`. Empty at the end. */
  read(from: number, limit: number): Promise<readonly AuditEntry[]>;
  /** Where the chain begins and ends, whether or not the seal is right; undefined when it cannot be read. */
  head(): Promise<AuditHead | undefined>;
  /** Checks every entry, link, index row, text, and the seal, as they stood together at one moment. */
  verify(progress?: (checked: number, of: number) => void): Promise<AuditReport>;
  /** One user's entries at one VASP, in order. */
  recordsOf(userKey: string): Promise<readonly AuditEntry[]>;
  /** Erases the content of one user's records; the chain stays whole. Resolves with how many. */
  erase(userKey: string): Promise<number>;
  /**
   * Drops entries from the chain's beginning as long as they were decided before a wall-clock time, with the texts that
   * nothing names any more. Works in slices, each durable by itself; never goes past a damaged entry. Resolves with how many.
   */
  dropBefore(decidedAt: number): Promise<number>;
}

/** The texts that records name, once each. */
export interface TextStore {
  /** By the SHA-256 of its UTF-8, hexadecimal. */
  get(hash: string): Promise<string | undefined>;
}
