/**
 * What the service contact says to users in their sessions, in the languages that the gateway knows [X41, X46]: what can be
 * written to it, how it stands with help messages, that an answer was taken, and what could not be done. No sentence is
 * longer than 480 characters, so that it fits a phone's message with room to spare: values are cut at a bound.
 */
import { characters, primaryLanguage } from '../policy/text.ts';

export interface ContactWords {
  /** What can be written; `url` is the self-care page's address. */
  readonly help: (url: string | undefined) => string;
  /** How the preference stands. */
  readonly helpIsOn: string;
  readonly helpIsOff: string;
  /** What became of turning it. */
  readonly helpTurnedOn: string;
  readonly helpTurnedOff: string;
  readonly inboxIsEmpty: string;
  readonly inboxFollows: (count: number) => string;
  /** An answer was taken: the option's text. */
  readonly chosen: (optionText: string) => string;
  /** An answer to a message without options was taken. */
  readonly taken: string;
  readonly noSuchOption: string;
  readonly notUnderstood: (url: string | undefined) => string;
  /** `user` is the user id. */
  readonly couldNotAddContact: (user: string) => string;
  readonly couldNotChangePresence: (user: string) => string;
  readonly couldNotDo: string;
}

/** The most characters that values take. */
const LONGEST_OPTION = 64;
const LONGEST_USER = 100;
/** An address that is cut leads nowhere: a longer one is left out. */
const LONGEST_URL = 256;

const page = (url: string | undefined, sentence: (url: string) => string): string =>
  url === undefined || characters(url) > LONGEST_URL ? '' : `\n${sentence(url)}`;

function bounded(value: string, most: number): string {
  const points = [...value];
  return points.length <= most ? value : `${points.slice(0, most - 1).join('')}…`;
}

const user = (id: string): string => bounded(id, LONGEST_USER);

const ENGLISH: ContactWords = {
  help: (url) =>
    `You can write to me: inbox - messages kept for you; help on - get help messages; help off - get none; help status; help.${page(url, (at) => `Or open ${at}`)}`,
  helpIsOn: 'Help messages are on. Write "help off" to get none.',
  helpIsOff: 'Help messages are off and kept in your inbox. Write "inbox" to read them, "help on" to get them again.',
  helpTurnedOn: 'Help messages are on now. Write "help off" to get none.',
  helpTurnedOff: 'You will get no more help messages. They are kept in your inbox. Write "help on" to get them again.',
  inboxIsEmpty: 'Your inbox is empty.',
  inboxFollows: (count) =>
    count === 1 ? 'Your inbox has 1 message. Here it is.' : `Your inbox has ${count} messages.`,
  chosen: (option) => `Thank you. You chose: ${bounded(option, LONGEST_OPTION)}`,
  taken: 'Thank you.',
  noSuchOption: 'That is none of the answers.',
  notUnderstood: (url) =>
    `I did not understand that. Write "help" to see what you can write.${page(url, (at) => `Or open ${at}`)}`,
  couldNotAddContact: (id) => `${user(id)} could not be added to your contacts.`,
  couldNotChangePresence: (id) => `What ${user(id)} sees of you could not be changed.`,
  couldNotDo: 'What you chose could not be done. Please try again later.',
};

const SWEDISH: ContactWords = {
  help: (url) =>
    `Du kan skriva till mig: inkorg - meddelanden som sparats åt dig; hjälp på - få hjälpmeddelanden; hjälp av - få inga; hjälp status; hjälp.${page(url, (at) => `Eller öppna ${at}`)}`,
  helpIsOn: 'Hjälpmeddelanden är på. Skriv "hjälp av" för att slippa dem.',
  helpIsOff:
    'Hjälpmeddelanden är av och sparas i din inkorg. Skriv "inkorg" för att läsa dem, "hjälp på" för att få dem igen.',
  helpTurnedOn: 'Hjälpmeddelanden är nu på. Skriv "hjälp av" för att slippa dem.',
  helpTurnedOff: 'Du får inga fler hjälpmeddelanden. De sparas i din inkorg. Skriv "hjälp på" för att få dem igen.',
  inboxIsEmpty: 'Din inkorg är tom.',
  inboxFollows: (count) =>
    count === 1 ? 'Det finns 1 meddelande i din inkorg. Här är det.' : `Det finns ${count} meddelanden i din inkorg.`,
  chosen: (option) => `Tack. Du valde: ${bounded(option, LONGEST_OPTION)}`,
  taken: 'Tack.',
  noSuchOption: 'Det är inget av svaren.',
  notUnderstood: (url) =>
    `Det förstod jag inte. Skriv "hjälp" för att se vad du kan skriva.${page(url, (at) => `Eller öppna ${at}`)}`,
  couldNotAddContact: (id) => `Det gick inte att lägga till ${user(id)} bland dina kontakter.`,
  couldNotChangePresence: (id) => `Det gick inte att ändra vad ${user(id)} ser av dig.`,
  couldNotDo: 'Det du valde gick inte att göra. Försök igen senare.',
};

const GERMAN: ContactWords = {
  help: (url) =>
    `Das können Sie mir schreiben: Posteingang - Nachrichten, die für Sie aufbewahrt sind; Hilfe an - Hilfenachrichten erhalten; Hilfe aus - keine mehr; Hilfe Status; Hilfe.${page(url, (at) => `Oder öffnen Sie ${at}`)}`,
  helpIsOn: 'Hilfenachrichten sind an. Schreiben Sie „Hilfe aus“, um keine zu erhalten.',
  helpIsOff:
    'Hilfenachrichten sind aus und liegen in Ihrem Posteingang. Schreiben Sie „Posteingang“, um sie zu lesen, „Hilfe an“, um sie wieder zu erhalten.',
  helpTurnedOn: 'Hilfenachrichten sind jetzt an. Schreiben Sie „Hilfe aus“, um keine zu erhalten.',
  helpTurnedOff:
    'Sie erhalten keine Hilfenachrichten mehr. Sie liegen in Ihrem Posteingang. Schreiben Sie „Hilfe an“, um sie wieder zu erhalten.',
  inboxIsEmpty: 'Ihr Posteingang ist leer.',
  inboxFollows: (count) =>
    count === 1
      ? 'In Ihrem Posteingang liegt 1 Nachricht. Hier ist sie.'
      : `In Ihrem Posteingang liegen ${count} Nachrichten.`,
  chosen: (option) => `Danke. Sie haben gewählt: ${bounded(option, LONGEST_OPTION)}`,
  taken: 'Danke.',
  noSuchOption: 'Das ist keine der Antworten.',
  notUnderstood: (url) =>
    `Das habe ich nicht verstanden. Schreiben Sie „Hilfe“, um zu sehen, was Sie schreiben können.${page(url, (at) => `Oder öffnen Sie ${at}`)}`,
  couldNotAddContact: (id) => `${user(id)} konnte nicht zu Ihren Kontakten hinzugefügt werden.`,
  couldNotChangePresence: (id) => `Was ${user(id)} von Ihnen sieht, konnte nicht geändert werden.`,
  couldNotDo: 'Was Sie gewählt haben, war nicht möglich. Bitte versuchen Sie es später.',
};

const BY_LANGUAGE: ReadonlyMap<string, ContactWords> = new Map([
  ['en', ENGLISH],
  ['sv', SWEDISH],
  ['de', GERMAN],
]);

/** The words for a language tag, by its primary language; English where the gateway does not know it. */
export function contactWords(language: string): ContactWords {
  return BY_LANGUAGE.get(primaryLanguage(language)) ?? ENGLISH;
}
