/**
 * The page of a `verification: { url: true }`: shows a question's text and the word that proves that it was read, for
 * somebody whose phone asks for the word [X12]. It takes no answer.
 */
import type { PageParts } from './consent.ts';
import { languageLinks } from './consent-view.ts';
import { entriesOf, type Wanted } from './entries.ts';
import { html, languageAttributes, linesOf } from './html.ts';
import { noticePage, type PageView, unknownAddress } from './notices.ts';
import { visit } from './visit.ts';
import { wordsFor } from './words.ts';

export async function showWord(parts: PageParts, token: string, wanted: Wanted): Promise<PageView> {
  const found = await visit(parts, parts.vasps, token, [token]);
  const [entry] = found === undefined ? [] : entriesOf(parts.secrets, found, wanted);
  if (found === undefined || entry?.word === undefined) return unknownAddress(wanted);
  const { language, word, text } = entry;
  const words = wordsFor([language, ...wanted.accepted]);
  // A token that was used up by a wrong word has a successor on the phone.
  if (found.state === 'late' || found.state === 'used') {
    return noticePage(words, 200, found.state, words.late, words.logInAgain);
  }
  return {
    statusCode: 200,
    outcome: 'shown',
    language: words.language,
    title: words.yourWord,
    content: html`<p${languageAttributes(language)}>${linesOf(text)}</p>
<p>${words.theWordIs} <span class="w">${word}</span></p>
<p>${words.wordNext}</p>
${languageLinks(words, [entry], token)}`,
  };
}
