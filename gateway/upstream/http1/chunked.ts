/**
 * A chunked body, read piece by piece [RFC 9112 §7.1]. Sizes are hexadecimal digits and nothing else, extensions and
 * trailers are read over within bounds and dropped, every line ends with CRLF: where two readers could disagree about the
 * end of the body, there is no body.
 */
import type { GrowingBytes } from './bytes.ts';

/** What reading came to: `more` is needed, the body is `whole`, or it cannot be read. */
export type Progress = 'more' | 'whole' | 'broken' | 'too-large';

/** Bytes of chunk extensions and padding in one answer. */
const MAX_EXTENSION_BYTES = 4 * 1024;
/** Bytes of trailers in one answer. */
const MAX_TRAILER_BYTES = 8 * 1024;
/** Digits of a chunk's size, leading zeros among them. */
const MAX_SIZE_DIGITS = 16;

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const SEMICOLON = 0x3b;

const State = {
  sizeStart: 0,
  size: 1,
  padding: 2,
  extension: 3,
  sizeEnd: 4,
  data: 5,
  dataCr: 6,
  dataLf: 7,
  trailerStart: 8,
  trailerName: 9,
  trailerValue: 10,
  trailerEnd: 11,
  lastLf: 12,
} as const;
type State = (typeof State)[keyof typeof State];

export class ChunkedReader {
  readonly #body: GrowingBytes;
  readonly #maxBytes: number;
  #state: State = State.sizeStart;
  #digits = 0;
  /** Of the chunk's size: what is left to come. */
  #left = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #at = 0;

  /** @param body gets the content. */
  constructor(body: GrowingBytes, maxBytes: number) {
    this.#body = body;
    this.#maxBytes = maxBytes;
  }

  /** Where the body ended in the bytes read last. */
  get end(): number {
    return this.#at;
  }

  read(bytes: Uint8Array, from: number, to: number): Progress {
    this.#at = from;
    while (this.#at < to) {
      if (this.#state === State.data) {
        this.#takeData(bytes, to);
        continue;
      }
      const progress = this.#step(bytes[this.#at] ?? 0);
      this.#at += 1;
      if (progress !== 'more') return progress;
    }
    return 'more';
  }

  #takeData(bytes: Uint8Array, to: number): void {
    const end = Math.min(to, this.#at + this.#left);
    this.#body.append(bytes, this.#at, end);
    this.#left -= end - this.#at;
    this.#at = end;
    if (this.#left === 0) this.#state = State.dataCr;
  }

  #step(byte: number): Progress {
    switch (this.#state) {
      case State.sizeStart:
      case State.size:
        return this.#size(byte);
      case State.padding:
      case State.extension:
        return this.#extension(byte);
      case State.sizeEnd:
        return this.#next(byte === LF, this.#left === 0 ? State.trailerStart : State.data);
      case State.dataCr:
        return this.#next(byte === CR, State.dataLf);
      case State.dataLf:
        return this.#next(byte === LF, State.sizeStart);
      case State.trailerStart:
        return byte === CR ? this.#next(true, State.lastLf) : this.#trailer(byte, State.trailerName);
      case State.trailerName:
        return this.#trailer(byte, byte === COLON ? State.trailerValue : State.trailerName);
      case State.trailerValue:
        return byte === CR ? this.#next(true, State.trailerEnd) : this.#trailer(byte, State.trailerValue);
      case State.trailerEnd:
        return this.#next(byte === LF, State.trailerStart);
      case State.lastLf:
        return byte === LF ? 'whole' : 'broken';
      default:
        return 'broken';
    }
  }

  #next(isRight: boolean, state: State): Progress {
    this.#state = state;
    return isRight ? 'more' : 'broken';
  }

  #size(byte: number): Progress {
    const digit = hexDigit(byte);
    if (digit === -1) return this.#state === State.size ? this.#endOfSize(byte) : 'broken';
    this.#digits = this.#state === State.size ? this.#digits + 1 : 1;
    this.#left = this.#state === State.size ? this.#left * 16 + digit : digit;
    this.#state = State.size;
    if (this.#digits > MAX_SIZE_DIGITS) return 'broken';
    return this.#body.length + this.#left > this.#maxBytes ? 'too-large' : 'more';
  }

  #endOfSize(byte: number): Progress {
    if (byte === CR) return this.#next(true, State.sizeEnd);
    if (byte === SEMICOLON) return this.#next(true, State.extension);
    // Servers of the time fill the size up with blanks.
    return this.#next(byte === SPACE || byte === HTAB, State.padding);
  }

  #extension(byte: number): Progress {
    this.#extensionBytes += 1;
    if (byte === CR) return this.#next(true, State.sizeEnd);
    if (this.#extensionBytes > MAX_EXTENSION_BYTES) return 'broken';
    if (this.#state === State.padding) return this.#endOfSize(byte);
    return isText(byte) ? 'more' : 'broken';
  }

  #trailer(byte: number, state: State): Progress {
    this.#trailerBytes += 1;
    if (this.#trailerBytes > MAX_TRAILER_BYTES) return 'broken';
    const isColon = byte === COLON && this.#state === State.trailerName;
    const isRight = this.#state === State.trailerValue ? isText(byte) : isColon || isTokenByte(byte);
    return this.#next(isRight, state);
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isText(byte: number): boolean {
  return byte >= SPACE ? byte !== 0x7f : byte === HTAB;
}

function isTokenByte(byte: number): boolean {
  return byte > SPACE && byte < 0x7f && !'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(byte));
}
