/**
 * Takes answers that come outside of a login, in an Outband SystemMessage-User [X13]. Nobody says who answers, so a
 * token's own hashes tell whose window the answer goes into; there it counts for the next login of the user, client and
 * cookie that were asked.
 */
import { element } from '../csp/element.ts';
import { STATUS, status } from '../csp/status.ts';
import { systemMessageAnswers } from '../csp/system-message.ts';
import { type JudgedAnswer, judgeAnswer } from '../negotiation/answers.ts';
import { countWorthless, hold, WORTHLESS_ANSWERS_THAT_DENY, worthlessAnswers } from '../negotiation/window.ts';
import { answerWith, type Exchange, messageOf, type Reply } from './exchange.ts';
import { type LoginParts, windowKey } from './login.ts';

export async function takeOutbandAnswers(parts: LoginParts, exchange: Exchange): Promise<Reply> {
  const primitive = messageOf(exchange).transactions[0]?.primitive ?? element('SystemMessage-User');
  const answers = systemMessageAnswers(primitive) ?? [];
  const spent = await parts.negotiations.spent(answers.map(({ id }) => id));
  const judged = answers.map((answer) =>
    judgeAnswer(answer, {
      secrets: parts.secrets,
      vasp: exchange.vasp.name,
      policies: parts.policies.current().policies,
      user: undefined,
      isSpent: (token) => spent.has(token),
      now: parts.clock.wall(),
    }),
  );
  const kept: boolean[] = [];
  for (const answer of judged) kept.push(await keep(parts, exchange.vasp.name, answer));
  return kept.length > 0 && kept.every(Boolean)
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

/** Puts one answer into its window; false when it is worth nothing. */
async function keep(parts: LoginParts, vasp: string, answer: JudgedAnswer): Promise<boolean> {
  if (answer.content === undefined || answer.policy === undefined) return false;
  const { content } = answer;
  const key = windowKey(vasp, content.user, content.client);
  const window = await parts.negotiations.window(key);
  const now = parts.clock.wall();
  if (answer.kind === 'worthless') {
    await parts.negotiations.keepWindow(key, vasp, countWorthless(window, 1, answer.policy.timeoutMillis, now));
    await parts.negotiations.claim(answer.token === undefined ? [] : [answer.token]);
    return false;
  }
  const guessing = worthlessAnswers(window, now) >= WORTHLESS_ANSWERS_THAT_DENY;
  if (answer.kind === 'late' || guessing) return false;
  const held = hold(window, {
    policyId: answer.policy.id,
    policyVersion: answer.policy.version,
    optionId: answer.option?.id,
    token: answer.token,
    cookie: content.cookie,
    until: content.issuedAt + answer.policy.timeoutMillis,
  });
  await parts.negotiations.keepWindow(key, vasp, held);
  return true;
}
