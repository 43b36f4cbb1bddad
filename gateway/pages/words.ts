/**
 * What the gateway itself says on its pages, around the policies' texts. A language is added by adding a table; whoever
 * reads none of them gets English.
 */
import { primaryLanguage } from '../policy/text.ts';

/** `{time}` is a stretch of time such as `2 minutes`; `{number}` and `{of}` are numbers. */
export interface Words {
  /** Tag of the language. */
  readonly language: string;
  readonly beforeLogin: string;
  readonly numbered: string;
  readonly yourAnswer: string;
  readonly timeLeft: string;
  readonly send: string;
  readonly confirm: string;
  readonly theWordIs: string;
  readonly typeTheWord: string;
  readonly missing: string;
  readonly choose: string;
  readonly wordMissing: string;
  readonly wrongWord: string;
  readonly lookAgain: string;
  readonly youChose: string;
  readonly youConfirmed: string;
  readonly accepted: string;
  readonly acceptedNext: string;
  readonly declined: string;
  readonly declinedNext: string;
  readonly late: string;
  readonly used: string;
  readonly usedNext: string;
  readonly tooMany: string;
  readonly tooManyNext: string;
  readonly unknown: string;
  readonly unknownNext: string;
  readonly logInAgain: string;
  readonly yourWord: string;
  readonly wordNext: string;
  readonly notUnderstood: string;
  readonly tooLarge: string;
  readonly openAgain: string;
  readonly busy: string;
  readonly failed: string;
  readonly tryLater: string;
  readonly otherLanguages: string;
}

const ENGLISH: Words = {
  language: 'en',
  beforeLogin: 'Before you log in',
  numbered: 'Question {number} of {of}',
  yourAnswer: 'Your answer',
  timeLeft: 'You have {time} left to answer.',
  send: 'Send answers',
  confirm: 'Confirm',
  theWordIs: 'The word is:',
  typeTheWord: 'Type the word here',
  missing: 'An answer is missing',
  choose: 'Please choose one of these.',
  wordMissing: 'Please type the word.',
  wrongWord: 'That was not the word',
  lookAgain: 'This word is not right. Please look again.',
  youChose: 'You chose:',
  youConfirmed: 'You confirmed this.',
  accepted: 'Your answer has been taken',
  acceptedNext: 'Now log in again on your phone. You have {time} left to do so.',
  declined: 'You declined',
  declinedNext: 'Your next login will be refused. Log in once more after that, and you will be asked again.',
  late: 'This address is too old',
  used: 'These questions have been answered',
  usedNext: 'The answers were used for a login. There is nothing left to do here.',
  tooMany: 'Too many wrong answers',
  tooManyNext: 'Wait {time}, then log in again on your phone. You will get a new address.',
  unknown: 'There is nothing at this address',
  unknownNext: 'Perhaps it was not copied whole, or it is no longer valid.',
  logInAgain: 'Log in again on your phone. If there is something to answer, you will get a new address.',
  yourWord: 'Your word',
  wordNext: 'Go back to the question on your phone and type the word there.',
  notUnderstood: 'The answer could not be read',
  tooLarge: 'The answer was too long',
  openAgain: 'Open the address again and use the buttons on the page.',
  busy: 'Too many people are answering just now',
  failed: 'Something went wrong here',
  tryLater: 'Please try again in a minute.',
  otherLanguages: 'Other languages:',
};

const SWEDISH: Words = {
  language: 'sv',
  beforeLogin: 'Innan du loggar in',
  numbered: 'Fråga {number} av {of}',
  yourAnswer: 'Ditt svar',
  timeLeft: 'Du har {time} kvar att svara.',
  send: 'Skicka svaren',
  confirm: 'Bekräfta',
  theWordIs: 'Ordet är:',
  typeTheWord: 'Skriv ordet här',
  missing: 'Ett svar saknas',
  choose: 'Välj ett av dessa.',
  wordMissing: 'Skriv ordet.',
  wrongWord: 'Det var inte ordet',
  lookAgain: 'Ordet stämmer inte. Titta en gång till.',
  youChose: 'Du valde:',
  youConfirmed: 'Du har bekräftat detta.',
  accepted: 'Ditt svar är mottaget',
  acceptedNext: 'Logga nu in igen på telefonen. Du har {time} kvar på dig.',
  declined: 'Du tackade nej',
  declinedNext: 'Nästa inloggning nekas. Logga sedan in en gång till, så får du frågan igen.',
  late: 'Adressen är för gammal',
  used: 'Frågorna är besvarade',
  usedNext: 'Svaren har använts till en inloggning. Här finns inget mer att göra.',
  tooMany: 'För många felaktiga svar',
  tooManyNext: 'Vänta {time} och logga sedan in igen på telefonen. Då får du en ny adress.',
  unknown: 'Det finns inget på denna adress',
  unknownNext: 'Kanske kom inte hela adressen med, eller så gäller den inte längre.',
  logInAgain: 'Logga in igen på telefonen. Om det finns något att svara på får du en ny adress.',
  yourWord: 'Ditt ord',
  wordNext: 'Gå tillbaka till frågan på telefonen och skriv ordet där.',
  notUnderstood: 'Svaret gick inte att läsa',
  tooLarge: 'Svaret var för långt',
  openAgain: 'Öppna adressen igen och använd knapparna på sidan.',
  busy: 'Just nu svarar för många samtidigt',
  failed: 'Något gick fel här',
  tryLater: 'Försök igen om en minut.',
  otherLanguages: 'Andra språk:',
};

