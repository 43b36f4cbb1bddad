/** What may name an element or attribute, in either encoding: one rule, so that a name that is read can be written. */
import { isNameBeyondAscii, isNameStartBeyondAscii } from './utf8.ts';

/** Whether a text is an XML name [XML 1.0 §2.3, fifth edition]. */
export function isXmlName(text: string): boolean {
  if (/^[A-Za-z_:][\w:.-]*$/.test(text)) return true;
  let isFirst = true;
  for (const character of text) {
    const codePoint = character.codePointAt(0) as number;
    if (codePoint < 0x80 ? !(isFirst ? /[A-Za-z_:]/ : /[\w:.-]/).test(character) : !isNamePart(codePoint, isFirst)) {
      return false;
    }
    isFirst = false;
  }
  return !isFirst;
}

function isNamePart(codePoint: number, isFirst: boolean): boolean {
  return isFirst ? isNameStartBeyondAscii(codePoint) : isNameBeyondAscii(codePoint);
}
