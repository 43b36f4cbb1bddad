/** Writes the items that a WBXML document is made of into one buffer that grows; nothing else is allocated. */
import { CspError } from '../errors.ts';
import { isXmlCharacter } from '../utf8.ts';

const FIRST_CAPACITY = 1024;

export class WbxmlWriter {
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;

  /** What has been written; a view, valid until the next write. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  octets(octets: Uint8Array): void {
    this.#reserve(octets.length);
    this.#bytes.set(octets, this.#length);
    this.#length += octets.length;
  }

  /** A multi-byte integer from 0 to 4294967295. */
  uint(value: number): void {
    this.#reserve(5);
    for (let shift = 28; shift > 0; shift -= 7) {
      if (value >= 2 ** shift) this.#bytes[this.#length++] = 0x80 | ((value / 2 ** shift) & 0x7f);
    }
    this.#bytes[this.#length++] = value & 0x7f;
  }

  /** An integer from 0 to 4294967295 in as few octets as it takes, one for zero, after their number. */
  opaqueInteger(value: number): void {
    const count = value > 0xffffff ? 4 : value > 0xffff ? 3 : value > 0xff ? 2 : 1;
    this.#reserve(1 + count);
    this.#bytes[this.#length++] = count;
    this.#length = this.#bytes.writeUIntBE(value, this.#length, count);
  }

  /**
   * Text in UTF-8 and the NUL that ends it.
   * @throws {CspError} `NOT_ALLOWED` for text with a NUL or another character that XML does not allow.
   */
  string(text: string): void {
    // Three bytes hold any UTF-16 unit; a pair of surrogates takes four.
    this.#reserve(text.length * 3 + 1);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) {
        if (unit < 0x20 && !isXmlCharacter(unit)) throw notAllowed();
        bytes[at++] = unit;
        continue;
      }
      const codePoint = text.codePointAt(i) as number;
      if (!isXmlCharacter(codePoint)) throw notAllowed();
      if (codePoint > 0xffff) i++;
      at = writeCodePoint(bytes, at, codePoint);
    }
    bytes[at++] = 0;
    this.#length = at;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

function writeCodePoint(bytes: Buffer, start: number, codePoint: number): number {
  let at = start;
  if (codePoint < 0x800) {
    bytes[at++] = 0xc0 | (codePoint >> 6);
  } else {
    if (codePoint < 0x10000) {
      bytes[at++] = 0xe0 | (codePoint >> 12);
    } else {
      bytes[at++] = 0xf0 | (codePoint >> 18);
      bytes[at++] = 0x80 | ((codePoint >> 12) & 0x3f);
    }
    bytes[at++] = 0x80 | ((codePoint >> 6) & 0x3f);
  }
  bytes[at++] = 0x80 | (codePoint & 0x3f);
  return at;
}

function notAllowed(): CspError {
  return new CspError('NOT_ALLOWED', 'text with a character that a message must not hold', 0);
}
