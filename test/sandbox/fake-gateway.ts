/**
 * A gateway in a few lines, for the handset's tests: stands before a sandbox, asks System Messages at login and judges the
 * answers by a function. It holds nothing of the real gateway but the wire.
 */
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { child, element, withoutChild } from '../../gateway/csp/element.ts';
import { answer, result } from '../../gateway/csp/status.ts';
import {
  type SystemMessage,
  type SystemMessageAnswer,
  systemMessageAnswers,
  systemMessageList,
} from '../../gateway/csp/system-message.ts';
import { encodingOfContentType } from '../../gateway/csp/versions.ts';
import type { Sandbox, SandboxReply, SandboxRequest } from '../../gateway/sandbox/server.ts';

/** What follows from answers: the login goes on, is denied with a text, or messages are asked again. */
export type Verdict = 'let-through' | { readonly deny: string } | { readonly ask: readonly SystemMessage[] };

export class FakeGateway {
  /** The answers of every Login-Request, in order; undefined for one without a list. */
  readonly answers: (readonly SystemMessageAnswer[] | undefined)[] = [];
  readonly #sandbox: Sandbox;
  readonly #judge: (answers: readonly SystemMessageAnswer[] | undefined) => Verdict;
  #asked = false;

  constructor(sandbox: Sandbox, judge: (answers: readonly SystemMessageAnswer[] | undefined) => Verdict) {
    this.#sandbox = sandbox;
    this.#judge = judge;
  }

  async handle(request: SandboxRequest): Promise<SandboxReply> {
    const encoding = encodingOfContentType(request.contentType) ?? 'xml';
    const message = decodeMessage(request.body, encoding);
    const [transaction] = message.transactions;
    if (transaction?.primitive.name !== 'Login-Request') return this.#sandbox.handle(request);
    const { primitive, id } = transaction;
    const answers = systemMessageAnswers(primitive);
    this.answers.push(answers);
    // The digest phase carries no answers any more [X17].
    const digestPhase = this.#asked && child(primitive, 'DigestBytes') !== undefined;
    const verdict = digestPhase ? 'let-through' : this.#judge(answers);
    if (verdict === 'let-through') {
      this.#asked = true;
      const forwarded = { ...transaction, primitive: withoutChild(primitive, 'SystemMessageResponseList') };
      return this.#sandbox.handle({
        ...request,
        body: encodeMessage({ ...message, transactions: [forwarded] }, encoding),
      });
    }
    const outcome =
      'deny' in verdict
        ? result(403, verdict.deny)
        : result(403, 'Please answer first.', systemMessageList(verdict.ask));
    const response = element('Login-Response', [child(primitive, 'ClientID'), outcome]);
    const body = encodeMessage(answer({ ...message, transactionId: id }, response), encoding);
    return { statusCode: 200, contentType: request.contentType, body };
  }
}

export const TARIFF: SystemMessage = {
  id: 'aoc-1',
  requiresResponse: true,
  text: `Messages cost 0.05 EUR each. ${'The price holds in the home network only. '.repeat(4)}`.trim(),
  options: ['I accept', 'Presence only', 'I decline'],
};
export const TERMS: SystemMessage = {
  id: 'tc-1',
  requiresResponse: true,
  text: 'Do you agree to the terms?',
  options: ['I agree', 'I do not agree'],
  verificationInText: 'Type the word GREEN.',
};

/** Asks TARIFF and TERMS; anything but the first options denies, a wrong key asks the terms again. */
export function judgeTariffAndTerms(answers: readonly SystemMessageAnswer[] | undefined): Verdict {
  if (answers === undefined) return { ask: [TARIFF, TERMS] };
  if (answers.some(({ id, chosenOptionId }) => id === 'aoc-1' && chosenOptionId === '3'))
    return { deny: 'As you wish.' };
  const terms = answers.find(({ id }) => id === 'tc-1');
  return terms?.verificationKey === 'GREEN' && terms.chosenOptionId === '1' ? 'let-through' : { ask: [TERMS] };
}
