/** Bytes that arrive piece by piece from a buffer that is used again: copied, and no more memory taken than has come. */

const FIRST_BYTES = 4 * 1024;
const EMPTY = Buffer.alloc(0);

export class GrowingBytes {
  #bytes: Buffer = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#bytes[index] ?? -1;
  }

  append(from: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#bytes.length * 2, FIRST_BYTES));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.set(from.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** The bytes as text, one character a byte. */
  text(end: number): string {
    return this.#bytes.toString('latin1', 0, end);
  }

  /** What has come, and begins anew. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.clear();
    return taken;
  }

  clear(): void {
    this.#bytes = EMPTY;
    this.#length = 0;
  }
}
