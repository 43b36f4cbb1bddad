/** Which languages a visitor wants: chosen on the page, told by the phone at login, or asked for by the browser. */

/** The languages of an Accept-Language header, best first; what is not wanted at all, or is no tag, is left out. */
export function acceptedLanguages(header: string): readonly string[] {
  return header
    .split(',', MOST_RANGES)
    .flatMap((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
      const quality = qualityOf(parameters);
      return isTag(tag) && quality > 0 ? [{ tag, quality }] : [];
    })
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

const MOST_RANGES = 32;

/** RFC 9110 §12.4.2: up to three decimals, 1 when there is none; what is written otherwise is not wanted. */
function qualityOf(parameters: readonly string[]): number {
  const written = parameters.find((parameter) => /^q\s*=/i.test(parameter));
  if (written === undefined) return 1;
  const value = written.replace(/^q\s*=\s*/i, '');
  return /^(0(\.[0-9]{0,3})?|1(\.0{0,3})?)$/.test(value) ? Number(value) : 0;
}

/** Whether a text has the form of a language tag (BCP 47). */
export function isTag(text: string): boolean {
  return text.length <= 35 && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(text);
}

/** What a language is called by those who speak it: `svenska`, or its tag when nobody knows. */
export function nameOf(tag: string): string {
  try {
    return new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
