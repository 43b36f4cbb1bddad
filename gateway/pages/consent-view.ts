/**
 * The consent page's HTML [X21]. One question without a word to type has a button for each option, so that one press
 * answers; several, or one with a word, are a form with one button, because Enter in a text field would press the first
 * of several. Nothing prefers one option to another.
 */
import { type Entry, type EntryProblem, FIELD } from './entries.ts';
import { type Html, html, languageAttributes, linesOf } from './html.ts';
import { isTag, nameOf } from './languages.ts';
import { filledWith, type Words } from './words.ts';

export interface FormFacts {
  readonly words: Words;
  readonly entries: readonly Entry[];
  /** The address's own. */
  readonly token: string;
  /** The language that was chosen on the page. */
  readonly chosenLanguage: string | undefined;
  /** In words. */
  readonly timeLeft: string;
}

export function formView({ words, entries, token, chosenLanguage, timeLeft }: FormFacts): Html {
  const [first] = entries;
  const [only] = entries.length === 1 && first !== undefined && !first.asksForWord ? [first] : [];
  const query = chosenLanguage === undefined ? '' : `?lang=${chosenLanguage}`;
  // The last part of the address alone: a front may show the gateway under another path than the gateway sees.
  return html`<form action="${token}${query}" method="post" accept-charset="utf-8">
${only === undefined ? severalQuestions(words, entries) : oneQuestion(words, only)}
<p>${filledWith(words.timeLeft, { time: timeLeft })}${entries.map(hiddenFields)}</p>
</form>
${languageLinks(words, entries, token)}`;
}

function oneQuestion(words: Words, entry: Entry): Html {
  const buttons = entry.options.map(
    (option, index) =>
      html`<input class="b" type="submit" name="${FIELD.button(index + 1)}" value="${option}"${inLanguage(entry, words)} />
`,
  );
  return html`${messageOf(words, entry)}
${problemText(words, entry)}
<div>
${buttons.length > 0 ? buttons : html`<input class="b" type="submit" name="ok" value="${words.confirm}" />`}
</div>`;
}

function severalQuestions(words: Words, entries: readonly Entry[]): Html {
  const sets = entries.map(
    (entry) => html`<fieldset aria-describedby="m${entry.number}">
<legend>${entries.length === 1 ? words.yourAnswer : filledWith(words.numbered, { number: entry.number, of: entries.length })}</legend>
${messageOf(words, entry)}
${problemText(words, entry)}
${entry.options.map((option, index) => choice(words, entry, option, index + 1))}
${entry.asksForWord ? wordField(words, entry) : undefined}
</fieldset>
`,
  );
  const send = entries.every(({ options }) => options.length === 0) ? words.confirm : words.send;
  return html`${sets}<p><input class="b" type="submit" name="ok" value="${send}" /></p>`;
}

function choice(words: Words, entry: Entry, option: string, place: number): Html {
  const id = `${FIELD.choice(entry.number)}-${place}`;
  const checked = entry.chosen === place ? html` checked="checked"` : undefined;
  const input = html`<input type="radio" id="${id}" name="${FIELD.choice(entry.number)}" value="${place}"${checked} />`;
  return html`<label class="c" for="${id}">${input} <span${inLanguage(entry, words)}>${option}</span></label>
`;
}

function wordField(words: Words, entry: Entry): Html {
  const name = FIELD.word(entry.number);
  const wrong = isAboutWord(entry.problem) ? html` aria-invalid="true" aria-describedby="e${entry.number}"` : undefined;
  return html`<p><label class="c" for="${name}">${words.typeTheWord}</label>
<input class="t" type="text" id="${name}" name="${name}" value="${entry.typed}" size="12" maxlength="80" autocomplete="off"${wrong} /></p>
`;
}

function messageOf(words: Words, entry: Entry): Html {
  const { text, challenge, word, number } = entry;
  const language = inLanguage(entry, words);
  return html`<p id="m${number}"${language}>${linesOf(text)}</p>
${challenge === undefined ? undefined : html`<p${language}>${linesOf(challenge)}</p>`}
${word === undefined ? undefined : html`<p>${words.theWordIs} <span class="w">${word}</span></p>`}`;
}

const isAboutWord = (problem: EntryProblem | undefined): boolean =>
  problem === 'word-missing' || problem === 'word-wrong';

function problemText(words: Words, { problem, number }: Entry): Html | undefined {
  if (problem === undefined) return undefined;
  const text = { 'choice-missing': words.choose, 'word-missing': words.wordMissing, 'word-wrong': words.lookAgain };
  return html`<p class="e" id="e${number}">${text[problem]}</p>`;
}

function hiddenFields({ question, number, language }: Entry): Html {
  return html`<input type="hidden" name="${FIELD.token(number)}" value="${question.token}" /><input type="hidden" name="${FIELD.language(number)}" value="${language}" />`;
}

/** Attributes for a policy's text, where it is not in the language of the page. */
function inLanguage({ language }: Entry, words: Words): Html | undefined {
  return language.toLowerCase() === words.language ? undefined : languageAttributes(language);
}

/** To the same page in the policies' other languages. */
export function languageLinks(words: Words, entries: readonly Entry[], token: string): Html | undefined {
  const shown = new Set(entries.map(({ language }) => language));
  const others = [...new Set(entries.flatMap(({ question }) => [...question.policy.message.keys()]))].filter(
    (tag) => isTag(tag) && !(shown.size === 1 && shown.has(tag)),
  );
  if (others.length === 0) return undefined;
  const links = others.map(
    (tag) => html`<a href="${token}?lang=${tag}" hreflang="${tag}"${languageAttributes(tag)}>${nameOf(tag)}</a> `,
  );
  return html`<p class="l">${words.otherLanguages}<br />
${links}</p>`;
}

/** What was answered: each question with its choice, and the words of the policy for one that declines. */
export function answersView(words: Words, entries: readonly Entry[], denials: readonly Html[]): Html {
  const answers = entries.map(
    (entry) => html`<p${inLanguage(entry, words)}>${linesOf(entry.text)}</p>
<p><strong>${answerOf(words, entry)}</strong></p>
`,
  );
  return html`${answers}${denials}`;
}

function answerOf(words: Words, entry: Entry): Html {
  const option = entry.chosen === undefined ? undefined : entry.options[entry.chosen - 1];
  return option === undefined
    ? html`${words.youConfirmed}`
    : html`${words.youChose} <span${inLanguage(entry, words)}>${option}</span>`;
}
