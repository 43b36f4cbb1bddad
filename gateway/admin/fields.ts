/** Reads the few texts and numbers that bodies of the API hold; anything else in a body is told, never ignored. */

export type FieldKind = 'text' | 'number' | 'true';

export type ReadFields<Name extends string> =
  | { readonly kind: 'right'; readonly fields: Readonly<Partial<Record<Name, string>>> }
  /** A sentence; it holds no value of the body. */
  | { readonly kind: 'wrong'; readonly message: string };

const LONGEST_TEXT = 1024;

/** What a value of each kind must be. */
const FORMS: Readonly<Record<FieldKind, { readonly form: string; readonly isRight: (value: unknown) => boolean }>> = {
  text: { form: `a text of 1 to ${LONGEST_TEXT} characters`, isRight: isText },
  number: { form: 'a number', isRight: (value) => typeof value === 'number' },
  true: { form: 'true', isRight: (value) => value === true },
};

/** The fields that are there, each as text; where no number belongs, `false` reads as absent. */
export function readFields<Name extends string>(
  body: unknown,
  known: Readonly<Record<Name, FieldKind>>,
): ReadFields<Name> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { kind: 'wrong', message: 'The body must be a JSON object.' };
  }
  const names = Object.keys(known) as Name[];
  const fields: Partial<Record<Name, string>> = {};
  for (const [key, value] of Object.entries(body)) {
    const name = names.find((one) => one === key);
    if (name === undefined) {
      return {
        kind: 'wrong',
        message: `The key ${JSON.stringify(key.slice(0, 40))} is unknown; known are ${names.join(', ')}.`,
      };
    }
    if (value === null || (value === false && known[name] !== 'number')) continue;
    const { form, isRight } = FORMS[known[name]];
    if (!isRight(value)) return { kind: 'wrong', message: `The value of ${name} must be ${form}.` };
    fields[name] = String(value);
  }
  return { kind: 'right', fields };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_TEXT;
}
