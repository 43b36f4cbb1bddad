/**
 * What a user reads: the language chosen and the placeholders filled. Values are put in once and cut at a bound, so that
 * a user id can neither bring in another placeholder nor make a text longer than the check allowed for. An amount is
 * written as the text's language writes numbers: 0.10 in English, 0,10 in Swedish.
 */
import type { LoginFacts, OffLinePolicy, Texts } from './model.ts';

/** What placeholders stand for; an absent one stays empty. */
export interface TextValues {
  readonly user?: string | undefined;
  readonly vasp?: string | undefined;
  readonly amount?: string | undefined;
  readonly currency?: string | undefined;
  readonly per?: string | undefined;
  /** Where the question is answered on the web. */
  readonly consentUrl?: string | undefined;
  /** Whom an on-line message is about. */
  readonly otherUser?: string | undefined;
  /** How many messages wait for the user. */
  readonly count?: string | undefined;
  /** Who sent the last of them. */
  readonly sender?: string | undefined;
}

/** Who reads a question before login. */
export type Reader = Pick<LoginFacts, 'userId' | 'vasp'> & {
  /** How many messages are kept for the user; told where a question says it. */
  readonly messagesWaiting?: number | undefined;
};

/** The placeholders of questions before login. */
export const OFF_LINE_PLACEHOLDERS = ['user', 'vasp', 'amount', 'currency', 'per', 'consentUrl'] as const;
/** The placeholders of messages to users who are logged in. */
export const ON_LINE_PLACEHOLDERS = ['user', 'vasp', 'otherUser'] as const;
/** The placeholders of notifications to users who are away; but for the sender, of what is asked at login while messages wait. */
export const NOTIFICATION_PLACEHOLDERS = ['sender', 'count', 'user', 'vasp'] as const;
/** All that are served. */
export const PLACEHOLDERS = [...OFF_LINE_PLACEHOLDERS, 'otherUser', 'count', 'sender'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** The most characters that a value takes in a text; a longer one is cut. */
export const LONGEST_VALUE: Readonly<Record<Placeholder, number>> = {
  user: 64,
  vasp: 32,
  amount: 24,
  currency: 3,
  per: 24,
  consentUrl: 256,
  otherUser: 64,
  count: 7,
  sender: 64,
};

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** The names in braces, in order, with their places in the text. */
export function placeholdersIn(text: string): readonly { readonly name: string; readonly index: number }[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => ({ name: match[1] ?? '', index: match.index }));
}

/** The values for a login under a policy. */
export function textValues({ charge }: OffLinePolicy, { userId, vasp, messagesWaiting }: Reader): TextValues {
  return {
    user: userId,
    vasp,
    amount: charge?.amount,
    currency: charge?.currency,
    per: charge?.per,
    count: messagesWaiting?.toString(),
  };
}

/** The values of a notification to a user who is away, for whom `count` messages wait, the last one from `sender`. */
export function notificationValues(
  { userId, vasp }: Pick<LoginFacts, 'userId' | 'vasp'>,
  sender: string,
  count: number,
): TextValues {
  return { user: userId, vasp, sender, count: String(count) };
}

/** The values of an on-line message to a user; `otherUser` is whom it is about, if anybody. */
export function onLineTextValues(to: Pick<LoginFacts, 'userId' | 'vasp'>, otherUser: string | undefined): TextValues {
  return { user: to.userId, vasp: to.vasp, otherUser };
}

/** The text in the best language, filled. `languages` in order of preference, usually the client's, then the VASP's. */
export function textFor(texts: Texts, languages: readonly (string | undefined)[], values: TextValues): string {
  const language = chooseLanguage(texts, languages);
  return fill(texts.get(language) ?? '', language, values);
}

/** Puts the values in as `language` writes them; braces that hold no placeholder stay as they are. */
export function fill(text: string, language: string, values: TextValues): string {
  return text.replace(PLACEHOLDER, (whole, name: string) => {
    const placeholder = PLACEHOLDERS.find((known) => known === name);
    if (placeholder === undefined) return whole;
    const value = values[placeholder] ?? '';
    return bounded(placeholder === 'amount' ? amountIn(language, value) : value, LONGEST_VALUE[placeholder]);
  });
}

/** Whether a text in any of the languages holds the placeholder. */
export function mentions(texts: Texts, placeholder: Placeholder): boolean {
  return [...texts.values()].some((text) => text.includes(`{${placeholder}}`));
}

/** By language and decimals: making one takes longer than all the rest of a text. */
const amountFormats = new Map<string, Intl.NumberFormat>();
const MOST_AMOUNT_FORMATS = 200;

function amountFormat(language: string, digits: number): Intl.NumberFormat {
  const key = `${language} ${digits}`;
  const known = amountFormats.get(key);
  if (known !== undefined) return known;
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (amountFormats.size >= MOST_AMOUNT_FORMATS) amountFormats.clear();
  amountFormats.set(key, format);
  return format;
}

/** An amount such as `1234.50` as the language writes it, with every digit that was written. */
function amountIn(language: string, amount: string): string {
  if (!/^[0-9]+(\.[0-9]+)?$/.test(amount)) return amount;
  const format = amountFormat(language, amount.split('.')[1]?.length ?? 0);
  // A number would lose digits past the fifteenth; the text does not. Old phones have no glyph for the narrow blank.
  return format.format(amount as `${number}`).replaceAll('\u{202F}', '\u{A0}');
}

/**
 * The tag, as written in `texts`, of the text to show. Each language wanted is looked up as RFC 4647 §3.4 says, dropping
 * subtags from the end (`sv-FI` finds `sv`), then by its primary language alone (`sv` finds `sv-FI`); at last the first.
 */
export function chooseLanguage(texts: Texts, languages: readonly (string | undefined)[]): string {
  const tags = [...texts.keys()];
  for (const language of languages) {
    if (language === undefined) continue;
    const tag = lookUp(tags, language) ?? tags.find((t) => primaryLanguage(t) === primaryLanguage(language));
    if (tag !== undefined) return tag;
  }
  return tags[0] ?? '';
}

function lookUp(tags: readonly string[], language: string): string | undefined {
  const subtags = language.toLowerCase().split('-');
  while (subtags.length > 0) {
    const range = subtags.join('-');
    const tag = tags.find((t) => t.toLowerCase() === range);
    if (tag !== undefined) return tag;
    subtags.pop();
    // A single letter only introduces what follows it: `zh-x` is no language to look for.
    if (subtags.at(-1)?.length === 1) subtags.pop();
  }
  return undefined;
}

/** The language itself of a tag, in lower case: `de` of `de-CH`. */
export const primaryLanguage = (tag: string): string => tag.split('-', 1)[0]?.toLowerCase() ?? '';

/** Characters as a reader counts them: code points, not UTF-16 units. */
export const characters = (text: string): number => [...text].length;

function bounded(value: string, most: number): string {
  if (value.length <= most) return value;
  const points = [...value];
  return points.length <= most ? value : `${points.slice(0, most - 1).join('')}…`;
}
