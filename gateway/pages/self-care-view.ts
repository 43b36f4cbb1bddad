/**
 * The self-care page's HTML: how the preference stands, a button that turns it, and each kept message with a button that
 * removes it. One form holds all buttons, and the name of the one that was pressed says what is to be done, as the oldest
 * browsers send it; there is no text field whose Enter could press one.
 */
import { chooseLanguage } from '../policy/text.ts';
import { type Html, html, languageAttributes, linesOf } from './html.ts';
import { nameOf } from './languages.ts';
import type { SelfCareWords } from './self-care-words.ts';
import { filledWith, WORD_TABLES, type Words } from './words.ts';

/** A kept message; texts by language tag, `createdAt` in wall-clock milliseconds. */
export interface KeptMessage {
  readonly id: string;
  readonly texts: ReadonlyMap<string, string>;
  readonly options: readonly ReadonlyMap<string, string>[];
  readonly createdAt: number;
}

/** How the form's fields are called. */
export const SELF_CARE_FIELD = { formToken: 'f', on: 'on', off: 'off', remove: (id: string) => `r-${id}` } as const;

export interface SelfCareFacts {
  readonly all: Words;
  readonly own: SelfCareWords;
  readonly help: 'on' | 'off';
  readonly inbox: readonly KeptMessage[];
  /** Of the page, best first. */
  readonly languages: readonly string[];
  /** The language that was chosen on the page. */
  readonly chosenLanguage: string | undefined;
  /** The address's own. */
  readonly token: string;
  readonly formToken: string;
  /** What has just been done. */
  readonly notice: string | undefined;
}

export function selfCareView(facts: SelfCareFacts): Html {
  const { own, help, inbox, token, formToken, notice, chosenLanguage } = facts;
  const turn =
    help === 'on'
      ? html`<input class="b" type="submit" name="${SELF_CARE_FIELD.off}" value="${own.turnOff}" />`
      : html`<input class="b" type="submit" name="${SELF_CARE_FIELD.on}" value="${own.turnOn}" />`;
  return html`${
    notice === undefined
      ? undefined
      : html`<p role="status"><strong>${notice}</strong></p>
`
  }<form action="${token}${queryOf(chosenLanguage)}" method="post" accept-charset="utf-8">
<p>${help === 'on' ? own.isOn : own.isOff}</p>
<div>${turn}<input type="hidden" name="${SELF_CARE_FIELD.formToken}" value="${formToken}" /></div>
<h2>${own.inbox}</h2>
${inbox.length === 0 ? html`<p>${own.inboxIsEmpty}</p>` : inbox.map((message, index) => kept(facts, message, index + 1))}
</form>
${inbox.some(({ options }) => options.length > 0) ? html`<p>${own.howToAnswer}</p>` : undefined}
${otherLanguages(facts)}`;
}

/** Of an address in the language that was chosen. */
export const queryOf = (language: string | undefined): string => (language === undefined ? '' : `?lang=${language}`);

function kept({ all, own, inbox, languages }: SelfCareFacts, message: KeptMessage, number: number): Html {
  const { texts, options, createdAt } = message;
  const date = new Intl.DateTimeFormat(all.language, { dateStyle: 'long', timeZone: 'UTC' }).format(createdAt);
  const shown = (
    text: ReadonlyMap<string, string>,
  ): { readonly attributes: Html | undefined; readonly lines: Html } => {
    const language = chooseLanguage(text, languages);
    const isOfPage = language.toLowerCase() === all.language;
    return {
      attributes: isOfPage ? undefined : languageAttributes(language),
      lines: linesOf(text.get(language) ?? ''),
    };
  };
  const { attributes, lines } = shown(texts);
  const items = options.map(shown).map(
    (option) => html`<li${option.attributes}>${option.lines}</li>
`,
  );
  return html`<fieldset>
<legend>${filledWith(own.numbered, { number, of: inbox.length, date })}</legend>
<p${attributes}>${lines}</p>
${
  items.length === 0
    ? undefined
    : html`<p>${own.answers}</p>
<ul>
${items}</ul>`
}
<div><input class="b" type="submit" name="${SELF_CARE_FIELD.remove(message.id)}" value="${filledWith(own.remove, { number })}" /></div>
</fieldset>
`;
}

function otherLanguages({ all, token }: SelfCareFacts): Html {
  const others = WORD_TABLES.map(({ language }) => language).filter((language) => language !== all.language);
  const links = others.map(
    (tag) => html`<a href="${token}?lang=${tag}" hreflang="${tag}"${languageAttributes(tag)}>${nameOf(tag)}</a> `,
  );
  return html`<p class="l">${all.otherLanguages}<br />
${links}</p>`;
}