const GERMAN: Words = {
  language: 'de',
  beforeLogin: 'Bevor Sie sich anmelden',
  numbered: 'Frage {number} von {of}',
  yourAnswer: 'Ihre Antwort',
  timeLeft: 'Zum Antworten bleiben {time}.',
  send: 'Antworten senden',
  confirm: 'Bestätigen',
  theWordIs: 'Das Wort lautet:',
  typeTheWord: 'Geben Sie das Wort hier ein',
  missing: 'Eine Antwort fehlt',
  choose: 'Bitte wählen Sie eine dieser Antworten.',
  wordMissing: 'Bitte geben Sie das Wort ein.',
  wrongWord: 'Das war nicht das Wort',
  lookAgain: 'Dieses Wort stimmt nicht. Bitte sehen Sie noch einmal nach.',
  youChose: 'Sie haben gewählt:',
  youConfirmed: 'Sie haben dies bestätigt.',
  accepted: 'Ihre Antwort ist angekommen',
  acceptedNext: 'Melden Sie sich jetzt auf dem Telefon erneut an. Dafür bleiben {time}.',
  declined: 'Sie haben abgelehnt',
  declinedNext:
    'Die nächste Anmeldung wird abgewiesen. Melden Sie sich danach noch einmal an, dann werden Sie erneut gefragt.',
  late: 'Diese Adresse ist zu alt',
  used: 'Diese Fragen sind beantwortet',
  usedNext: 'Die Antworten wurden für eine Anmeldung verwendet. Hier ist nichts mehr zu tun.',
  tooMany: 'Zu viele falsche Antworten',
  tooManyNext: 'Wartezeit: {time}. Melden Sie sich dann auf dem Telefon erneut an; Sie erhalten eine neue Adresse.',
  unknown: 'Unter dieser Adresse ist nichts',
  unknownNext: 'Vielleicht wurde sie nicht ganz übernommen, oder sie gilt nicht mehr.',
  logInAgain:
    'Melden Sie sich auf dem Telefon erneut an. Gibt es etwas zu beantworten, erhalten Sie eine neue Adresse.',
  yourWord: 'Ihr Wort',
  wordNext: 'Gehen Sie zurück zur Frage auf dem Telefon und geben Sie das Wort dort ein.',
  notUnderstood: 'Die Antwort war nicht zu lesen',
  tooLarge: 'Die Antwort war zu lang',
  openAgain: 'Öffnen Sie die Adresse erneut und benutzen Sie die Knöpfe auf der Seite.',
  busy: 'Gerade antworten zu viele zugleich',
  failed: 'Hier ist etwas schiefgegangen',
  tryLater: 'Bitte versuchen Sie es in einer Minute noch einmal.',
  otherLanguages: 'Andere Sprachen:',
};

export const WORD_TABLES: readonly Words[] = [ENGLISH, SWEDISH, GERMAN];

/** The words in the first of these languages that there are any in. `languages` best first, as tags. */
export function wordsFor(languages: readonly string[]): Words {
  for (const language of languages) {
    const words = WORD_TABLES.find((table) => table.language === primaryLanguage(language));
    if (words !== undefined) return words;
  }
  return ENGLISH;
}

/** Puts numbers and times into one of the texts. */
export function filledWith(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

const UNITS = [
  { unit: 'day', millis: 86_400_000 },
  { unit: 'hour', millis: 3_600_000 },
  { unit: 'minute', millis: 60_000 },
  { unit: 'second', millis: 1000 },
] as const;

/**
 * A stretch of time in words, in the largest unit of which there are at least two.
 * @param round down for time that is left, up for time to wait
 */
export function timeInWords({ language }: Words, millis: number, round: 'down' | 'up'): string {
  const { unit, millis: one } = UNITS.find((candidate) => millis >= 2 * candidate.millis) ?? UNITS[3];
  const count = Math.max(1, round === 'down' ? Math.floor(millis / one) : Math.ceil(millis / one));
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}
