/** What the gateway says on the self-care page; {@link ./words.ts} has what all pages say. */
import { type Words, wordsFor } from './words.ts';

/** `{number}` and `{of}` are numbers, `{date}` is a day in words. */
export interface SelfCareWords {
  readonly title: string;
  readonly isOn: string;
  readonly isOff: string;
  readonly turnOn: string;
  readonly turnOff: string;
  readonly turnedOn: string;
  readonly turnedOff: string;
  readonly inbox: string;
  readonly inboxIsEmpty: string;
  readonly numbered: string;
  readonly answers: string;
  readonly remove: string;
  readonly removed: string;
  readonly howToAnswer: string;
  readonly goOn: string;
  readonly newAddress: string;
}

const ENGLISH: SelfCareWords = {
  title: 'Help messages',
  isOn: 'Help messages are on: you get them while you are logged in.',
  isOff: 'Help messages are off: you do not get them, and they are kept here for a while.',
  turnOn: 'Turn help messages on',
  turnOff: 'Turn help messages off',
  turnedOn: 'Help messages have been turned on.',
  turnedOff: 'Help messages have been turned off.',
  inbox: 'Kept messages',
  inboxIsEmpty: 'There are no kept messages.',
  numbered: 'Message {number} of {of}, {date}',
  answers: 'Possible answers:',
  remove: 'Remove message {number}',
  removed: 'The message has been removed.',
  howToAnswer: 'To answer a kept message, write "inbox" to the service contact on your phone.',
  goOn: 'Back to the page',
  newAddress: 'Write "help" to the service contact on your phone. You will get a new address.',
};

const SWEDISH: SelfCareWords = {
  title: 'Hjälpmeddelanden',
  isOn: 'Hjälpmeddelanden är på: du får dem när du är inloggad.',
  isOff: 'Hjälpmeddelanden är av: du får dem inte, och de sparas här en tid.',
  turnOn: 'Sätt på hjälpmeddelanden',
  turnOff: 'Stäng av hjälpmeddelanden',
  turnedOn: 'Hjälpmeddelanden är nu på.',
  turnedOff: 'Hjälpmeddelanden är nu av.',
  inbox: 'Sparade meddelanden',
  inboxIsEmpty: 'Det finns inga sparade meddelanden.',
  numbered: 'Meddelande {number} av {of}, {date}',
  answers: 'Möjliga svar:',
  remove: 'Ta bort meddelande {number}',
  removed: 'Meddelandet är borttaget.',
  howToAnswer: 'Skriv ”inkorg” till tjänstens kontakt på telefonen för att svara på ett sparat meddelande.',
  goOn: 'Tillbaka till sidan',
  newAddress: 'Skriv ”hjälp” till tjänstens kontakt på telefonen. Då får du en ny adress.',
};

const GERMAN: SelfCareWords = {
  title: 'Hilfenachrichten',
  isOn: 'Hilfenachrichten sind an: Sie erhalten sie, während Sie angemeldet sind.',
  isOff: 'Hilfenachrichten sind aus: Sie erhalten sie nicht, und sie werden hier eine Zeit lang aufbewahrt.',
  turnOn: 'Hilfenachrichten einschalten',
  turnOff: 'Hilfenachrichten ausschalten',
  turnedOn: 'Hilfenachrichten sind jetzt an.',
  turnedOff: 'Hilfenachrichten sind jetzt aus.',
  inbox: 'Aufbewahrte Nachrichten',
  inboxIsEmpty: 'Es sind keine Nachrichten aufbewahrt.',
  numbered: 'Nachricht {number} von {of}, {date}',
  answers: 'Mögliche Antworten:',
  remove: 'Nachricht {number} entfernen',
  removed: 'Die Nachricht ist entfernt.',
  howToAnswer:
    'Um eine aufbewahrte Nachricht zu beantworten, schreiben Sie auf dem Telefon „Posteingang“ an den Kontakt des Dienstes.',
  goOn: 'Zurück zur Seite',
  newAddress: 'Schreiben Sie auf dem Telefon „Hilfe“ an den Kontakt des Dienstes. Sie erhalten eine neue Adresse.',
};

export const SELF_CARE_WORDS: Readonly<Record<string, SelfCareWords>> = { en: ENGLISH, sv: SWEDISH, de: GERMAN };

/** Those of all pages and of this one, in the first of these languages that there are both in. */
export function selfCareWordsFor(languages: readonly string[]): { readonly all: Words; readonly own: SelfCareWords } {
  const all = wordsFor(languages);
  return { all, own: SELF_CARE_WORDS[all.language] ?? ENGLISH };
}
