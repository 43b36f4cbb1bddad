/** The names that a WBXML document spells out in its string table, each once, in the order of their first use. */
import { textOf } from '../utf8.ts';

export class Literals {
  /** Made for the first name: most documents have none. */
  #offsets: Map<string, number> | undefined;
  #length = 0;

  /** Bytes that the string table takes. */
  get length(): number {
    return this.#length;
  }

  /** The offset in the string table of a name, which the scan has found to be one. */
  offsetOf(bytes: Uint8Array, start: number, end: number): number {
    const name = textOf(bytes, start, end);
    this.#offsets ??= new Map();
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#length;
    this.#offsets.set(name, offset);
    this.#length += end - start + 1;
    return offset;
  }

  /** Writes the string table; gives the place after it. */
  write(target: Buffer, from: number): number {
    let at = from;
    for (const name of this.#offsets?.keys() ?? []) {
      at += target.write(name, at);
      target[at++] = 0;
    }
    return at;
  }
}
