/**
 * One element of a decoded message, the same whichever encoding it came in. A tree of these is what a feature reads
 * and builds; messages that nobody acts on never become one.
 */

export interface Element {
  readonly name: string;
  /** Only what stood on the element itself: namespaces, and extra attributes that some clients send on the root. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** A leaf's text with references resolved; for binary content its XML spelling. Empty when there are children. */
  readonly text: string;
}

/** Builds an element from its children, or from its text. Children that are undefined are left out. */
export function element(
  name: string,
  content: string | number | boolean | readonly (Element | undefined)[] = '',
): Element {
  if (Array.isArray(content)) {
    return { name, children: content.filter((child): child is Element => child !== undefined), text: '' };
  }
  const text = typeof content === 'boolean' ? (content ? 'T' : 'F') : String(content);
  return { name, children: [], text };
}

/** The first child of that name. */
export function child(parent: Element | undefined, name: string): Element | undefined {
  return parent?.children.find((candidate) => candidate.name === name);
}

/** All children of that name, in order. */
export function children(parent: Element | undefined, name: string): readonly Element[] {
  return parent === undefined ? [] : parent.children.filter((candidate) => candidate.name === name);
}

/** The element at the end of a path of names, each the first child of its name. */
export function descendant(parent: Element | undefined, ...path: readonly string[]): Element | undefined {
  let found = parent;
  for (const name of path) found = child(found, name);
  return found;
}

/**
 * The text of the first child of that name, outer blanks removed (COMPAT Baraza: its leaf text stands between line
 * feeds [P17]); undefined when there is no such child.
 */
export function childText(parent: Element | undefined, name: string): string | undefined {
  return child(parent, name)?.text.trim();
}

/** The texts of all children of that name, outer blanks removed, in order. */
export function childTexts(parent: Element | undefined, name: string): readonly string[] {
  return children(parent, name).map(({ text }) => text.trim());
}

/** The number in the first child of that name; undefined when there is none, or its text is no whole number from 0. */
export function childInteger(parent: Element | undefined, name: string): number | undefined {
  const text = childText(parent, name);
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** The same element with its namespace declared on it. */
export function inNamespace(original: Element, xmlns: string): Element {
  return { ...original, attributes: { ...original.attributes, xmlns } };
}

/** The same element with its children replaced. */
export function withChildren(original: Element, replacement: readonly Element[]): Element {
  return { ...original, children: replacement, text: '' };
}

/** The same element without its children of that name. */
export function withoutChild(original: Element, name: string): Element {
  return withChildren(
    original,
    original.children.filter((candidate) => candidate.name !== name),
  );
}
