/**
 * The consent page: shows the questions of an address, and takes the answers, which count for the next login of the same
 * user and client [X21]. Showing changes nothing, because programs that look for harmful links open every address first.
 */
import { type HeldAnswerParts, takeAnswer } from '../chain/held-answers.ts';
import { judgeAnswer } from '../negotiation/answers.ts';
import { chooseLanguage, textFor, textValues } from '../policy/text.ts';
import type { Log } from '../ports.ts';
import { answersView, formView } from './consent-view.ts';
import { type Entry, type EntryProblem, entriesOf, toAnswer, tokensIn, type Wanted } from './entries.ts';
import type { Form } from './form.ts';
import { type Html, html, languageAttributes, linesOf } from './html.ts';
import { noticePage, type PageView, unknownAddress } from './notices.ts';
import { type PageQuestion, type Visit, visit } from './visit.ts';
import { filledWith, timeInWords, type Words, wordsFor } from './words.ts';

export interface PageParts extends HeldAnswerParts {
  /** Names of all that are configured: a token does not say whose it is. */
  readonly vasps: readonly string[];
  readonly log: Log;
}

export async function showConsent(parts: PageParts, token: string, wanted: Wanted): Promise<PageView> {
  const found = await visit(parts, parts.vasps, token);
  return found === undefined ? unknownAddress(wanted) : viewOf(parts, found, token, wanted);
}

export async function answerConsent(parts: PageParts, token: string, wanted: Wanted, form: Form): Promise<PageView> {
  const together = tokensIn(form);
  const found = await visit(parts, parts.vasps, token, together);
  if (found === undefined) return unknownAddress(wanted);
  if (found.state !== 'open') return viewOf(parts, found, token, wanted);
  const entries = unanswered(entriesOf(parts.secrets, found, wanted, form));
  const due = toAnswer(entries);
  if (due.some(({ problem }) => problem !== undefined)) return askAgain(found, token, wanted, due, 'incomplete');
  const wrong = await wrongWords(parts, found.vasp, due);
  if (wrong.size > 0) {
    const now = await visit(parts, parts.vasps, token, together);
    if (now?.state !== 'open') return now === undefined ? unknownAddress(wanted) : viewOf(parts, now, token, wanted);
    const marked = entries.map((entry) => ({ ...entry, problem: wrong.get(entry.question.token) }));
    return askAgain(now, token, wanted, marked, 'wrong-word');
  }
  for (const entry of due) await takeAnswer(parts, found.vasp, answerOf(entry), 'page', entry.language);
  const after = await visit(parts, parts.vasps, token, together);
  if (after === undefined) return unknownAddress(wanted);
  const { state, vasp } = after;
  const isTaken = state === 'accepted' || state === 'declined';
  if (isTaken) parts.log.info('answered on the page', { vasp, outcome: state, questions: due.length });
  return { ...viewOf(parts, after, token, wanted), ...(isTaken ? { outcome: state } : {}) };
}

const unanswered = (entries: readonly Entry[]): readonly Entry[] =>
  entries.filter(({ question }) => question.held === undefined);

const answerOf = ({ question, chosen, asksForWord, typed }: Entry) => ({
  id: question.token,
  chosenOptionId: chosen === undefined ? undefined : String(chosen),
  verificationKey: asksForWord ? typed : undefined,
});

/** Counts wrong words, and takes none of the answers yet, so that a visitor who looks again can change the others too. */
async function wrongWords(
  parts: PageParts,
  vasp: string,
  entries: readonly Entry[],
): Promise<ReadonlyMap<string, EntryProblem>> {
  const wrong = new Map<string, EntryProblem>();
  const context = {
    secrets: parts.secrets,
    vasp,
    sets: parts.policies.live(),
    user: undefined,
    isSpent: () => false,
    now: parts.clock.wall(),
  };
  for (const entry of entries) {
    const judged = judgeAnswer(answerOf(entry), context);
    if (judged.kind !== 'worthless' || judged.reason !== 'wrong-key') continue;
    await takeAnswer(parts, vasp, answerOf(entry), 'page', entry.language);
    wrong.set(entry.question.token, 'word-wrong');
  }
  return wrong;
}

function askAgain(
  found: Visit,
  token: string,
  wanted: Wanted,
  entries: readonly Entry[],
  outcome: 'incomplete' | 'wrong-word',
): PageView {
  const words = wordsOf(entries, wanted);
  return formPage(found, token, wanted, entries, outcome, outcome === 'incomplete' ? words.missing : words.wrongWord);
}

/** The page of a visit as it stands. */
function viewOf(parts: PageParts, found: Visit, token: string, wanted: Wanted): PageView {
  const entries = entriesOf(parts.secrets, found, wanted);
  const words = wordsOf(entries, wanted);
  const wait = timeInWords(words, found.blockedMillis, 'up');
  switch (found.state) {
    case 'open':
      return formPage(found, token, wanted, unanswered(entries), 'shown', words.beforeLogin);
    case 'accepted':
    case 'declined':
      return answeredPage(found, words, entries);
    case 'late':
      return noticePage(words, 200, 'late', words.late, words.logInAgain);
    case 'used':
      return noticePage(words, 200, 'used', words.used, words.usedNext);
    case 'too-many':
      return noticePage(words, 200, 'too-many', words.tooMany, filledWith(words.tooManyNext, { time: wait }));
  }
}

const wordsOf = (entries: readonly Entry[], { accepted }: Wanted): Words =>
  wordsFor([...(entries[0] === undefined ? [] : [entries[0].language]), ...accepted]);

function formPage(
  found: Visit,
  token: string,
  wanted: Wanted,
  entries: readonly Entry[],
  outcome: PageView['outcome'],
  title: string,
): PageView {
  const words = wordsOf(entries, wanted);
  const timeLeft = timeInWords(words, found.leftMillis, 'down');
  const content = formView({ words, entries, token, chosenLanguage: wanted.chosen, timeLeft });
  return { statusCode: 200, outcome, language: words.language, title, content };
}

function answeredPage(found: Visit, words: Words, entries: readonly Entry[]): PageView {
  const answered = entries
    .filter(({ question }) => question.held !== undefined)
    .map((entry) => ({ ...entry, chosen: chosenBefore(entry.question) }));
  const isDeclined = found.state === 'declined';
  const time = timeInWords(words, found.leftMillis, 'down');
  const next = isDeclined ? words.declinedNext : filledWith(words.acceptedNext, { time });
  const denials = answered.flatMap((entry) => denialOf(found, entry));
  return {
    statusCode: 200,
    outcome: 'answered',
    language: words.language,
    title: isDeclined ? words.declined : words.accepted,
    content: html`${answersView(words, answered, denials)}<p>${next}</p>`,
  };
}

function chosenBefore({ policy, held }: PageQuestion): number | undefined {
  return held?.option === undefined ? undefined : policy.options.indexOf(held.option) + 1;
}

/** The policy's words for whoever declines. */
function denialOf({ userId, vasp }: Visit, { question, language }: Entry): readonly Html[] {
  const ruling = question.held?.option?.outcome;
  if (ruling?.kind !== 'deny') return [];
  const text = textFor(ruling.texts, [language], textValues(question.policy, { userId, vasp }));
  return [
    html`<p${languageAttributes(chooseLanguage(ruling.texts, [language]))}>${linesOf(text)}</p>
`,
  ];
}
