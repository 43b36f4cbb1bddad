/**
 * The texts of a policy: languages that exist, characters that a message can carry, placeholders that are served, and
 * lengths after the placeholders took their longest values [policy-files §2].
 */
import { isRecord } from '../yaml/data.ts';
import type { YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { didYouMean } from '../yaml/wording.ts';
import type { CheckContext, Mapping } from './check-applies.ts';
import { consentUrl } from './page-urls.ts';
import { smsLength } from './sms-length.ts';
import {
  characters,
  chooseLanguage,
  fill,
  LONGEST_VALUE,
  NOTIFICATION_PLACEHOLDERS,
  OFF_LINE_PLACEHOLDERS,
  ON_LINE_PLACEHOLDERS,
  type Placeholder,
  placeholdersIn,
  primaryLanguage,
  type TextValues,
} from './text.ts';

/** The most that a text may hold. */
export const LONGEST_TEXT = 512;
/** What every client shows; past it some cut. */
export const SURELY_SHOWN = 128;
/** The most that an option's text may hold. */
export const LONGEST_OPTION_TEXT = 40;

/** XML 1.0 can carry no control character but tab and line ends, and no half of a surrogate pair. */
const UNSENDABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Of a mapping of languages to texts. */
const isOption = (path: Path): boolean => path.at(-3) === 'options' && path.at(-1) === 'text';
const isNotification = (path: Path): boolean => path[0] === 'notify';

/** As long as public URLs are, where it is not known. */
const USUAL_PUBLIC_URL = 'https://im.operator.example';
/** The characters of a question's token. */
const TOKEN_CHARACTERS = 48;

const mayNamePage = (path: Path): boolean => path[0] === 'withoutSystemMessages';

/** A policy whose texts are checked. */
interface Spoken {
  readonly policy: Mapping;
  readonly placeholders: readonly Placeholder[];
  /** What is wrong with a placeholder that is known, at this place. */
  readonly misplaced: (name: Placeholder, path: Path) => string | undefined;
  readonly longest: TextValues;
}

/** Checks every text of an off-line service policy. */
export function checkTexts(document: YamlDocument, context: CheckContext): void {
  const { value: policy } = document;
  if (!isRecord(policy)) return;
  const longest = longestValues(policy, context);
  const misplaced = (name: Placeholder, path: Path): string | undefined => {
    if (name === 'consentUrl') {
      return mayNamePage(path) ? undefined : '{consentUrl} stands in withoutSystemMessages.deny alone';
    }
    if (!['amount', 'currency', 'per'].includes(name) || policy.charge !== undefined) return undefined;
    return `{${name}} stands for a part of \`charge\`, and the policy has none`;
  };
  const spoken = { policy, placeholders: OFF_LINE_PLACEHOLDERS, misplaced, longest };
  for (const [path, texts] of textsOf(policy)) {
    checkText(document, path, texts, spoken);
    if (mayNamePage(path)) checkPageIsNamed(document, path, texts, context);
  }
  checkLanguages(document, policy, []);
}

/** Checks every text of an on-line service policy; `namesAnother`: its trigger is about another user. */
export function checkOnLineTexts(document: YamlDocument, context: CheckContext, namesAnother: boolean): void {
  const { value: policy } = document;
  if (!isRecord(policy)) return;
  const longest = longestValues(policy, context);
  const misplaced = (name: Placeholder): string | undefined =>
    name === 'otherUser' && !namesAnother ? NOBODY_ELSE : undefined;
  const spoken = { policy, placeholders: ON_LINE_PLACEHOLDERS, misplaced, longest };
  for (const [path, texts] of textsOf(policy)) checkText(document, path, texts, spoken);
  checkLanguages(document, policy, []);
}

/** Checks every text of a policy for users who are away: the notification, and what is asked at login. */
export function checkOffLineUserTexts(document: YamlDocument, context: CheckContext): void {
  const { value: policy } = document;
  if (!isRecord(policy)) return;
  const { notify, atLogin } = policy;
  const longest = longestValues(policy, context);
  // At login nobody in particular has sent what waits.
  const misplaced = (name: Placeholder, path: Path): string | undefined =>
    name === 'sender' && !isNotification(path) ? '{sender} stands in notify.text alone' : undefined;
  const spoken = { policy, placeholders: NOTIFICATION_PLACEHOLDERS, misplaced, longest };
  if (isRecord(notify) && isRecord(notify.text)) checkText(document, ['notify', 'text'], notify.text, spoken);
  if (!isRecord(atLogin)) return;
  for (const [path, texts] of textsOf(atLogin, ['atLogin'])) checkText(document, path, texts, spoken);
  checkLanguages(document, atLogin, ['atLogin']);
}

/** Told where {otherUser} stands for nobody. */
export const NOBODY_ELSE =
  '{otherUser} goes with the triggers added-to-contact-list and presence-authorization-changed alone';

/** Every mapping of languages to texts that the policy, which stands at `base`, holds, with its place. */
function textsOf(policy: Mapping, base: Path = []): readonly (readonly [Path, Mapping])[] {
  const { options, verification, onTimeout, withoutSystemMessages } = policy;
  const places: (readonly [Path, unknown])[] = [[['message'], policy.message]];
  if (Array.isArray(options)) {
    for (const [index, option] of options.entries()) {
      if (!isRecord(option)) continue;
      places.push([['options', index, 'text'], option.text], [['options', index, 'deny'], option.deny]);
    }
  }
  if (isRecord(verification)) places.push([['verification', 'inText'], verification.inText]);
  if (isRecord(onTimeout)) places.push([['onTimeout', 'deny'], onTimeout.deny]);
  if (isRecord(withoutSystemMessages)) {
    places.push([['withoutSystemMessages', 'deny'], withoutSystemMessages.deny]);
  }
  return places.flatMap(([path, texts]) => (isRecord(texts) ? [[[...base, ...path], texts] as const] : []));
}

function checkText(document: YamlDocument, path: Path, texts: Mapping, spoken: Spoken): void {
  const seen = new Set<string>();
  if (Object.keys(texts).length === 0) document.report(path, 'must hold a text in at least one language');
  for (const [language, text] of Object.entries(texts)) {
    const place = [...path, language];
    checkLanguage(document, place, language, seen);
    if (typeof text !== 'string') continue;
    if (text.trim() === '') document.report(place, 'the text is empty');
    const unsendable = UNSENDABLE.exec(text);
    if (unsendable !== null) {
      const code = (unsendable[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      document.report(place, `the character U+${code} cannot be sent`, { offset: unsendable.index });
    }
    checkPlaceholders(document, place, text, spoken);
    const filled = fill(text, isLanguageTag(language) ? language : 'en', spoken.longest);
    checkLength(document, place, filled, isOption(path));
    if (isNotification(path)) checkSms(document, place, filled);
  }
}

function checkLanguage(document: YamlDocument, path: Path, language: string, seen: Set<string>): void {
  if (!isLanguageTag(language)) {
    const repaired = language.replaceAll('_', '-');
    document.report(path, `${JSON.stringify(language)} is no language tag (BCP 47), such as en or pt-BR`, {
      at: 'key',
      suggestion: repaired !== language && isLanguageTag(repaired) ? repaired : undefined,
    });
  } else if (seen.has(language.toLowerCase())) {
    document.report(path, `the language ${language} stands twice`, { at: 'key' });
  }
  seen.add(language.toLowerCase());
}

/** Tags that are right: a folder names the same few in every text. */
const knownTags = new Set<string>();
const MOST_KNOWN_TAGS = 1_000;

function isLanguageTag(tag: string): boolean {
  if (knownTags.has(tag)) return true;
  try {
    if (Intl.getCanonicalLocales(tag).length !== 1) return false;
  } catch {
    return false;
  }
  if (knownTags.size < MOST_KNOWN_TAGS) knownTags.add(tag);
  return true;
}

function checkPlaceholders(
  document: YamlDocument,
  path: Path,
  text: string,
  { placeholders, misplaced }: Spoken,
): void {
  for (const { name, index } of placeholdersIn(text)) {
    const placing = { offset: index };
    const known = placeholders.find((placeholder) => placeholder === name);
    if (known === undefined) {
      const braced = placeholders.map((placeholder) => `{${placeholder}}`);
      document.report(path, `unknown placeholder {${name}}`, { ...placing, ...didYouMean(`{${name}}`, braced) });
      continue;
    }
    const message = misplaced(known, path);
    if (message !== undefined) document.report(path, message, placing);
  }
}

/** Who is sent to the page in one language is sent there in all, and there must be a page. */
function checkPageIsNamed(document: YamlDocument, path: Path, texts: Mapping, { publicUrl }: CheckContext): void {
  const names = (text: unknown): boolean => typeof text === 'string' && text.includes('{consentUrl}');
  if (!Object.values(texts).some(names)) return;
  for (const [language, text] of Object.entries(texts)) {
    if (!names(text)) document.report([...path, language], 'has no {consentUrl}, which the other languages have');
  }
  if (publicUrl === 'none') {
    document.report(path, '{consentUrl} needs a publicUrl in the configuration, where users reach the page');
  }
}

function checkLength(document: YamlDocument, path: Path, filled: string, option: boolean): void {
  const length = characters(filled);
  if (option) {
    if (length > LONGEST_OPTION_TEXT) {
      document.report(path, `${length} characters; an option's text holds at most ${LONGEST_OPTION_TEXT}`);
    }
  } else if (length > LONGEST_TEXT) {
    document.report(path, `${length} characters with placeholders filled; a text holds at most ${LONGEST_TEXT}`);
  } else if (length > SURELY_SHOWN && !isNotification(path)) {
    document.report(path, `${length} characters with placeholders filled; a phone need show only ${SURELY_SHOWN}`, {
      severity: 'warning',
    });
  }
}

/** A notification longer than one short message costs as much as several. */
function checkSms(document: YamlDocument, path: Path, filled: string): void {
  const { characters: length, most, messages } = smsLength(filled);
  if (messages === 1) return;
  const alphabet = most === 160 ? 'of the GSM alphabet' : 'where one is outside the GSM alphabet';
  const message = `${length} characters with placeholders filled; one SMS holds ${most} ${alphabet}, so it takes ${messages}`;
  document.report(path, message, { severity: 'warning' });
}

/** A reader should not meet two languages in one question. */
function checkLanguages(document: YamlDocument, policy: Mapping, base: Path): void {
  if (!isRecord(policy.message)) return;
  const languages = Object.keys(policy.message).filter(isLanguageTag);
  for (const [path, texts] of textsOf(policy, base)) {
    const keys = Object.keys(texts);
    if (path.at(-1) === 'message' || keys.length === 0) continue;
    const table = new Map(keys.map((key) => [key, '']));
    const missing = languages.filter((language) => {
      return primaryLanguage(chooseLanguage(table, [language])) !== primaryLanguage(language);
    });
    if (missing.length > 0) {
      document.report(
        path,
        `has no text in ${missing.join(', ')}, which \`${[...base, 'message'].join('.')}\` has; ${keys[0]} is shown instead`,
        {
          severity: 'warning',
        },
      );
    }
  }
}

/** What placeholders of a policy can stand for at most; `configured` VASPs count where the policy names none. */
export function longestValues(
  policy: Mapping,
  { vasps: configured, publicUrl = '' }: Pick<CheckContext, 'vasps' | 'publicUrl'>,
): TextValues {
  const { applies, charge } = policy;
  const named = isRecord(applies) && Array.isArray(applies.vasps) ? applies.vasps : configured;
  const vasps = named?.filter((name): name is string => typeof name === 'string') ?? [];
  const written = (key: string): string | undefined => {
    const part = isRecord(charge) ? charge[key] : undefined;
    return typeof part === 'string' ? part : undefined;
  };
  return {
    user: 'x'.repeat(LONGEST_VALUE.user),
    vasp: vasps.toSorted((a, b) => b.length - a.length)[0] ?? 'x'.repeat(LONGEST_VALUE.vasp),
    amount: written('amount'),
    currency: written('currency'),
    per: written('per'),
    otherUser: 'x'.repeat(LONGEST_VALUE.otherUser),
    count: '9'.repeat(LONGEST_VALUE.count),
    sender: 'x'.repeat(LONGEST_VALUE.sender),
    consentUrl: consentUrl(publicUrl === '' ? USUAL_PUBLIC_URL : publicUrl, 'x'.repeat(TOKEN_CHARACTERS)),
  };
}
