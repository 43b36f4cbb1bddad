/**
 * Lines of the STCP channel, tolerant as P9.1 has it: they end with CRLF or a bare LF, blanks around them mean nothing. What
 * has not ended within the limit is no line.
 */

const LF = 0x0a;

export class LineReader {
  readonly #mostBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The lines that end in this chunk, trimmed; undefined when one is too long. */
  read(chunk: Buffer): readonly string[] | undefined {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      const bytes =
        this.#rest.length === 0 ? chunk.subarray(from, end) : Buffer.concat([this.#rest, chunk.subarray(from, end)]);
      if (bytes.length > this.#mostBytes) return undefined;
      lines.push(bytes.toString('utf8').trim());
      this.#rest = Buffer.alloc(0);
      from = end + 1;
    }
    if (from < chunk.length) this.#rest = Buffer.concat([this.#rest, chunk.subarray(from)]);
    return this.#rest.length > this.#mostBytes ? undefined : lines;
  }
}

/** A call as it stands on the wire, without the line's end [P9]. */
export function callText(version: string, cookie: string | undefined): string {
  return `WVCI ${version} ${cookie ?? ''}`;
}

/** The cookie of a VASP's call: undefined when the line is no call, empty when it names none. */
export function cookieOfCall(line: string): string | undefined {
  const match = /^WVCI(?:\s+\S+(?:\s+(.*))?)?$/i.exec(line);
  return match === null ? undefined : (match[1] ?? '');
}

const MOST_COOKIE_CHARACTERS = 256;

/** A cookie as it may stand in a line: one that would break the line, or is of no use to anybody, is left out. */
export function cookieForLine(cookie: string): string | undefined {
  const text = cookie.trim();
  const breaks = [...text].some((character) => character < ' ' || character === '\u007f');
  return text === '' || text.length > MOST_COOKIE_CHARACTERS || breaks ? undefined : text;
}
