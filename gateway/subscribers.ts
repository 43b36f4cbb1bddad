/**
 * Who is provisioned, from a file of user ids: one a line, `*` and `?` stand for any text, `#` begins a comment [X22]. A user
 * id may have a number behind it, where the user gets text messages. Without a file everybody is provisioned.
 */
import { readFileSync } from 'node:fs';
import { errorCode } from './error-code.ts';
import { compileGlob } from './policy/glob.ts';
import { readUserId } from './policy/user-id.ts';

export interface Subscribers {
  readonly isProvisioned: (userId: string) => boolean;
  /**
   * In digits with a plus: as the file says, or the user id itself where it is a number.
   *
   * @param vaspDomain what the VASP adds to a user id without a domain, where that is known
   */
  readonly numberOf: (userId: string, vaspDomain?: string) => string | undefined;
}

export type SubscribersResult =
  | ({ readonly kind: 'ready' } & Subscribers)
  /** Sentences, each with its place. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

interface Entry {
  readonly bare: string;
  readonly isGlob: boolean;
  readonly number: string | undefined;
}

/** International, as E.164 has it. */
const NUMBER = /^\+[1-9]\d{6,14}$/;

export function openSubscribers(file: string | undefined): SubscribersResult {
  if (file === undefined) return { kind: 'ready', isProvisioned: () => true, numberOf: ownNumber };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { kind: 'failed', problems: [`${file}: cannot be read: ${errorCode(error)}`] };
  }
  const entries: Entry[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    if (words[0] === '') continue;
    const read = entryOf(words);
    if (typeof read === 'string') problems.push(`${file}:${index + 1}: ${read}`);
    else entries.push(read);
  }
  return problems.length > 0 ? { kind: 'failed', problems } : { kind: 'ready', ...subscribersOf(entries) };
}

/** The entry, or what is wrong with it. */
function entryOf([userId = '', number, ...more]: readonly string[]): Entry | string {
  const isGlob = /[*?]/.test(userId);
  if (more.length > 0) return 'holds more than a user id and a number';
  if (number !== undefined && !NUMBER.test(number)) {
    return 'what stands behind the user id must be a number such as +358501234567, with a plus and 7 to 15 digits';
  }
  if (number !== undefined && isGlob) return 'a number is of one user, so no * and ? can stand before it';
  return { bare: readUserId(userId).bare, isGlob, number };
}

function subscribersOf(entries: readonly Entry[]): Subscribers {
  const exact = new Set(entries.filter(({ isGlob }) => !isGlob).map(({ bare }) => bare));
  const globs = entries.filter(({ isGlob }) => isGlob).map(({ bare }) => compileGlob(bare));
  const numbers = new Map(entries.flatMap(({ bare, number }) => (number === undefined ? [] : [[bare, number]])));
  return {
    isProvisioned: (userId) => {
      const { bare } = readUserId(userId);
      return exact.has(bare) || globs.some((glob) => glob.matches(bare));
    },
    numberOf: (userId, vaspDomain) => {
      const { bare, domain } = readUserId(userId);
      const whole = domain === '' && vaspDomain !== undefined ? numbers.get(`${bare}@${vaspDomain}`) : undefined;
      return whole ?? numbers.get(bare) ?? ownNumber(userId);
    },
  };
}

function ownNumber(userId: string): string | undefined {
  const { name } = readUserId(userId);
  return NUMBER.test(name) ? name : undefined;
}
