/**
 * Content that is not spelled the same in octets and in text: integers, packed dates, and the binary content of messages.
 * The tree holds the XML spelling; here it is made from octets and back.
 */
import type { Element } from '../element.ts';
import { isXmlCharacter, sequenceLength } from '../utf8.ts';

/** The decimal text of an integer of up to four octets, no octets meaning 0; undefined when there are more. */
export function integerText(octets: Uint8Array): string | undefined {
  if (octets.length > 4) return undefined;
  let value = 0;
  for (const octet of octets) value = value * 256 + octet;
  return String(value);
}

/** The integer that a text spells exactly, blanks around it aside; undefined when it is none or has more than 32 bits. */
export function integerOfText(text: string): number | undefined {
  if (!/^\s*(?:0|[1-9]\d{0,9})\s*$/.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffffffff ? value : undefined;
}

/**
 * The ISO 8601 basic text of a date of six octets: 2 bits unused, year 12, month 4, day 5, hour 5, minute 6, second 6, zone 8.
 * Numbers are not judged (COMPAT Baraza: its months are wrong [P17]). Undefined when the zone is neither a letter nor 0,
 * which means that none is given.
 */
export function dateTimeText(octets: Uint8Array): string | undefined {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, zone = 0] = octets;
  if (zone !== 0 && (zone < 0x41 || zone > 0x5a)) return undefined;
  const digits = (value: number, width = 2) => String(value).padStart(width, '0');
  const year = ((b0 & 0x3f) << 6) | (b1 >> 2);
  const month = ((b1 & 0x03) << 2) | (b2 >> 6);
  const day = (b2 >> 1) & 0x1f;
  const hour = ((b2 & 0x01) << 4) | (b3 >> 4);
  const minute = ((b3 & 0x0f) << 2) | (b4 >> 6);
  const second = b4 & 0x3f;
  const date = digits(year, 4) + digits(month) + digits(day);
  return `${date}T${digits(hour)}${digits(minute)}${digits(second)}${zone === 0 ? '' : String.fromCharCode(zone)}`;
}

/** An element while its document is being read. */
export interface ElementInProgress {
  name: string;
  attributes?: Record<string, string>;
  children: ElementInProgress[] | readonly never[];
  text: string;
}

/**
 * Spells the octets of a ContentData element: as BASE64 when the ContentEncoding beside it, or in the MessageInfo beside
 * it, says so; else as the text that they are. Octets that are no text come out as BASE64 all the same, and
 * ContentEncoding is made to say so (COMPAT Baraza: sends decoded content with encoding None [P17]).
 */
export function spellContent(parent: ElementInProgress, content: ElementInProgress, octets: Buffer): void {
  const messageInfo = find(parent, 'MessageInfo');
  const encoding = find(parent, 'ContentEncoding') ?? (messageInfo && find(messageInfo, 'ContentEncoding'));
  const isBase64 = encoding !== undefined && encoding.text.trim().toUpperCase() === 'BASE64';
  if (!isBase64 && isXmlText(octets)) {
    content.text = octets.toString('utf8');
    return;
  }
  content.text = octets.toString('base64');
  if (isBase64) return;
  if (encoding !== undefined) encoding.text = 'BASE64';
  else insertEncoding(messageInfo ?? parent);
}

/** Puts ContentEncoding where the content models have it: after ContentType [P4.2, P4.4]. */
function insertEncoding(holder: ElementInProgress): void {
  const encoding: ElementInProgress = { name: 'ContentEncoding', children: [], text: 'BASE64' };
  const afterType = holder.children.findIndex((candidate: Element) => candidate.name === 'ContentType') + 1;
  holder.children = [...holder.children.slice(0, afterType), encoding, ...holder.children.slice(afterType)];
}

function find(parent: ElementInProgress, name: string): ElementInProgress | undefined {
  return (parent.children as readonly ElementInProgress[]).find((candidate) => candidate.name === name);
}

/** Whether octets are UTF-8 made of characters that XML allows. */
function isXmlText(octets: Uint8Array): boolean {
  for (let at = 0; at < octets.length; ) {
    const byte = octets[at] as number;
    const length = byte < 0x80 ? Number(isXmlCharacter(byte)) : sequenceLength(octets, at, octets.length);
    if (length <= 0) return false;
    at += length;
  }
  return true;
}
