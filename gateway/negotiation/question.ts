/**
 * A policy's question as somebody is to read it: the System Message for a client that knows them, and the plain text that
 * is kept to show later what was seen.
 */
import { plainText, type SystemMessage } from '../csp/system-message.ts';
import type { OffLinePolicy } from '../policy/model.ts';
import { wordUrl } from '../policy/page-urls.ts';
import { chooseLanguage, type Reader, textFor, textValues } from '../policy/text.ts';

/** Place of the language to show among the policy's texts. `languages` best first. */
export function languageIndexFor(policy: OffLinePolicy, languages: readonly (string | undefined)[]): number {
  return [...policy.message.keys()].indexOf(chooseLanguage(policy.message, languages));
}

/** A policy's message in the best language, under the id that answers it [X12]. */
export function questionFor(
  policy: OffLinePolicy,
  reader: Reader,
  languages: readonly (string | undefined)[],
  id: string,
  publicUrl: string,
): SystemMessage {
  const values = textValues(policy, reader);
  const { verification } = policy;
  return {
    id,
    requiresResponse: policy.requiresResponse,
    text: textFor(policy.message, languages, values),
    options: policy.options.map(({ text }) => textFor(text, languages, values)),
    verificationInText: verification?.kind === 'in-text' ? textFor(verification.inText, languages, values) : undefined,
    verificationUrl: verification?.kind === 'url' ? wordUrl(publicUrl, id) : undefined,
  };
}

/** Whether a message has done its work when it was shown: nothing in it can be answered. */
export function needsNoAnswer({ requiresResponse, options, verification }: OffLinePolicy): boolean {
  return !requiresResponse && options.length === 0 && verification === undefined;
}

/** Stands in kept texts in the place of the user's id: what is kept names nobody. */
const ANY_USER = '{user}';

/** What users saw of a question, as it is kept under its hash: the message, the numbered options, the proof asked for. */
export function shownText(policy: OffLinePolicy, vasp: string, language: string): string {
  return plainText(questionFor(policy, { userId: ANY_USER, vasp }, [language], '', ''));
}
