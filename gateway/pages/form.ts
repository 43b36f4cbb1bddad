/**
 * The body of a form as browsers send it (application/x-www-form-urlencoded). Old phones send it in the page's charset or
 * in ISO 8859-1, whatever they were asked for: what is not UTF-8 is taken for the latter.
 */

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Fields in one form that are looked at. */
const MOST_FIELDS = 256;

/** A form's values by name, in order. */
export type Form = ReadonlyMap<string, readonly string[]>;

export function isForm(contentType: string): boolean {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() === FORM_TYPE;
}

export function readForm(body: Uint8Array): Form {
  const form = new Map<string, string[]>();
  for (const pair of Buffer.from(body).toString('latin1').split('&', MOST_FIELDS)) {
    const equals = pair.indexOf('=');
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decoded(pair.slice(equals + 1));
    const values = form.get(name);
    if (values === undefined) form.set(name, [value]);
    else values.push(value);
  }
  return form;
}

/** The field's value; undefined when it is missing or stands there twice with different ones. */
export function only(form: Form, name: string): string | undefined {
  const values = new Set(form.get(name));
  return values.size === 1 ? [...values][0] : undefined;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(text: string): string {
  const bytes = Buffer.from(
    text
      .replaceAll('+', ' ')
      .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  try {
    return UTF8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
