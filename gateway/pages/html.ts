/**
 * HTML as text that cannot be broken by what is put in: every value is escaped unless it is HTML already. The documents
 * are XHTML-compatible and small, so that a phone's browser of 2005 and one of today show them alike; their one style
 * sheet stands inside and is allowed by its hash.
 */
import { createHash } from 'node:crypto';

/** A piece of finished HTML. Only {@link html} makes one. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = string | number | Html | readonly Html[] | undefined;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A template whose values are escaped; `undefined` leaves nothing, HTML and lists of HTML stay as they are. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.reduce((text, part, index) => text + asHtml(values[index - 1]) + part));
}

function asHtml(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  // What XML cannot hold would make the document unreadable to a strict browser.
  return String(value)
    .replace(/[^\t\n\r\x20-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A text of several lines. */
export function linesOf(text: string): Html {
  const [first = '', ...rest] = text.split(/\r\n|\r|\n/);
  return html`${first}${rest.map((line) => html`<br />${line}`)}`;
}

/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT = new Set(['Adlm', 'Arab', 'Hebr', 'Mand', 'Nkoo', 'Rohg', 'Samr', 'Syrc', 'Thaa']);

/** The attributes that name a text's language and its direction. */
export function languageAttributes(tag: string): Html {
  return html` lang="${tag}" xml:lang="${tag}" dir="${directionOf(tag)}"`;
}

function directionOf(tag: string): 'ltr' | 'rtl' {
  try {
    return RIGHT_TO_LEFT.has(new Intl.Locale(tag).maximize().script ?? '') ? 'rtl' : 'ltr';
  } catch {
    return 'ltr';
  }
}

/** Nothing in it needs escaping, so that browsers that read XML and those that read HTML see the same bytes. */
const STYLE = [
  'body{margin:0 auto;max-width:36em;padding:1em;font:100%/1.5 sans-serif;color:#111;background:#fff}',
  'h1{margin:0 0 .6em;font-size:1.4em;line-height:1.25}',
  'h2{margin:1.5em 0 .6em;font-size:1.15em;line-height:1.25}',
  'h1,h2,p,li,label,legend{overflow-wrap:anywhere}',
  'ul{margin:0 0 1em;padding:0 0 0 1.2em}',
  'p{margin:0 0 1em}',
  'fieldset{min-width:0;margin:0 0 1.5em;padding:.5em .8em;border:1px solid #767676}',
  '.c{display:block;padding:.7em 0}',
  '.b,.t{box-sizing:border-box;width:100%;min-height:3em;margin:0 0 .7em;padding:.5em;font:inherit;white-space:normal}',
  '.b,.t{color:#111;background:#f2f2f2;border:2px solid #595959;border-radius:.3em}',
  '.b{cursor:pointer;font-weight:bold}',
  '.b:focus,.t:focus,a:focus{outline:3px solid #1a5fb4;outline-offset:2px}',
  '.e{color:#a40e26;font-weight:bold}',
  '.w{font:bold 1.6em/1.5 monospace;letter-spacing:.15em}',
  '.l a{display:inline-block;padding:.7em .7em .7em 0;color:#0b57d0}',
  '@media (prefers-color-scheme:dark){body{color:#eee;background:#121212}fieldset{border-color:#8c8c8c}',
  '.b,.t{color:#eee;background:#2b2b2b;border-color:#a6a6a6}.e{color:#ffb4ab}.l a{color:#8ab4f8}}',
].join('');

/** What a page may load and do: its own style sheet, and its form to its own host. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A whole document. The title is the first heading too. */
export function documentOf(language: string, title: string, content: Html): Buffer {
  const document = html`<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml"${languageAttributes(language)}>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${title}</title>
<style type="text/css">${new Html(STYLE)}</style>
</head>
<body>
<div role="main">
<h1>${title}</h1>
${content}
</div>
</body>
</html>
`;
  return Buffer.from(document.text);
}
