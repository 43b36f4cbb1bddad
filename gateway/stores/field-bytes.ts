/**
 * Fields of a record as bytes, one after the other: big-endian numbers, hashes, texts with their length. A writer grows
 * with what is written; a reader fails with {@link RecordError} on whatever is not there.
 */
import { RecordError } from './records.ts';

const KEY_CHARACTERS = 22;
const KEY_BYTES = 16;
const SHA_BYTES = 32;
/** The length byte of a key that is written as text. */
const TEXT_KEY = 0;
/** Of a keyed hash, written as its bytes. */
const HASH_KEY = 1;

export class FieldWriter {
  #bytes = Buffer.allocUnsafe(512);
  #length = 0;

  /** A whole number below 256 ** `size`; `size` is at most 6. */
  number(value: number, size: number): void {
    this.#room(size);
    this.#bytes.writeUIntBE(value, this.#length, size);
    this.#length += size;
  }

  /** A whole number that is mostly small: seven bits a byte, the low ones first, the eighth set on all but the last. */
  count(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.number(0x80 + (rest % 0x80), 1);
    this.number(rest, 1);
  }

  /** A SHA-256 written in hexadecimal. */
  sha256(hash: string): void {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new RangeError('a hash in a record is no SHA-256');
    this.#room(SHA_BYTES);
    this.#length += this.#bytes.write(hash, this.#length, 'hex');
  }

  /** A keyed hash, or any other text. */
  key(key: string): void {
    const bytes = key.length === KEY_CHARACTERS ? Buffer.from(key, 'base64url') : Buffer.alloc(0);
    if (bytes.length === KEY_BYTES && bytes.toString('base64url') === key) {
      this.number(HASH_KEY, 1);
      this.#room(KEY_BYTES);
      this.#length += bytes.copy(this.#bytes, this.#length);
    } else {
      this.number(TEXT_KEY, 1);
      this.text(key);
    }
  }

  /** A text of at most 65,535 bytes of UTF-8. */
  text(text: string): void {
    const length = Buffer.byteLength(text);
    if (length > 0xffff) throw new RangeError('a text in a record has more than 65,535 bytes');
    this.#blockLength(length);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** At most 65,535 bytes, with their length. */
  block(bytes: Uint8Array): void {
    if (bytes.length > 0xffff) throw new RangeError('a field of a record has more than 65,535 bytes');
    this.#blockLength(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Bytes of any number that end the record. */
  rest(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What was written, in a buffer of its own. */
  bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  /** Writes the length of what comes next, and makes room for it. */
  #blockLength(length: number): void {
    if (length < 0xff) {
      this.number(length, 1);
    } else {
      this.number(0xff, 1);
      this.number(length, 2);
    }
    this.#room(length);
  }

  #room(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    this.#bytes = Buffer.concat([this.#bytes, Buffer.allocUnsafe(this.#bytes.length + size)]);
  }
}

export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  number(size: number): number {
    return this.#bytes.readUIntBE(this.#take(size), size);
  }

  count(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.number(1);
      value += (byte % 0x80) * unit;
      if (byte < 0x80) return value;
    }
  }

  sha256(): string {
    const at = this.#take(SHA_BYTES);
    return this.#bytes.toString('hex', at, at + SHA_BYTES);
  }

  key(): string {
    const form = this.number(1);
    if (form === TEXT_KEY) return this.text();
    if (form !== HASH_KEY) throw new RecordError('a record is damaged');
    const at = this.#take(KEY_BYTES);
    return this.#bytes.toString('base64url', at, at + KEY_BYTES);
  }

  text(): string {
    const length = this.#blockLength();
    const at = this.#take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** Bytes with their length, in an array of their own. */
  block(): Uint8Array {
    const length = this.#blockLength();
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  /** All bytes that are left, in an array of their own. */
  rest(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(this.#take(this.left)));
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Fails when something is left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new RecordError('a record is damaged');
  }

  #blockLength(): number {
    const short = this.number(1);
    return short === 0xff ? this.number(2) : short;
  }

  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw new RecordError('a record is damaged');
    this.#at = at + size;
    return at;
  }
}
