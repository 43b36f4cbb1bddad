/**
 * A browser of 2005, as far as the gateway's pages need one: reads a page as strict XML, knows its text, links and form,
 * and sends the form as it was filled in. No scripts, no style sheets, no cookies. Names of fields come from the page.
 */
import { SaxesParser } from 'saxes';

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly checked: boolean;
  /** What its label says; a button's own words. */
  readonly label: string;
  readonly describedBy: string | undefined;
}

export interface OldPage {
  readonly language: string;
  readonly direction: string;
  readonly title: string;
  readonly heading: string;
  /** Everything in the body, blanks folded. */
  readonly text: string;
  readonly fields: readonly Field[];
  /** As written; undefined without a form. */
  readonly action: string | undefined;
  readonly links: readonly { readonly href: string; readonly text: string }[];
  /** Texts by id. */
  readonly byId: ReadonlyMap<string, string>;
}

export interface Filling {
  /** Words of the button to press. */
  readonly press: string;
  /** Words of the radio buttons to choose, in the order of the questions; empty for none. */
  readonly choose?: readonly string[];
  /** What to type into the text fields, in order. */
  readonly type?: readonly string[];
}

interface Open {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
}

/** @throws {Error} when the page is not well-formed XML. */
export function readPage(html: string): OldPage {
  const parser = new SaxesParser();
  const open: Open[] = [];
  const fields: (Omit<Field, 'label'> & { readonly id: string; readonly words: string | undefined })[] = [];
  const labels = new Map<string, string>();
  const links: { href: string; text: string }[] = [];
  const byId = new Map<string, string>();
  const found = { language: '', direction: '', title: '', heading: '', body: '', action: '' };
  parser.on('error', (error) => {
    throw new Error(`the page is no XML: ${error.message}`);
  });
  parser.on('opentag', ({ name, attributes }) => {
    open.push({ name, attributes, text: '' });
    if (name === 'br') for (const one of open) one.text += '\n';
    if (name === 'html') {
      found.language = attributes.lang ?? '';
      found.direction = attributes.dir ?? '';
    }
    if (name === 'form') found.action = attributes.action ?? '';
    if (name === 'input') {
      const { type = 'text', value = '' } = attributes;
      fields.push({
        name: attributes.name ?? '',
        type,
        value,
        checked: attributes.checked !== undefined,
        id: attributes.id ?? '',
        words: type === 'submit' ? value : undefined,
        describedBy: attributes['aria-describedby'],
      });
      if (type === 'submit') for (const one of open) one.text += ` [${value}] `;
    }
  });
  parser.on('text', (text) => {
    for (const one of open) one.text += text;
  });
  parser.on('closetag', () => {
    const { name, attributes, text } = open.pop() ?? { name: '', attributes: {}, text: '' };
    const folded = text.replace(/\s+/g, ' ').trim();
    if (name === 'title') found.title = folded;
    if (name === 'h1') found.heading = folded;
    if (name === 'body') found.body = folded;
    if (name === 'label') labels.set(attributes.for ?? '', folded);
    if (name === 'a') links.push({ href: attributes.href ?? '', text: folded });
    if (attributes.id !== undefined) byId.set(attributes.id, folded);
  });
  parser.write(html).close();
  return {
    language: found.language,
    direction: found.direction,
    title: found.title,
    heading: found.heading,
    text: found.body,
    fields: fields.map(({ id, words, ...field }) => ({ ...field, label: words ?? labels.get(id) ?? '' })),
    action: found.action === '' ? undefined : found.action,
    links,
    byId,
  };
}

/** The body that pressing a button sends. @throws {Error} when the page has no such button or choice. */
export function filledForm(page: OldPage, { press, choose = [], type = [] }: Filling): string {
  const button = page.fields.find((field) => field.type === 'submit' && field.label === press);
  if (button === undefined) throw new Error(`no button "${press}" on the page: ${page.text}`);
  const groups = [...new Set(page.fields.filter((field) => field.type === 'radio').map(({ name }) => name))];
  const chosen = groups.map((name, index) => {
    const label = choose[index];
    const radios = page.fields.filter((field) => field.name === name);
    const radio = radios.find((field) => (label === undefined || label === '' ? field.checked : field.label === label));
    if (radio === undefined && label !== undefined && label !== '')
      throw new Error(`no choice "${label}": ${page.text}`);
    return radio;
  });
  let typed = 0;
  const pairs = page.fields.flatMap((field): [string, string][] => {
    if (field.type === 'text') return [[field.name, type[typed++] ?? field.value]];
    const isSent = field.type === 'hidden' || field === button || chosen.includes(field);
    return isSent ? [[field.name, field.value]] : [];
  });
  return new URLSearchParams(pairs).toString();
}
