/** Pages that only say something: each says plainly what happened and what to do next. */
import type { Wanted } from './entries.ts';
import { type Html, html } from './html.ts';
import { type Words, wordsFor } from './words.ts';

/** What became of a request; the `outcome` label of `sapgw_pages_total`. */
export type PageOutcome =
  | 'shown'
  | 'accepted'
  | 'declined'
  /** Shown to somebody who had answered before. */
  | 'answered'
  /** Something was turned or removed on the self-care page. */
  | 'changed'
  | 'incomplete'
  | 'wrong-word'
  | 'too-many'
  | 'late'
  | 'used'
  | 'unknown'
  | 'refused'
  | 'busy'
  | 'failed';

/** A page before it is bytes. */
export interface PageView {
  readonly statusCode: number;
  readonly outcome: PageOutcome;
  /** Of what the gateway itself says on it. */
  readonly language: string;
  readonly title: string;
  readonly content: Html;
  /** Where a browser is sent on to: below the page's own folder. */
  readonly location?: string;
}

export function noticePage(
  { language }: Words,
  statusCode: number,
  outcome: PageOutcome,
  title: string,
  ...sentences: readonly string[]
): PageView {
  const content = html`${sentences.map((sentence) => html`<p>${sentence}</p>`)}`;
  return { statusCode, outcome, language, title, content };
}

export function unknownAddress(wanted: Wanted): PageView {
  const words = wordsWanted(wanted);
  return noticePage(words, 404, 'unknown', words.unknown, words.unknownNext, words.logInAgain);
}

export function wordsWanted({ chosen, accepted }: Wanted): Words {
  return wordsFor(chosen === undefined ? accepted : [chosen, ...accepted]);
}
