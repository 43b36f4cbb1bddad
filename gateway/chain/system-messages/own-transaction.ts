/**
 * A transaction of the gateway's own in a user's session [X45]: through the links that lie between it and the VASP, so that
 * the session's level holds for it, and with an answer that never reaches the client. What the VASP sends along with the
 * answer is the client's, and waits for its next poll.
 */
import { encodeMessage } from '../../csp/codec.ts';
import { childInteger, type Element } from '../../csp/element.ts';
import type { Envelope } from '../../csp/envelope.ts';
import { answerTo } from '../../csp/message.ts';
import { resultCode, STATUS } from '../../csp/status.ts';
import { GatewayError } from '../../errors.ts';
import type { SetAside } from '../../ports.ts';
import { answerMessage, type Exchange, type Handler, type Reply, withBody } from '../exchange.ts';
import { eachAlone, waitsForPoll } from '../server-primitives.ts';
import { endOfSession } from '../session-link.ts';

export interface OwnAnswer {
  readonly code: number;
  /** Undefined when there was no usable answer. */
  readonly primitive: Element | undefined;
  /** The VASP says that the session is over. */
  readonly endsSession: boolean;
}

/** Asks the VASP one thing in a session; never rejects. */
export type AskVasp = (exchange: Exchange, primitive: Element, next: Handler) => Promise<OwnAnswer>;

/** @param firstNumber where this process starts to number its transactions */
export function createAskVasp(setAside: SetAside, firstNumber: number): AskVasp {
  let number = firstNumber;

  return async (exchange, primitive, next) => {
    number = (number + 1) % 36 ** 6;
    const id = `sapgw-${number.toString(36).padStart(6, '0')}`;
    const { version, sessionType, sessionId, encoding } = exchange.envelope;
    const message = {
      version,
      sessionType,
      ...(sessionId === undefined ? {} : { sessionId }),
      transactions: [{ mode: 'Request' as const, id, primitive }],
    };
    try {
      const asked = withBody(exchange, encodeMessage(message, encoding));
      const reply = await next(asked);
      await keepWhatIsTheClients(exchange, reply);
      return { ...answerIn(exchange, reply, id), endsSession: endOfSession(asked, reply) };
    } catch (error) {
      const code = error instanceof GatewayError ? error.status : STATUS.INTERNAL_ERROR;
      return { code, primitive: undefined, endsSession: false };
    }
  };

  async function keepWhatIsTheClients({ session }: Exchange, { origin, body, envelope }: Reply): Promise<void> {
    if (session === undefined || origin !== 'vasp' || envelope === undefined) return;
    const opened = openedIn(envelope);
    if (opened.length > 0) await setAside.put(session.key, eachAlone(body, envelope, opened));
  }
}

function openedIn({ transactions }: Envelope): readonly number[] {
  return transactions.flatMap((transaction, index) => (waitsForPoll(transaction) ? [index] : []));
}

function answerIn(exchange: Exchange, reply: Reply, id: string): Pick<OwnAnswer, 'code' | 'primitive'> {
  const answers = reply.envelope === undefined ? [] : answerMessage(exchange, reply).transactions;
  const primitive = answerTo(id, answers)?.primitive;
  if (primitive === undefined) return { code: STATUS.SERVICE_UNAVAILABLE, primitive };
  return { code: codeOf(primitive), primitive };
}

/** What answers in its own form and says no code has succeeded. COMPAT InterVillage: a Status without a Result [P17]. */
function codeOf(primitive: Element): number {
  return resultCode(primitive) ?? childInteger(primitive, 'Code') ?? STATUS.OK;
}
