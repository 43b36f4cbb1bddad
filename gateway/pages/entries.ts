/**
 * From a question to what is on its page, and back: the texts in the language that is shown, the names of the form's
 * fields, what the visitor chose and typed, and what is missing.
 */

import { proofWord } from '../negotiation/proof.ts';
import { questionFor } from '../negotiation/question.ts';
import { chooseLanguage } from '../policy/text.ts';
import type { Secrets } from '../ports.ts';
import { type Form, only } from './form.ts';
import type { PageQuestion, Visit } from './visit.ts';

export type EntryProblem = 'choice-missing' | 'word-missing' | 'word-wrong';

/** A question as it is shown. */
export interface Entry {
  readonly question: PageQuestion;
  /** From 1: what its fields are called by. */
  readonly number: number;
  readonly language: string;
  readonly text: string;
  readonly options: readonly string[];
  /** What the user is told to type; undefined where no word is asked for, or the page shows the word itself. */
  readonly challenge: string | undefined;
  /** The word that the page shows. */
  readonly word: string | undefined;
  readonly asksForWord: boolean;
  /** Place of the chosen option, from 1. */
  readonly chosen: number | undefined;
  readonly typed: string;
  readonly problem: EntryProblem | undefined;
}

/** How the form's fields are called; `number` from 1. */
export const FIELD = {
  token: (number: number) => `t${number}`,
  language: (number: number) => `l${number}`,
  choice: (number: number) => `q${number}`,
  word: (number: number) => `w${number}`,
  /** A button that chooses an option by itself. */
  button: (option: number) => `b${option}`,
} as const;

/** What decides about the language [X21]. */
export interface Wanted {
  /** Chosen on the page. */
  readonly chosen: string | undefined;
  /** By the browser, best first. */
  readonly accepted: readonly string[];
}

/** The questions of a visit as they are shown to this visitor; a form's answers are put in. */
export function entriesOf(secrets: Secrets, { questions, userId, vasp }: Visit, wanted: Wanted, form?: Form): Entry[] {
  const given = form === undefined ? [] : tokensIn(form);
  return questions.map((question, index) => {
    const { policy, token } = question;
    // By the token and not by its place: the questions may have become others since the form was shown.
    const filled = form === undefined ? undefined : fieldsOf(form, given, token);
    const language = languageOf(question, wanted, filled?.language);
    // In exactly this language, because the record names this text.
    const shown = questionFor(policy, { userId, vasp }, [language], token, '');
    const kind = policy.verification?.kind;
    return {
      question,
      number: index + 1,
      language,
      text: shown.text,
      options: shown.options,
      challenge: shown.verificationInText,
      word: kind === 'url' ? proofWord(secrets, policy, token) : undefined,
      asksForWord: kind !== undefined,
      chosen: filled?.choices.find((choice) => choice <= shown.options.length),
      typed: filled?.typed ?? '',
      problem: undefined,
    };
  });
}

/** Characters of a typed word that are looked at. */
const LONGEST_WORD = 100;

/** The tokens of the questions that a form was made of, in order. */
export function tokensIn(form: Form): readonly string[] {
  const tokens: string[] = [];
  for (;;) {
    const token = only(form, FIELD.token(tokens.length + 1));
    if (token === undefined) return tokens;
    tokens.push(token);
  }
}

/** What a form says of one question; `choices` has one number or, when nothing clear was chosen, none. */
interface Filled {
  readonly language: string | undefined;
  readonly choices: readonly number[];
  readonly typed: string;
}

function fieldsOf(form: Form, given: readonly string[], token: string): Filled | undefined {
  const number = given.indexOf(token) + 1;
  if (number === 0) return undefined;
  const radio = only(form, FIELD.choice(number)) ?? '';
  const names = given.length === 1 ? [...form.keys()] : [];
  const buttons = names.flatMap((name) => /^b([1-9][0-9]?)$/.exec(name)?.[1] ?? []);
  const choices = new Set([...buttons, ...(/^[1-9][0-9]?$/.test(radio) ? [radio] : [])].map(Number));
  return {
    language: only(form, FIELD.language(number)),
    choices: choices.size === 1 ? [...choices] : [],
    typed: (only(form, FIELD.word(number)) ?? '').slice(0, LONGEST_WORD),
  };
}

function languageOf({ policy, content, held }: PageQuestion, wanted: Wanted, shown: string | undefined): string {
  const tags = [...policy.message.keys()];
  // Of an answered question the text that was answered is shown again, of a form the one that stood there.
  const exact = [held?.language, shown].find((tag) => tag !== undefined && tags.includes(tag));
  if (exact !== undefined) return exact;
  const told = tags[content.languageIndex];
  const known = content.languageTold ? [told, ...wanted.accepted] : [...wanted.accepted, told];
  return chooseLanguage(policy.message, [wanted.chosen, ...known]);
}

/** Whether the chosen option ends the login. */
export function declines({ question, chosen }: Entry): boolean {
  return chosen !== undefined && question.policy.options[chosen - 1]?.outcome.kind === 'deny';
}

/**
 * The entries that are to be answered, each with what is missing from it: all of them, or, when one declines, that and what
 * else was answered in full, because nothing more is needed to deny [X15].
 */
export function toAnswer(entries: readonly Entry[]): readonly Entry[] {
  const checked = entries.map((entry) => ({ ...entry, problem: problemOf(entry) }));
  if (!checked.some((entry) => declines(entry) && entry.problem === undefined)) return checked;
  return checked.filter((entry) => entry.problem === undefined);
}

function problemOf({ options, chosen, asksForWord, typed }: Entry): EntryProblem | undefined {
  if (options.length > 0 && chosen === undefined) return 'choice-missing';
  return asksForWord && typed.trim() === '' ? 'word-missing' : undefined;
}
