/**
 * Text messages of the service contact, and what is answered to them, for a handset without a person: phones that know no
 * System Messages are asked so before their login [X21], and in their sessions [X41].
 */
import type { GivenAnswers } from './answers.ts';
import { choiceOf } from './asking.ts';
import type { HandsetEvent } from './events.ts';
import type { Handset } from './handset.ts';
import type { Report } from './report.ts';

/** `answered`: and the session goes on; `open`: it asks, and got no answer that it could use. */
export type Conversed = 'nothing-asked' | 'ended' | 'answered' | 'open';

/** More questions than any service puts, so that a script comes to an end. */
const MAX_QUESTIONS = 20;

/**
 * Answers what the service contact asks, in order; the last answer serves for all further questions.
 * @param reply sends a text to the service contact
 */
export async function answerServiceContact(
  handset: Handset,
  answers: GivenAnswers | undefined,
  emit: (report: Report) => void,
  reply: (to: string, text: string) => Promise<unknown>,
): Promise<Conversed> {
  for (let asked = 0; asked < MAX_QUESTIONS; asked++) {
    const events = await handset.receive();
    for (const received of events) emit({ event: 'received', received });
    if (!handset.loggedIn) return 'ended';
    const question = events.filter(isQuestion).at(-1);
    if (question === undefined) return asked === 0 ? 'nothing-asked' : 'answered';
    const answer = answers?.next();
    if (answer === undefined) return 'open';
    await reply(question.from, replyTo(question.text, answer));
  }
  return 'open';
}

/** An answer as people write it into a message: the number of the option, where it is one, and a key behind a blank. */
export function replyTo(question: string, answer: string): string {
  const options = [...question.matchAll(/^([1-9][0-9]*) (.+)$/gm)].map(([, id = '', text = '']) => ({ id, text }));
  const verification = answer.includes(':') ? { inText: undefined, url: undefined } : undefined;
  const choice = choiceOf({ id: '', requiresResponse: true, text: question, options, verification }, answer);
  if ('kind' in choice || choice.optionId === undefined) return answer.replace(':', ' ');
  return choice.key === undefined ? choice.optionId : `${choice.optionId} ${choice.key}`;
}

/** A message of the service contact with numbered options. */
export function isQuestion(event: HandsetEvent): event is Extract<HandsetEvent, { kind: 'message' }> {
  return event.kind === 'message' && isServiceContact(event.from) && /^1 /m.test(event.text);
}

export function isServiceContact(address: string): boolean {
  return /^(wv:)?service(@|$)/i.test(address);
}

/** Where the service contact of a user's own domain is. */
export function serviceContactOf(userId: string): string {
  const at = userId.lastIndexOf('@');
  return `wv:service${at === -1 ? '' : userId.slice(at)}`;
}
