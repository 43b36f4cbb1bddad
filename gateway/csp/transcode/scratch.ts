/**
 * The memory that a message is transcoded into before its length is known. It is kept between messages, because a
 * transcoding is synchronous and never inside another; what leaves is a copy of the right size.
 */

const KEPT_BYTES = 64 * 1024;

export class Scratch {
  readonly #start: Uint8Array;
  readonly #kept: Buffer;

  /** @param start bytes that every output begins with; whoever writes leaves them alone. */
  constructor(start: Uint8Array) {
    this.#start = start;
    this.#kept = this.#begun(KEPT_BYTES);
  }

  /** At least so many bytes, the start written. */
  ofSize(bytes: number): Buffer {
    return bytes <= KEPT_BYTES ? this.#kept : this.#begun(bytes);
  }

  #begun(bytes: number): Buffer {
    const fresh = Buffer.allocUnsafeSlow(bytes);
    fresh.set(this.#start);
    return fresh;
  }
}

/** The first bytes of a scratch as a buffer of their own. */
export function copyOf(scratch: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  scratch.copy(copy, 0, 0, length);
  return copy;
}
