/**
 * The XML of transcripts: primitives without namespaces, in which `{name}` stands for a text that is captured where it is
 * first seen and compared from then on, and `{any}` for any text or any run of elements.
 */
import { type Element, element } from '../../gateway/csp/element.ts';

export type Pattern = { readonly any: true } | { readonly any?: undefined; readonly element: PatternElement };

export interface PatternElement {
  readonly name: string;
  /** Elements and `{any}`s in order; empty for a leaf. */
  readonly content: readonly Pattern[];
  readonly text: string;
}

export type Captures = ReadonlyMap<string, string>;

export type Match = { readonly ok: true; readonly captures: Captures } | { readonly ok: false; readonly fault: string };

const PLACEHOLDER = /\{([A-Za-z][\w.-]*)\}/;

/** @throws {Error} for text that is no such XML. */
export function parsePatterns(xml: string): readonly Pattern[] {
  const tokens = xml.match(/<[^>]*>|[^<]+/g) ?? [];
  const stack: { name: string; content: Pattern[]; text: string }[] = [{ name: '', content: [], text: '' }];
  for (const token of tokens) {
    const top = stack.at(-1);
    if (top === undefined) break;
    if (!token.startsWith('<')) {
      top.text += unescaped(token);
    } else if (token.startsWith('</')) {
      stack.pop();
      if (`</${top.name}>` !== token) throw new Error(`${token} does not close <${top.name}>`);
      stack.at(-1)?.content.push(closed(top));
    } else {
      const name = /^<([\w-]+)(\/?)>$/.exec(token);
      if (name === null) throw new Error(`${token} is no tag that transcripts know`);
      takeAny(top);
      if (name[2] === '/') top.content.push({ element: { name: name[1] ?? '', content: [], text: '' } });
      else stack.push({ name: name[1] ?? '', content: [], text: '' });
    }
  }
  const [root] = stack;
  if (root === undefined || stack.length > 1) throw new Error(`<${stack.at(-1)?.name}> is not closed`);
  takeAny(root);
  return root.content;
}

/** Between elements there may be blanks and `{any}`, nothing else. */
function takeAny(open: { content: Pattern[]; text: string }): void {
  const text = open.text.trim();
  open.text = '';
  if (text === '') return;
  if (text !== '{any}') throw new Error(`"${text}" stands between elements`);
  open.content.push({ any: true });
}

function closed(open: { name: string; content: Pattern[]; text: string }): Pattern {
  const isLeaf = open.content.length === 0;
  if (!isLeaf) takeAny(open);
  return { element: { name: open.name, content: open.content, text: isLeaf ? open.text.trim() : '' } };
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** The elements that a block of a transcript stands for, every `{name}` filled in. */
export function instantiate(patterns: readonly Pattern[], captures: Captures): readonly Element[] {
  return patterns.map((pattern) => {
    if (pattern.any) throw new Error('{any} cannot be sent');
    const { name, content, text } = pattern.element;
    return content.length > 0 ? element(name, instantiate(content, captures)) : element(name, filled(text, captures));
  });
}

export function filled(text: string, captures: Captures): string {
  return text.replace(new RegExp(PLACEHOLDER, 'g'), (_, name: string) => {
    const value = captures.get(name);
    if (value === undefined) throw new Error(`nothing was captured as {${name}}`);
    return value;
  });
}

export function matchAll(
  patterns: readonly Pattern[],
  elements: readonly Element[],
  captures: Captures,
  at = '',
): Match {
  const [first, ...rest] = patterns;
  if (first === undefined) {
    const [extra] = elements;
    return extra === undefined ? { ok: true, captures } : { ok: false, fault: `${at}/${extra.name}: not expected` };
  }
  if (first.any) {
    let last: Match = { ok: false, fault: '' };
    for (let skipped = 0; skipped <= elements.length; skipped++) {
      last = matchAll(rest, elements.slice(skipped), captures, at);
      if (last.ok) return last;
    }
    return last;
  }
  const [candidate, ...others] = elements;
  if (candidate === undefined) return { ok: false, fault: `${at}/${first.element.name}: missing` };
  const matched = matchElement(first.element, candidate, captures, at);
  return matched.ok ? matchAll(rest, others, matched.captures, at) : matched;
}

function matchElement(pattern: PatternElement, found: Element, captures: Captures, at: string): Match {
  if (pattern.name !== found.name) return { ok: false, fault: `${at}/${found.name}: expected ${pattern.name}` };
  const path = `${at}/${found.name}`;
  if (pattern.content.length > 0) return matchAll(pattern.content, found.children, captures, path);
  if (pattern.text === '{any}') return { ok: true, captures };
  if (found.children.length > 0) return { ok: false, fault: `${path}: expected "${pattern.text}", got elements` };
  return matchText(pattern.text, found.text.trim(), captures, path);
}

export function matchText(pattern: string, text: string, captures: Captures, at: string): Match {
  const names: string[] = [];
  const source = pattern.split(PLACEHOLDER).map((part, index) => {
    if (index % 2 === 0) return literal(part);
    const known = captures.get(part);
    if (known !== undefined) return literal(known);
    if (part === 'any') return '[^]*';
    names.push(part);
    return '([^]+?)';
  });
  const match = new RegExp(`^${source.join('')}$`).exec(text);
  if (match === null) return { ok: false, fault: `${at}: expected "${pattern}", got "${text}"` };
  return { ok: true, captures: new Map([...captures, ...names.map((name, i) => [name, match[i + 1] ?? ''] as const)]) };
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** Elements as a reader of a failed transcript sees them. */
export function shown(elements: readonly Element[], indent = '    '): string {
  return elements
    .map(({ name, children, text }) =>
      children.length === 0
        ? `${indent}<${name}>${text}</${name}>`
        : `${indent}<${name}>\n${shown(children, `${indent}  `)}\n${indent}</${name}>`,
    )
    .join('\n');
}
