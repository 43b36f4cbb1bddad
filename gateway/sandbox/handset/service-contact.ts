/**
 * A conversation with the service contact, for a handset without a person: phones that know no System Messages are asked
 * in text messages of it, and log in again when it has ended their session [X21].
 */
import type { HandsetEvent } from './events.ts';
import type { Handset } from './handset.ts';
import type { Report } from './report.ts';

/** `open`: it asks, and got no answer that ended the conversation. */
export type Conversed = 'nothing-asked' | 'ended' | 'open';

/** More questions than any service puts, so that a script comes to an end. */
const MAX_QUESTIONS = 20;

/**
 * Answers what the service contact asks, in order; the last answer serves for all further questions. A key that stands
 * behind a colon goes behind a blank, as people write.
 * @param reply sends a text to the service contact
 */
export async function answerServiceContact(
  handset: Handset,
  answers: readonly string[],
  emit: (report: Report) => void,
  reply: (to: string, text: string) => Promise<unknown>,
): Promise<Conversed> {
  for (let asked = 0; asked < MAX_QUESTIONS; asked++) {
    const events = await handset.receive();
    for (const received of events) emit({ event: 'received', received });
    if (!handset.loggedIn) return 'ended';
    const question = events.filter(isQuestion).at(-1);
    if (question === undefined) return asked === 0 ? 'nothing-asked' : 'open';
    const answer = answers[Math.min(asked, answers.length - 1)];
    if (answer === undefined) return 'open';
    await reply(question.from, answer.replace(':', ' '));
  }
  return 'open';
}

/** A message of the service contact with numbered options. */
function isQuestion(event: HandsetEvent): event is Extract<HandsetEvent, { kind: 'message' }> {
  return event.kind === 'message' && /^(wv:)?service(@|$)/i.test(event.from) && /^1 /m.test(event.text);
}
