/** What a client is told whose login asks or is denied [X12, X18]. */
import { systemMessageList } from '../csp/system-message.ts';
import type { AskVerdict } from '../negotiation/verdict.ts';
import { answerWith, type Reply } from './exchange.ts';
import { type Login, type LoginParts, loginFields } from './login.ts';
import { loginRefusal } from './refusal.ts';

export function ask(parts: LoginParts, login: Login, verdict: AskVerdict): Reply {
  parts.metrics.login(login.facts.vasp, 'asked');
  parts.log.info('login asked', { ...loginFields(login), messages: verdict.messages.length });
  const list = systemMessageList(verdict.messages);
  const response = loginRefusal(login.primitive, parts.askingCode, verdict.description, list);
  return answerWith(login.exchange, response, 'asked');
}

export interface Denial {
  readonly code: number;
  readonly description: string;
  readonly reason: string;
  readonly policy?: string;
}

export function deny(parts: LoginParts, login: Login, { code, description, reason, policy }: Denial): Reply {
  parts.metrics.login(login.facts.vasp, 'denied');
  parts.log.info('login denied', { ...loginFields(login), reason, policy, code });
  return answerWith(login.exchange, loginRefusal(login.primitive, code, description), String(code));
}
