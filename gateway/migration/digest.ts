/**
 * What two stores are compared by: for every table how many rows there are and a digest of them that does not depend on their
 * order. Rows that end by themselves are put together by the minute of their end, so that those that ended while the stores
 * were read can be left out on both sides.
 */
import { hash } from 'node:crypto';
import type { CopyRow } from '../copy-ports.ts';

const MINUTE_MILLIS = 60_000;
/** The other store's clock may be wrong by so much. */
const SKEW_MILLIS = 60_000;
/** Of a SHA-256, what is added up. */
const LANES = 8;

interface Sum {
  rows: number;
  readonly lanes: Uint32Array;
}

/** Rows, and the sum of their hashes in hexadecimal. */
export interface Digest {
  readonly rows: number;
  readonly digest: string;
}

export class TableDigest {
  readonly #forEver = newSum();
  readonly #byMinute = new Map<number, Sum>();

  add({ key, value, expiresAt }: CopyRow): void {
    const sum = expiresAt === undefined ? this.#forEver : this.#minute(Math.floor(expiresAt / MINUTE_MILLIS));
    const head = Buffer.from(`${Buffer.byteLength(key)} ${key}`);
    const hashed = hash('sha256', Buffer.concat([head, value]), 'buffer');
    sum.rows += 1;
    for (let lane = 0; lane < LANES; lane += 1)
      sum.lanes[lane] = (sum.lanes[lane] ?? 0) + hashed.readUInt32BE(4 * lane);
  }

  /** Of the rows that are there at `now` and for a while after, in wall-clock milliseconds. */
  at(now: number): Digest {
    const total = newSum();
    addTo(total, this.#forEver);
    for (const [minute, sum] of this.#byMinute) if (minute * MINUTE_MILLIS > now + SKEW_MILLIS) addTo(total, sum);
    const digest = [...total.lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('');
    return { rows: total.rows, digest };
  }

  #minute(minute: number): Sum {
    const known = this.#byMinute.get(minute) ?? newSum();
    this.#byMinute.set(minute, known);
    return known;
  }
}

const newSum = (): Sum => ({ rows: 0, lanes: new Uint32Array(LANES) });

function addTo(total: Sum, { rows, lanes }: Sum): void {
  total.rows += rows;
  for (const [lane, value] of lanes.entries()) total.lanes[lane] = (total.lanes[lane] ?? 0) + value;
}
