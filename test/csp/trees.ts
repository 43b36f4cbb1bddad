/** What the codec's tests share: files of the corpora, and trees in a form that shows a difference in one line. */
import { readFileSync } from 'node:fs';
import type { Element } from '../../gateway/csp/element.ts';

/** The octets of an annotated hex file: pairs of digits, comments from a number sign to the end of the line. */
export function readHexFile(path: string | URL): Buffer {
  const digits = readFileSync(path, 'utf8').replace(/#.*/g, '').replace(/\s+/g, '');
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(digits)) throw new Error(`${path} holds more than pairs of hexadecimal digits`);
  return Buffer.from(digits, 'hex');
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ''), 'hex');
}

/** One line an element, with its path, attributes and text. */
export function lines(element: Element, path = ''): string[] {
  const here = `${path}/${element.name}`;
  const attributes = Object.entries(element.attributes ?? {}).map(([name, value]) => ` ${name}=${value}`);
  const line = `${here}${attributes.join('')}${element.text === '' ? '' : `: ${element.text}`}`;
  return [line, ...element.children.flatMap((child) => lines(child, here))];
}

/** The same tree without attributes. */
export function withoutAttributes({ name, children, text }: Element): Element {
  return { name, children: children.map(withoutAttributes), text };
}
