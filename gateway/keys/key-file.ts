/**
 * What a secret file says: up to two live signing keys, the key of the keyed hashes, and since when each signs or is
 * accepted, which stands as a comment above the key so that it goes wherever the file is copied. Pure text: reading and
 * writing files is done elsewhere.
 */

/** Keys as they are in use. No text of theirs may be logged. */
export interface KeySet {
  /** The first signs and seals, the others are verified and unsealed with. */
  readonly signing: readonly string[];
  /** Of the keyed hashes: stays the same for ever. */
  readonly hash: string;
}

/** What a comment above a key says of it. */
export type KeyMark = 'signs since' | 'accepted since' | 'signed until';

export interface MarkedKey {
  readonly key: string;
  /** Undefined where nothing is said, as where keys were put there by hand. */
  readonly mark: { readonly what: KeyMark; readonly at: number } | undefined;
}

export interface KeyFile {
  /** One or two, in the order of the file. */
  readonly signing: readonly MarkedKey[];
  readonly hash: string;
  /** False where the hash key is the last key, which nothing says. */
  readonly hasHashLine: boolean;
  /** Lines of others, as they stand. */
  readonly comments: readonly string[];
}

export type KeyFileResult =
  | { readonly kind: 'read'; readonly file: KeyFile }
  /** What is wrong, without the place and without a key. */
  | { readonly kind: 'wrong'; readonly problem: string };

/** Shorter keys could be guessed. */
const MIN_KEY_CHARACTERS = 32;
export const MAX_SIGNING_KEYS = 2;

const HASH_PREFIX = 'hash:';
const MARK = /^\s*#\s*(signs since|accepted since|signed until) (\d{4}-\d\d-\d\dT[\d:.]+Z)\s*$/;

/** Reads one key a line, or keys separated by blanks or commas; lines that begin with # are comments. */
export function readKeyFile(text: string): KeyFileResult {
  const signing: MarkedKey[] = [];
  const hashes: string[] = [];
  const comments: string[] = [];
  let mark: MarkedKey['mark'];
  for (const line of text.split('\n')) {
    const marked = MARK.exec(line);
    if (marked !== null) mark = markOf(marked);
    else if (line.trimStart().startsWith('#')) comments.push(line);
    else {
      for (const word of line.split(/[\s,]+/).filter((one) => one !== '')) {
        if (word.startsWith(HASH_PREFIX)) hashes.push(word.slice(HASH_PREFIX.length));
        else if (signing.every(({ key }) => key !== word)) signing.push({ key: word, mark });
        mark = undefined;
      }
    }
  }
  const problem = problemOf(signing, hashes);
  if (problem !== undefined) return { kind: 'wrong', problem };
  const hash = hashes[0] ?? signing.at(-1)?.key ?? '';
  return { kind: 'read', file: { signing, hash, hasHashLine: hashes.length > 0, comments } };
}

function markOf([, what, at = '']: RegExpExecArray): MarkedKey['mark'] {
  const millis = Date.parse(at);
  return Number.isNaN(millis) ? undefined : { what: what as KeyMark, at: millis };
}

function problemOf(signing: readonly MarkedKey[], hashes: readonly string[]): string | undefined {
  if (signing.length === 0) return 'holds no signing key';
  if (signing.length > MAX_SIGNING_KEYS) {
    return `holds ${signing.length} signing keys; ${MAX_SIGNING_KEYS} may be live`;
  }
  if (hashes.length > 1) return 'holds more than one hash: key';
  const isShort = [...signing.map(({ key }) => key), ...hashes].some((key) => key.length < MIN_KEY_CHARACTERS);
  return isShort
    ? `holds a key of fewer than ${MIN_KEY_CHARACTERS} characters; \`openssl rand -hex 32\` makes a good one`
    : undefined;
}

/** The file as text, the hash key always in a line of its own: what the last key is may change then. */
export function keyFileText({ comments, signing, hash }: KeyFile): string {
  const lines = signing.flatMap(({ key, mark }) =>
    mark === undefined ? [key] : [`# ${mark.what} ${new Date(mark.at).toISOString()}`, key],
  );
  return `${[...comments, ...lines, `${HASH_PREFIX}${hash}`].join('\n')}\n`;
}

export function keySetOf({ signing, hash }: KeyFile): KeySet {
  return { signing: signing.map(({ key }) => key), hash };
}

/** As `SAPGW_SECRET` would hold them: how they come to another process of this machine. */
export function keySetText({ signing, hash }: KeySet): string {
  return [...signing, `${HASH_PREFIX}${hash}`].join(' ');
}
