/**
 * Reads one answer of a VASP as it comes in, byte by byte or all at once: head, body, and where the answer ends. Bounded
 * in everything. What stands behind the end is told and never read: it is no answer to anything that was asked.
 */
import { GrowingBytes } from './bytes.ts';
import { ChunkedReader, type Progress } from './chunked.ts';
import { type AnswerHead, CHUNKED, readHead, UNTIL_CLOSE } from './head.ts';

/** Bytes of one head: status line and headers. */
const MAX_HEAD_BYTES = 32 * 1024;
/** Informational answers before the answer. */
const MAX_INFORMATIONAL = 8;
const SWITCHING_PROTOCOLS = 101;

const LF = 0x0a;
const CR = 0x0d;
const HEAD_END_BYTES = 4;
const BEGINNING = Buffer.from('HTTP/1.');
const EMPTY = Buffer.alloc(0);

export class AnswerReader {
  readonly #maxBodyBytes: number;
  readonly #gathered = new GrowingBytes();
  #head: AnswerHead | undefined;
  #body: Buffer = EMPTY;
  #chunked: ChunkedReader | undefined;
  #informational = 0;
  #hasBegun = false;
  #hasExcess = false;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Makes ready for the next answer. */
  begin(): void {
    this.#head = undefined;
    this.#body = EMPTY;
    this.#chunked = undefined;
    this.#informational = 0;
    this.#hasBegun = false;
    this.#hasExcess = false;
    if (this.#gathered.length > 0) this.#gathered.clear();
  }

  /** Undefined until it is all there. */
  get head(): AnswerHead | undefined {
    return this.#head;
  }

  /** The body of a whole answer. */
  get body(): Buffer {
    return this.#body;
  }

  /** Whether bytes came behind the end of the answer. */
  get hasExcess(): boolean {
    return this.#hasExcess;
  }

  /** Whether a byte of the answer has come. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Takes the first `end` bytes of `bytes`, which may be overwritten afterwards. */
  read(bytes: Buffer, end: number): Progress {
    this.#hasBegun = true;
    let at = 0;
    while (this.#head === undefined) {
      at = this.#readHead(bytes, at, end);
      if (at === BROKEN) return 'broken';
      if (at === MORE) return 'more';
    }
    return this.#readBody(this.#head, bytes, at, end);
  }

  /** The VASP sends no more. */
  ended(): Progress {
    if (this.#head?.framing !== UNTIL_CLOSE) return 'broken';
    this.#body = this.#gathered.take();
    return 'whole';
  }

  /** Where the body begins when the head is all there, or {@link MORE} or {@link BROKEN}. An informational head is read over. */
  #readHead(bytes: Buffer, from: number, end: number): number {
    const gathered = this.#gathered;
    let text: string;
    let bodyAt: number;
    if (gathered.length === 0) {
      bodyAt = endOfHead(bytes, from, end);
      if (bodyAt === -1) return this.#gatherHead(bytes, from, end);
      if (bodyAt - from > MAX_HEAD_BYTES) return BROKEN;
      text = bytes.toString('latin1', from, bodyAt - HEAD_END_BYTES);
    } else {
      const before = gathered.length;
      const status = this.#gatherHead(bytes, from, end);
      const headEnd = endOfGatheredHead(gathered, before);
      if (headEnd === -1) return status;
      if (headEnd > MAX_HEAD_BYTES) return BROKEN;
      bodyAt = from + headEnd - before;
      text = gathered.text(headEnd - HEAD_END_BYTES);
      gathered.clear();
    }
    const head = readHead(text);
    if (head === undefined || head.statusCode === SWITCHING_PROTOCOLS) return BROKEN;
    if (head.statusCode >= 200) {
      this.#head = head;
      return bodyAt;
    }
    this.#informational += 1;
    if (this.#informational > MAX_INFORMATIONAL) return BROKEN;
    return bodyAt === end ? MORE : bodyAt;
  }

  #gatherHead(bytes: Buffer, from: number, end: number): number {
    const gathered = this.#gathered;
    const before = gathered.length;
    gathered.append(bytes, from, end);
    // What cannot become a head is told at once, not when the time is over.
    for (let at = before; at < gathered.length; at += 1) {
      const byte = gathered.at(at);
      if (at < BEGINNING.length && byte !== BEGINNING[at]) return BROKEN;
      if (byte === LF && gathered.at(at - 1) !== CR) return BROKEN;
    }
    return gathered.length > MAX_HEAD_BYTES ? BROKEN : MORE;
  }

  #readBody({ framing }: AnswerHead, bytes: Buffer, at: number, end: number): Progress {
    if (framing === CHUNKED) return this.#readChunks(bytes, at, end);
    const gathered = this.#gathered;
    const length = gathered.length + end - at;
    if (framing === UNTIL_CLOSE) {
      if (length > this.#maxBodyBytes) return 'too-large';
      gathered.append(bytes, at, end);
      return 'more';
    }
    if (framing > this.#maxBodyBytes) return 'too-large';
    if (length < framing) {
      if (at < end) gathered.append(bytes, at, end);
      return 'more';
    }
    const bodyEnd = end - (length - framing);
    this.#hasExcess = bodyEnd < end;
    if (gathered.length === 0) {
      if (framing > 0) this.#body = copyOf(bytes, at, bodyEnd);
      return 'whole';
    }
    gathered.append(bytes, at, bodyEnd);
    this.#body = gathered.take();
    return 'whole';
  }

  #readChunks(bytes: Buffer, at: number, end: number): Progress {
    this.#chunked ??= new ChunkedReader(this.#gathered, this.#maxBodyBytes);
    const progress = this.#chunked.read(bytes, at, end);
    if (progress !== 'whole') return progress;
    this.#hasExcess = this.#chunked.end < end;
    this.#body = this.#gathered.take();
    return 'whole';
  }
}

const MORE = -1;
const BROKEN = -2;

/** Where the bytes behind the empty line begin; -1 when it is not there. */
function endOfHead(bytes: Buffer, from: number, end: number): number {
  for (let at = from + HEAD_END_BYTES - 1; at < end; ) {
    const byte = bytes[at] ?? 0;
    if (byte === LF) {
      if (bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
      at += 2;
    } else {
      at += byte === CR ? 1 : HEAD_END_BYTES;
    }
  }
  return -1;
}

/** The same in gathered bytes, of which those before `from` have been looked through. */
function endOfGatheredHead(gathered: GrowingBytes, from: number): number {
  for (let at = Math.max(from, HEAD_END_BYTES - 1); at < gathered.length; at += 1) {
    const isEnd =
      gathered.at(at) === LF && gathered.at(at - 1) === CR && gathered.at(at - 2) === LF && gathered.at(at - 3) === CR;
    if (isEnd) return at + 1;
  }
  return -1;
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
