/** Policies of tests that send users to the page: a price, terms, and a word to type. */
import type { PolicyFile } from '../../gateway/policy/model.ts';
import { LEVELS } from '../main/running.ts';

const ASK_ON_PAGE = `withoutSystemMessages:
  deny: { en: "Accept first: {consentUrl}", sv: "Acceptera först: {consentUrl}", de: "Erst annehmen: {consentUrl}" }
`;

export const PRICE = `kind: off-line-service
id: price
version: 1
purpose: advice-of-charge
order: 10
message:
  en: "Each message costs 0.10 EUR. Do you accept?"
  sv: "Varje meddelande kostar 0,10 EUR. Accepterar du?"
  de: "Jede Nachricht kostet 0,10 EUR. Einverstanden?"
options:
  - { id: accept, text: { en: Accept, sv: Acceptera, de: Annehmen }, grant: full }
  - { id: presence, text: { en: Presence only, sv: Bara status, de: Nur Status }, grant: presence-only }
  - id: decline
    text: { en: Decline, sv: Avböj, de: Ablehnen }
    deny: { en: "You declined the charge.", sv: "Du avböjde avgiften.", de: "Sie haben abgelehnt." }
timeout: 2m
${ASK_ON_PAGE}`;

export const TERMS = `kind: off-line-service
id: terms
version: 1
purpose: terms
order: 20
message: { en: "Do you agree to the terms?", sv: "Godkänner du villkoren?", de: "Stimmen Sie den Bedingungen zu?" }
options:
  - { id: agree, text: { en: I agree, sv: Jag godkänner, de: Ich stimme zu }, grant: full }
  - { id: refuse, text: { en: I do not, sv: Jag avstår, de: Nein }, deny: { en: No terms., sv: Inga villkor., de: Nein. } }
timeout: 2m
${ASK_ON_PAGE}`;

/** A word that Latin-1 and UTF-8 spell differently. */
export const VERIFIED = PRICE.replace(
  'timeout:',
  'verification: { inText: { en: Type GRÖN., sv: Skriv GRÖN., de: Schreiben Sie GRÖN. }, key: grön }\ntimeout:',
);
export const WORD = PRICE.replace('timeout:', 'verification: { url: true, key: random }\ntimeout:');
export const NOTICE = `kind: off-line-service
id: notice
version: 1
purpose: notice
message:
  en: "Hello {user}. <b>Line one</b> & more\\nLine two"
  ar: "مرحبا"
  fi: "Hei {user}."
withoutSystemMessages: { deny: { en: "Read this: {consentUrl}" } }
`;

export const filesOf = (...policies: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries([LEVELS, ...policies].map((text, index) => [`${index}.yaml`, text]));

export const policiesOf = (...policies: readonly string[]): readonly PolicyFile[] =>
  Object.entries(filesOf(...policies)).map(([path, text]) => ({ path, text }));
