/**
 * Messages for the tests of the scan and of splicing: built from parts as text, so that a test says only what is odd about
 * its message; and a small random generator with a seed.
 */
import { NAMESPACES } from '../../gateway/csp/versions.ts';
import { randomWords } from '../random.ts';

export const CSP12 = NAMESPACES['1.2'].csp;
export const TRC12 = NAMESPACES['1.2'].trc;

export interface Parts {
  readonly before?: string;
  readonly after?: string;
  readonly root?: string;
  readonly descriptor?: string;
  readonly transactionDescriptor?: string;
  readonly content?: string;
  readonly transaction?: string;
  readonly session?: string;
}

/** A KeepAlive-Request of session s1, transaction 7, with the given parts instead of the usual ones. */
export function xml(parts: Parts = {}): string {
  const {
    before = '<?xml version="1.0" encoding="UTF-8"?>',
    after = '',
    root = ` xmlns="${CSP12}"`,
    descriptor = '<SessionType>Inband</SessionType><SessionID>s1</SessionID>',
    transactionDescriptor = '<TransactionMode>Request</TransactionMode><TransactionID>7</TransactionID>',
    content = '<KeepAlive-Request><TimeToLive>60</TimeToLive></KeepAlive-Request>',
  } = parts;
  const transaction =
    parts.transaction ??
    `<Transaction><TransactionDescriptor>${transactionDescriptor}</TransactionDescriptor><TransactionContent xmlns="${TRC12}">${content}</TransactionContent></Transaction>`;
  const session =
    parts.session ?? `<Session><SessionDescriptor>${descriptor}</SessionDescriptor>${transaction}</Session>`;
  return `${before}<WV-CSP-Message${root}>${session}</WV-CSP-Message>${after}`;
}

/** Bytes from hexadecimal text; what stands between quotes is text, blanks do not count. */
export function hex(text: string): Buffer {
  const parts = text.match(/'[^']*'|[0-9a-fA-F]{2}/g) ?? [];
  return Buffer.concat(
    parts.map((part) => (part.startsWith("'") ? Buffer.from(part.slice(1, -1)) : Buffer.from(part, 'hex'))),
  );
}

export interface WbxmlParts {
  readonly header?: string;
  readonly root?: string;
  readonly descriptor?: string;
  readonly transactionDescriptor?: string;
  readonly content?: string;
  readonly after?: string;
  readonly body?: string;
}

/** The same KeepAlive-Request as {@link xml}, in WBXML. */
export function wbxml(parts: WbxmlParts = {}): Buffer {
  const {
    header = '03 11 6A 00',
    root = "C9 08 03 '1.2' 00 01",
    descriptor = "70 80 11 01 6F 03 's1' 00 01",
    transactionDescriptor = "76 80 20 01 75 03 '7' 00 01",
    content = '00 01 5B 72 C3 01 3C 01 01',
    after = '',
  } = parts;
  const body = parts.body ?? `6D 6E ${descriptor} 01 72 74 ${transactionDescriptor} 01 73 ${content} 01 01 01 01`;
  return hex(`${header} ${root} ${body} ${after}`);
}

/** Whole numbers from 0 to below a limit, decided by a seed. */
export function randomOf(seed: number): (below: number) => number {
  const next = randomWords(seed);
  return (below) => next() % below;
}

/** The seed of a run: fixed, unless the environment names another. */
export const SEED = Number(process.env.TEST_SEED ?? 20261122);

const INTERESTING = Buffer.from('<>&;/!?"\'=[]- \n\0\u0001\u0003:#x&amp;<!--]]>', 'utf8');

/** One to three small damages: flipped bits, bytes lost, put in, doubled, parts swapped. */
export function mutated(original: Uint8Array, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(original);
  for (let rounds = 1 + random(3); rounds > 0; rounds--) {
    const at = random(bytes.length + 1);
    const length = 1 + random(8);
    const head = bytes.subarray(0, at);
    switch (random(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random(8));
        break;
      case 1:
        bytes = Buffer.concat([head, bytes.subarray(at + length)]);
        break;
      case 2:
        bytes = Buffer.concat([head, Buffer.of(random(256)), bytes.subarray(at)]);
        break;
      case 3:
        bytes = Buffer.concat([head, bytes.subarray(at, at + length * 8), bytes.subarray(at)]);
        break;
      case 4: {
        const from = random(bytes.length + 1);
        bytes = Buffer.concat([head, bytes.subarray(from, from + length * 16), bytes.subarray(at + length)]);
        break;
      }
      case 5:
        if (at < bytes.length) bytes[at] = INTERESTING[random(INTERESTING.length)] as number;
        break;
      default: {
        const from = random(INTERESTING.length);
        bytes = Buffer.concat([head, INTERESTING.subarray(from, from + length), bytes.subarray(at)]);
      }
    }
  }
  return bytes;
}
