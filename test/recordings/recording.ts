/**
 * Reads a recording of an IMPS server: a text file with every request and answer of a conversation, octet for octet. XML
 * bodies stand as they are, WBXML bodies as a hex dump with their decoding below. What is no exchange of one request and
 * its answer, such as a CIR connection, is left out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RecordedMessage {
  /** The first line: a request line, or a status line. */
  readonly startLine: string;
  /** Names and values in turn, as they were, repeated ones too. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export type RecordedAnswer =
  | { readonly kind: 'answer'; readonly message: RecordedMessage; readonly closes: boolean }
  /** The server closed the connection without a word. */
  | { readonly kind: 'closed' }
  /** The server let the client wait until that gave up. */
  | { readonly kind: 'silence' };

export interface Step {
  readonly number: number;
  readonly title: string;
  readonly request: RecordedMessage;
  readonly answer: RecordedAnswer;
}

export interface Recording {
  readonly name: string;
  /** What the lines at the top say, by their first word. */
  readonly about: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

/** Every recording of a folder, in order of their names. */
export function readRecordings(folder: string): readonly Recording[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .toSorted()
    .map((name) => parseRecording(name.slice(0, -4), readFileSync(join(folder, name), 'latin1')));
}

/** `text` holds one character for every octet. */
export function parseRecording(name: string, text: string): Recording {
  const blocks = text.split(/^======== /m);
  const about = new Map<string, string>();
  for (const [, key = '', value = ''] of (blocks[0] ?? '').matchAll(/^# (\w+) +(.*)$/gm)) about.set(key, value);
  return { name, about, steps: blocks.slice(1).flatMap((block) => stepOf(name, block)) };
}

const STEP = /^(\d+)\. (.*)\n(?:# NOTE.*\n)*>>>>>>>> request \((\d+) octets of body\)\n/;
const ANSWER = /^<<<<<<<< response, [^\n]*\n/m;

function stepOf(name: string, block: string): readonly Step[] {
  const head = STEP.exec(block);
  if (head === null) return [];
  const rest = block.slice(head[0].length);
  const [, number = '', title = '', octets = ''] = head;
  const request = messageAt(rest, Number(octets));
  const said = ANSWER.exec(rest.slice(request.end));
  if (said === null) throw new Error(`${name}: step ${number} has no answer`);
  const answerText = rest.slice(request.end + said.index + said[0].length);
  return [{ number: Number(number), title, request: request.message, answer: answerOf(said[0], answerText) }];
}

function answerOf(line: string, text: string): RecordedAnswer {
  if (line.includes('without an HTTP response')) return { kind: 'closed' };
  if (line.includes('NO ANSWER')) return { kind: 'silence' };
  return {
    kind: 'answer',
    message: messageAt(text, undefined).message,
    closes: line.includes('connection closed by the server afterwards'),
  };
}

/** The message at the start of the text. A body has as many octets as given, or as its own Content-Length says. */
function messageAt(text: string, octets: number | undefined): { message: RecordedMessage; end: number } {
  const headEnd = text.indexOf('\n\n');
  const [startLine = '', ...lines] = text.slice(0, headEnd).split('\n');
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const length = octets ?? Number(headerOf(headers, 'content-length') ?? 0);
  const from = headEnd + 2;
  if (length === 0) return { message: { startLine, headers, body: Buffer.alloc(0) }, end: from };
  if (text.startsWith('-- hex\n', from)) {
    const end = text.indexOf('-- decoded', from);
    const body = hexDump(text.slice(from + '-- hex\n'.length, end), length);
    return { message: { startLine, headers, body }, end };
  }
  const body = Buffer.from(text.slice(from, from + length), 'latin1');
  return { message: { startLine, headers, body }, end: from + length };
}

/** Lines of an offset, up to sixteen octets, and what they look like. */
function hexDump(text: string, length: number): Buffer {
  const octets = text
    .split('\n')
    .map((line) => /^[0-9a-f]+ {2}((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: |$)/.exec(line)?.[1] ?? '')
    .join(' ')
    .replaceAll(' ', '');
  const bytes = Buffer.from(octets, 'hex');
  if (bytes.length !== length) throw new Error(`a hex dump has ${bytes.length} octets where ${length} are announced`);
  return bytes;
}

/** The value of the first header of that name, given in lower case. */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === name) return headers[index + 1];
  }
  return undefined;
}

/** The octets that a message was, on the wire. */
export function octetsOf({ startLine, headers, body }: RecordedMessage): Buffer {
  let head = `${startLine}\r\n`;
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]);
}
