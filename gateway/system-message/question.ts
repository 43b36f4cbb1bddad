/**
 * An on-line policy's message as one user is to read it [X40, X41]: the System Message for clients that know them, from
 * which the text message for the others is made too, and the plain text that is kept to show later what was seen.
 */
import { plainText, type SystemMessage } from '../csp/system-message.ts';
import type { OnLinePolicy } from '../policy/model.ts';
import { chooseLanguage, onLineTextValues, type TextValues, textFor } from '../policy/text.ts';
import type { Addressee } from '../system-message-ports.ts';
import { wireId } from './ids.ts';

/** A message in the form in which somebody reads it. */
export interface Shown {
  readonly message: SystemMessage;
  /** A tag as the policy writes it. */
  readonly language: string;
}

/** Whether something is to come back from the user. */
export function wantsAnswer({ requiresResponse, block }: OnLinePolicy): boolean {
  return requiresResponse || block;
}

/** Whether a message has done its work when the client has it: nothing in it can be answered. */
export function isDoneWhenDelivered(policy: OnLinePolicy): boolean {
  return !wantsAnswer(policy) && policy.options.length === 0;
}

/** Languages to speak to a user in, best first. */
function languagesOf({ facts, languageOfVasp }: Addressee): readonly (string | undefined)[] {
  return [facts.language, languageOfVasp];
}

/** The language of the gateway's own words to a user; empty when nothing is known. */
export function ownLanguageFor(addressee: Addressee): string {
  return languagesOf(addressee).find((language) => language !== undefined) ?? '';
}

/** The language in which a user reads a policy's message: a tag as the policy writes it. */
export function languageOf(policy: OnLinePolicy, addressee: Addressee): string {
  return chooseLanguage(policy.message, languagesOf(addressee));
}

/** @param about the other user that the message is about */
export function shownTo(addressee: Addressee, policy: OnLinePolicy, id: string, about: string | undefined): Shown {
  const language = languageOf(policy, addressee);
  const values = onLineTextValues(addressee.facts, about);
  return { message: messageIn(policy, language, wireId(id), values), language };
}

function messageIn(policy: OnLinePolicy, language: string, id: string, values: TextValues): SystemMessage {
  return {
    id,
    requiresResponse: wantsAnswer(policy),
    text: textFor(policy.message, [language], values),
    options: policy.options.map(({ text }) => textFor(text, [language], values)),
  };
}

/** What users saw of a message, as it is kept under its hash: the message and the numbered options, naming nobody. */
export function keptText(policy: OnLinePolicy, vasp: string, language: string): string {
  return plainText(messageIn(policy, language, '', onLineTextValues({ userId: '{user}', vasp }, '{otherUser}')));
}
