/** Takes answers that come outside of a login, in an Outband SystemMessage-User [X13]. */
import { element } from '../csp/element.ts';
import { STATUS, status } from '../csp/status.ts';
import { systemMessageAnswers } from '../csp/system-message.ts';
import { answerWith, type Exchange, messageOf, type Reply } from './exchange.ts';
import { takeAnswer } from './held-answers.ts';
import type { LoginParts } from './login.ts';

export async function takeOutbandAnswers(parts: LoginParts, exchange: Exchange): Promise<Reply> {
  const primitive = messageOf(exchange).transactions[0]?.primitive ?? element('SystemMessage-User');
  const answers = systemMessageAnswers(primitive) ?? [];
  const worth: boolean[] = [];
  for (const answer of answers) {
    const taken = await takeAnswer(parts, exchange.vasp.name, answer, 'system-message-user');
    worth.push(taken.kind === 'chosen');
  }
  return worth.length > 0 && worth.every(Boolean)
    ? answerWith(exchange, status(STATUS.OK), 'answered')
    : answerWith(
        exchange,
        status(
          STATUS.BAD_PARAMETER,
          'An answer fits no message that waits for one, or came too late. Please log in again.',
        ),
        String(STATUS.BAD_PARAMETER),
      );
}
