/**
 * How many short messages a text takes: 160 characters of the GSM alphabet fit one, or 70 of any other (3GPP TS 23.038,
 * 23.040). A text that takes several costs as many.
 */

const ONE_GSM = 160;
const ONE_OTHER = 70;
/** In one of several, a header takes room. */
const PART_GSM = 153;
const PART_OTHER = 67;

const GSM =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
/** Each of these takes two places. */
const GSM_EXTENSION = '\f^{}\\[~]|€';

export interface SmsLength {
  /** Characters that the text takes of {@link SmsLength.most}. */
  readonly characters: number;
  /** What fits one message. */
  readonly most: number;
  readonly messages: number;
}

export function smsLength(text: string): SmsLength {
  const all = [...text];
  const isGsm = all.every((character) => GSM.includes(character) || GSM_EXTENSION.includes(character));
  const [most, part] = isGsm ? [ONE_GSM, PART_GSM] : [ONE_OTHER, PART_OTHER];
  const places = all.map((character) => (isGsm ? (GSM.includes(character) ? 1 : 2) : character.length));
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
