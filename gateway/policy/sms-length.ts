/**
 * How many short messages a text takes: 160 characters of the GSM alphabet fit one, or 70 of any other. A text that takes
 * several costs as many.
 */
import { alphabetOf, PLACES, placesOf } from './sms-alphabet.ts';

export interface SmsLength {
  /** Characters that the text takes of {@link SmsLength.most}. */
  readonly characters: number;
  /** What fits one message. */
  readonly most: number;
  readonly messages: number;
}

export function smsLength(text: string): SmsLength {
  const alphabet = alphabetOf(text);
  const { one: most, part } = PLACES[alphabet];
  const places = [...text].map((character) => placesOf(character, alphabet));
  const characters = places.reduce((sum, taken) => sum + taken, 0);
  return { characters, most, messages: characters <= most ? 1 : partsOf(places, part) };
}

/** No part ends within a character. */
function partsOf(places: readonly number[], most: number): number {
  let parts = 1;
  let inPart = 0;
  for (const taken of places) {
    if (inPart + taken > most) {
      parts++;
      inPart = 0;
    }
    inPart += taken;
  }
  return parts;
}
