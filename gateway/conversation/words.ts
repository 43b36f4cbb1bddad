/**
 * What the gateway itself says in a conversation, in the languages that it knows. The questions are the operator's; these
 * sentences only say how to answer them and how the conversation ended.
 */
import { primaryLanguage } from '../policy/text.ts';

export interface Words {
  /** How a question with options is answered. */
  readonly replyNumber: string;
  /** The same where a word that stands in the question proves that it was read. */
  readonly replyNumberAndWord: string;
  readonly replyWord: string;
  readonly replyAnything: string;
  readonly nowTheWord: string;
  readonly wordAt: (url: string) => string;
  readonly noSuchOption: string;
  readonly wrongWord: string;
  /** How the conversation ends. */
  readonly thanks: string;
  readonly tooManyWrongAnswers: string;
  readonly timeIsOver: string;
  readonly questionIsGone: string;
  /** To a message to anybody else. */
  readonly onlyTo: (serviceContact: string) => string;
  /** To a message to the service contact and somebody else. */
  readonly alone: (serviceContact: string) => string;
  /** At the end of a session that the user, or silence, has chosen. */
  readonly loggedOut: string;
}

const ENGLISH: Words = {
  replyNumber: 'Reply with the number of your answer.',
  replyNumberAndWord: 'Reply with the number of your answer, a blank, and the word.',
  replyWord: 'Reply with the word.',
  replyAnything: 'Reply OK to go on.',
  nowTheWord: 'Now reply with the word.',
  wordAt: (url) => `Open ${url} and reply with the word that you see there.`,
  noSuchOption: 'That is none of the answers.',
  wrongWord: 'That is not the right word.',
  thanks: 'Thank you. Please log in again.',
  tooManyWrongAnswers: 'Too many answers could not be used. Please try again later.',
  timeIsOver: 'The time to answer is over. Please log in again.',
  questionIsGone: 'The question has changed. Please log in again.',
  onlyTo: (contact) => `Please answer the question first: until then you can only write to ${contact}.`,
  alone: (contact) => `Please write to ${contact} alone, and to nobody else in the same message.`,
  loggedOut: 'You are logged out.',
};

const SWEDISH: Words = {
  replyNumber: 'Svara med numret på ditt svar.',
  replyNumberAndWord: 'Svara med numret på ditt svar, ett mellanslag och ordet.',
  replyWord: 'Svara med ordet.',
  replyAnything: 'Svara OK för att fortsätta.',
  nowTheWord: 'Svara nu med ordet.',
  wordAt: (url) => `Öppna ${url} och svara med ordet som står där.`,
  noSuchOption: 'Det är inget av svaren.',
  wrongWord: 'Det är inte rätt ord.',
  thanks: 'Tack. Logga in igen.',
  tooManyWrongAnswers: 'För många svar gick inte att använda. Försök igen senare.',
  timeIsOver: 'Tiden att svara är ute. Logga in igen.',
  questionIsGone: 'Frågan har ändrats. Logga in igen.',
  onlyTo: (contact) => `Svara först på frågan: till dess kan du bara skriva till ${contact}.`,
  alone: (contact) => `Skriv till ${contact} för sig, och till ingen annan i samma meddelande.`,
  loggedOut: 'Du är utloggad.',
};

const GERMAN: Words = {
  replyNumber: 'Antworten Sie mit der Nummer Ihrer Antwort.',
  replyNumberAndWord: 'Antworten Sie mit der Nummer Ihrer Antwort, einem Leerzeichen und dem Wort.',
  replyWord: 'Antworten Sie mit dem Wort.',
  replyAnything: 'Antworten Sie mit OK, um fortzufahren.',
  nowTheWord: 'Antworten Sie jetzt mit dem Wort.',
  wordAt: (url) => `Öffnen Sie ${url} und antworten Sie mit dem Wort, das dort steht.`,
  noSuchOption: 'Das ist keine der Antworten.',
  wrongWord: 'Das ist nicht das richtige Wort.',
  thanks: 'Danke. Bitte melden Sie sich neu an.',
  tooManyWrongAnswers: 'Zu viele Antworten waren nicht brauchbar. Bitte versuchen Sie es später.',
  timeIsOver: 'Die Zeit zum Antworten ist abgelaufen. Bitte melden Sie sich neu an.',
  questionIsGone: 'Die Frage hat sich geändert. Bitte melden Sie sich neu an.',
  onlyTo: (contact) => `Bitte beantworten Sie zuerst die Frage: bis dahin erreichen Sie nur ${contact}.`,
  alone: (contact) => `Bitte schreiben Sie an ${contact} allein, und an niemanden sonst in derselben Nachricht.`,
  loggedOut: 'Sie sind abgemeldet.',
};

const BY_LANGUAGE: ReadonlyMap<string, Words> = new Map([
  ['en', ENGLISH],
  ['sv', SWEDISH],
  ['de', GERMAN],
]);

/** The words for a language tag, by its primary language; English where the gateway does not know it. */
export function wordsFor(language: string): Words {
  return BY_LANGUAGE.get(primaryLanguage(language)) ?? ENGLISH;
}
