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
  let places = 0;
  for (const character of text) {
    if (GSM.includes(character)) places += 1;
    else if (GSM_EXTENSION.includes(character)) places += 2;
    else return lengthOf(text.length, ONE_OTHER, PART_OTHER);
  }
  return lengthOf(places, ONE_GSM, PART_GSM);
}

const lengthOf = (characters: number, most: number, part: number): SmsLength => ({
  characters,
  most,
  messages: characters <= most ? 1 : Math.ceil(characters / part),
});
