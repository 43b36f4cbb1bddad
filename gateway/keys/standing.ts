/**
 * Which keys every process of a gateway has, told by fingerprints. A key may sign only when all of them accept it, so a
 * process that does not answer stands in the list with no key: nothing is known of it, and rotation waits for it.
 */

/** Of one process. */
export interface KeyStanding {
  /** Fingerprints of the live signing keys; the first signs. */
  fingerprints(): readonly string[];
  /** Since when the first signs here, in wall-clock milliseconds. */
  since(): number;
}

/** Plain data, as it crosses between processes. */
export interface KeysOfProcess {
  /** Name of the machine. */
  readonly node: string;
  readonly process: number;
  /** Fingerprints, the first signs; empty when it does not answer. */
  readonly keys: readonly string[];
  /** See {@link KeyStanding.since}. */
  readonly since: number;
}

export interface KeyStandings {
  /** All processes of all nodes. Never rejects. */
  everywhere(): Promise<readonly KeysOfProcess[]>;
}
