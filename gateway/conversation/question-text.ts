/**
 * A question as a text message, and a text message as the answer to it [X21]. Options stand under their numbers; an answer
 * is a number or an option's text, without regard to case and blanks, and behind it, where the question asks for one,
 * the word that proves reading. What the answer is worth is judged elsewhere.
 */
import type { SystemMessage } from '../csp/system-message.ts';
import { characters } from '../policy/text.ts';
import type { Words } from './words.ts';

/** What a text is about: the question itself, or what was wrong with the answer to it. */
export type About = 'question' | 'no-such-option' | 'wrong-word' | 'word';

/** Phones show that much of one message [policy-files §2]. */
const LONGEST_CHARACTERS = 512;
/** Less cannot be asked for: a question would come in crumbs. */
const LEAST_BYTES = 128;

/**
 * The texts in which one waiting message goes out, in order; never empty.
 * @param contentBytes the longest content that the client takes; undefined: any
 */
export function pagesOf(about: About, message: SystemMessage, words: Words, contentBytes?: number): readonly string[] {
  const wordPrompt = message.verificationUrl === undefined ? words.nowTheWord : words.wordAt(message.verificationUrl);
  if (about === 'word') {
    return paged([message.verificationInText ?? '', wordPrompt], contentBytes);
  }
  const lead = { question: '', 'no-such-option': words.noSuchOption, 'wrong-word': words.wrongWord }[about];
  const options = message.options.map((text, index) => `${index + 1} ${text}`).join('\n');
  const howTo = howToAnswer(message, words);
  return paged([lead, message.text, options, message.verificationInText ?? '', howTo], contentBytes);
}

function howToAnswer(message: SystemMessage, words: Words): string {
  const { options, verificationInText, verificationUrl, requiresResponse } = message;
  if (options.length > 0) return verificationInText === undefined ? words.replyNumber : words.replyNumberAndWord;
  if (verificationUrl !== undefined) return words.wordAt(verificationUrl);
  if (verificationInText !== undefined) return words.replyWord;
  return requiresResponse ? words.replyAnything : '';
}

/** Parts with a blank line between them, as many in one text as fit. */
function paged(parts: readonly string[], contentBytes: number | undefined): readonly string[] {
  const most = Math.max(LEAST_BYTES, contentBytes ?? Number.POSITIVE_INFINITY);
  const fits = (text: string): boolean => characters(text) <= LONGEST_CHARACTERS && Buffer.byteLength(text) <= most;
  const pages: string[] = [];
  for (const part of parts.filter((text) => text !== '').flatMap((text) => pieces(text, fits))) {
    const last = pages.at(-1);
    const together = last === undefined ? part : `${last}\n\n${part}`;
    if (last !== undefined && fits(together)) pages[pages.length - 1] = together;
    else pages.push(part);
  }
  return pages;
}

/** A part that is too long by itself, cut between words; a word that is too long, anywhere. */
function pieces(text: string, fits: (text: string) => boolean): readonly string[] {
  if (fits(text)) return [text];
  const found: string[] = [];
  let piece = '';
  for (const word of text.split(/(?<=\s)/)) {
    if (fits(piece + word)) {
      piece += word;
      continue;
    }
    found.push(piece);
    piece = '';
    for (const character of word) {
      if (!fits(piece + character)) {
        found.push(piece);
        piece = '';
      }
      piece += character;
    }
  }
  return [...found, piece].map((one) => one.trimEnd()).filter((one) => one !== '');
}

/** What a user's text says. */
export interface ReadAnswer {
  /** Undefined: it names no option. */
  readonly chosenOptionId: string | undefined;
  readonly verificationKey: string | undefined;
  /** An option was chosen, and the word that has to go with it is missing. */
  readonly lacksWord: boolean;
}

/**
 * Reads a user's text as an answer.
 * @param chosen number of the option that was chosen before and waits for its word
 */
export function readAnswer(
  text: string,
  { options, verificationInText, verificationUrl }: SystemMessage,
  chosen: string | undefined,
): ReadAnswer {
  const asksForWord = verificationInText !== undefined || verificationUrl !== undefined;
  const words = text.trim().slice(0, LONGEST_CHARACTERS).split(/\s+/);
  const whole = words.join(' ');
  if (options.length === 0) {
    return { chosenOptionId: undefined, verificationKey: asksForWord ? whole : undefined, lacksWord: false };
  }
  for (let count = words.length; count > 0; count--) {
    const option = optionOf(words.slice(0, count).join(''), options);
    if (option === undefined || (count < words.length && !asksForWord)) continue;
    const word = words.slice(count).join(' ');
    // After a choice a single word is the word, even where it happens to be an option's number.
    if (word === '' && chosen !== undefined) break;
    return word === ''
      ? { chosenOptionId: option, verificationKey: undefined, lacksWord: asksForWord }
      : { chosenOptionId: option, verificationKey: word, lacksWord: false };
  }
  return { chosenOptionId: chosen, verificationKey: chosen === undefined ? undefined : whole, lacksWord: false };
}

/** The number of the option that is written as its number or its text; `written` has no blanks. */
function optionOf(written: string, options: readonly string[]): string | undefined {
  const plain = comparable(written);
  if (/^[1-9][0-9]{0,3}$/.test(plain) && Number(plain) <= options.length) return plain;
  const index = options.findIndex((option) => comparable(option) === plain);
  return index === -1 || plain === '' ? undefined : String(index + 1);
}

/** Without regard to case, blanks, the way in which accents are put together, and what people write behind a number. */
function comparable(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/g, '')
    .replace(/[.):!]+$/, '');
}
