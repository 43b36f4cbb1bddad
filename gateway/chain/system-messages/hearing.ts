/**
 * Takes a client's word to the desk and says what answers it: Status 200, or 402 with the reason; a text to the service
 * contact gets a SendMessage-Response like any other text [X40, X41]. No VASP hears of it.
 */
import { sentText, serviceContactFor } from '../../conversation/text-messages.ts';
import { wordsFor } from '../../conversation/words.ts';
import { element } from '../../csp/element.ts';
import type { Transaction } from '../../csp/message.ts';
import { result, STATUS, status } from '../../csp/status.ts';
import { newId, wireId } from '../../system-message/ids.ts';
import { ownLanguageFor } from '../../system-message/question.ts';
import type { Addressee, Judged } from '../../system-message-ports.ts';
import { respond } from '../answered-here.ts';
import type { SystemMessageParts } from './parts.ts';
import type { Word } from './word.ts';

/** What answers the client, undefined: nothing has to; and what the answer leads to. */
export interface Heard {
  readonly answer: Transaction | undefined;
  readonly judged: Judged | undefined;
}

export const TRY_LATER = 'The service cannot do this at the moment. Please try again later.';

/** @throws what the desk rejects with */
export async function hear(
  parts: SystemMessageParts,
  addressee: Addressee,
  transaction: Transaction,
  word: Word,
): Promise<Heard> {
  const { desk } = parts;
  switch (word.kind) {
    case 'response': {
      const judged = await desk.answered(addressee, transaction.id, word.answer);
      if (judged !== undefined) return { answer: statusOf(transaction, judged), judged };
      const isAsking = word.answer.name === 'SystemMessage-User';
      return { answer: isAsking ? respond(transaction, status(STATUS.OK)) : undefined, judged };
    }
    case 'choice': {
      const judged = await desk.chosen(addressee, word.answers);
      return { answer: statusOf(transaction, judged), judged };
    }
    case 'delivery':
      await desk.delivered(addressee, word.messageId);
      return { answer: respond(transaction, status(STATUS.OK)), judged: undefined };
    case 'text': {
      const judged = await desk.wrote(addressee, sentText(word.message));
      return {
        answer: judged.status === STATUS.OK ? taken(parts, transaction) : statusOf(transaction, judged),
        judged,
      };
    }
    case 'text-to-many': {
      const words = wordsFor(ownLanguageFor(addressee));
      const contact = serviceContactFor(parts.serviceContact, addressee.facts.userId);
      return {
        answer: respond(transaction, status(STATUS.BAD_PARAMETER, words.alone(contact))),
        judged: undefined,
      };
    }
  }
}

/** What a client is told whose word could not be taken; it may say it again. */
export function notHeard(transaction: Transaction, word: Word): Transaction | undefined {
  const isMereResponse = word.kind === 'response' && word.answer.name !== 'SystemMessage-User';
  return isMereResponse ? undefined : respond(transaction, status(STATUS.SERVICE_UNAVAILABLE, TRY_LATER));
}

function statusOf(transaction: Transaction, { status: code, description }: Judged): Transaction {
  return respond(transaction, status(code, description));
}

function taken({ secrets }: SystemMessageParts, transaction: Transaction): Transaction {
  const messageId = wireId(newId((count) => secrets.randomBytes(count)));
  return respond(transaction, element('SendMessage-Response', [result(STATUS.OK), element('MessageID', messageId)]));
}
