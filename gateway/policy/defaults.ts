/**
 * What holds where a policy says nothing. policies/README.md lists these for operators.
 */
import type { PresenceAttribute } from '../csp/presence-attributes.ts';
import type { Ruling, Texts } from './model.ts';

export const DEFAULT_LEVEL_NAME = 'full';
export const DEFAULT_ORDER = 100;
export const DEFAULT_TIMEOUT_MILLIS = 120_000;
export const DEFAULT_RESEND = 3;

const UNANSWERED: Texts = new Map([
  ['en', 'No answer was received in time. Log in again to be asked once more.'],
  ['sv', 'Inget svar kom i tid. Logga in igen för att få frågan på nytt.'],
]);

const CANNOT_ASK: Texts = new Map([
  ['en', 'A question must be answered before you log in, and this phone cannot show it. Please ask your operator.'],
  ['sv', 'En fråga måste besvaras före inloggningen, och telefonen kan inte visa den. Kontakta din operatör.'],
]);

export const DEFAULT_ON_TIMEOUT: Ruling = { kind: 'deny', texts: UNANSWERED };
export const DEFAULT_WITHOUT_SYSTEM_MESSAGES: Ruling = { kind: 'deny', texts: CANNOT_ASK };

export const DEFAULT_RESEND_EVERY = '5m';
export const DEFAULT_RESEND_TIMES = 3;
export const DEFAULT_EXPIRES = '24h';

/** The id of the option that every help message ends with. */
export const NO_MORE_HELP = 'no-more-help';
export const NO_MORE_HELP_TEXT: Readonly<Record<string, string>> = {
  en: 'Do not show any more help messages',
  sv: 'Visa inga fler hjälpmeddelanden',
  de: 'Keine Hilfenachrichten mehr anzeigen',
};

/** What `presence-exposed` looks for where a policy names none: location, address and contact attributes. */
export const SENSITIVE_ATTRIBUTES: readonly PresenceAttribute[] = [
  'GeoLocation',
  'FreeTextLocation',
  'Address',
  'PreferredContacts',
  'ContactInfo',
];

/** What is kept for one recipient who is away. */
export const DEFAULT_KEEP = { messages: 100, bytes: '256KiB', for: '7d' } as const;
/** By which statuses a VASP says that a recipient is not there: 533, not logged in; 410, gone. */
export const DEFAULT_STORE_ON: readonly number[] = [533, 410];
export const DEFAULT_AT_MOST_EVERY = '30m';
