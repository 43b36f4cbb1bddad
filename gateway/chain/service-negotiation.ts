/**
 * The service negotiation as it passes through the gateway: the client's Functions narrowed on the way in, the VASP's
 * answer on the way out [X30]. A Service-Request in a session and, in 1.3, a Login-Request that carries Functions go the
 * same way. Only the element that says something else is replaced; the bytes around it stay.
 */
import { child, type Element, withChildren } from '../csp/element.ts';
import { locateChild } from '../csp/locate.ts';
import type { ServiceSet } from '../csp/service-tree.ts';
import { removeRange, replaceElement } from '../csp/splice.ts';
import { type NarrowedRequest, narrowAnswer, narrowRequest, serviceResponse } from '../service-level/negotiate.ts';
import { answerMessage, type Exchange, type Reply, scannedReply, withBody } from './exchange.ts';

/** A negotiation that the gateway has a part in. */
export interface Negotiation {
  /** Place of the transaction in the client's message, and its id. */
  readonly index: number;
  readonly transactionId: string;
  readonly request: Element;
  readonly narrowed: NarrowedRequest;
}

export function openNegotiation(exchange: Exchange, index: number, request: Element, granted: ServiceSet): Negotiation {
  const transactionId = exchange.envelope.transactions[index]?.id ?? '';
  return { index, transactionId, request, narrowed: narrowRequest(request, granted, exchange.envelope.version) };
}

/** The exchange with Functions that ask for no more than is granted; not a byte besides them changes. */
export function narrowExchange(exchange: Exchange, { index, request, narrowed }: Negotiation): Exchange {
  const range = exchange.envelope.transactions[index]?.primitiveRange;
  if (narrowed.functions === 'untouched' || range === undefined) return exchange;
  const { body } = exchange;
  const { encoding, version } = exchange.envelope;
  const functions = narrowed.functions === 'nothing' ? undefined : narrowed.functions;
  const old = locateChild(body, encoding, version, range, 'Functions');
  if (old === undefined) {
    return withBody(exchange, replaceElement(body, encoding, version, range, withFunctions(request, functions)));
  }
  return withBody(
    exchange,
    functions === undefined
      ? removeRange(body, encoding, old)
      : replaceElement(body, encoding, version, old, functions),
  );
}

/** The request with Functions where the content model puts them: last before AllFunctionsRequest [P4.3]. */
function withFunctions(request: Element, functions: Element | undefined): Element {
  return withChildren(request, [
    ...request.children.filter(({ name }) => name !== 'AllFunctionsRequest'),
    ...[functions, child(request, 'AllFunctionsRequest')].filter((kept) => kept !== undefined),
  ]);
}

/** The Service-Response to a client none of whose wishes is granted: there is nothing to ask the VASP for. */
export function answerWithoutVasp(
  exchange: Exchange,
  { request, narrowed }: Negotiation,
  granted: ServiceSet,
): Element {
  const { version } = exchange.envelope;
  const told = narrowAnswer(narrowed, undefined, granted, version);
  return serviceResponse(request, told ?? { functions: undefined, allFunctions: undefined }, version);
}

/** The reply with what the client is told in the place of what the VASP said, where that differs. */
export function narrowReply(exchange: Exchange, reply: Reply, negotiation: Negotiation, granted: ServiceSet): Reply {
  const { version, encoding } = exchange.envelope;
  const index = reply.envelope?.transactions.findIndex(
    ({ primitive, id }) =>
      id === negotiation.transactionId && (primitive === 'Service-Response' || primitive === 'Login-Response'),
  );
  const range = reply.envelope?.transactions[index ?? -1]?.primitiveRange;
  if (index === undefined || range === undefined || reply.origin === 'gateway') return reply;
  const answer = answerMessage(exchange, reply).transactions[index]?.primitive;
  if (answer === undefined) return reply;
  const told = narrowAnswer(negotiation.narrowed, answer, granted, version);
  if (told === undefined) return reply;
  const replacement =
    answer.name === 'Login-Response'
      ? withAnsweredFunctions(answer, told.functions)
      : serviceResponse(negotiation.request, told, version);
  return scannedReply(exchange, reply, replaceElement(reply.body, encoding, version, range, replacement));
}

/** A Login-Response with other Functions; they stand before the AgreedCapabilityList [P4.2]. */
function withAnsweredFunctions(answer: Element, functions: Element | undefined): Element {
  const rest = answer.children.filter(({ name }) => name !== 'Functions' && name !== 'AgreedCapabilityList');
  return withChildren(
    answer,
    [...rest, functions, child(answer, 'AgreedCapabilityList')].filter((kept): kept is Element => kept !== undefined),
  );
}

/** Whether a login carries a wish that a level has to be applied to. */
export function carriesFunctions(loginRequest: Element): boolean {
  return child(loginRequest, 'Functions') !== undefined;
}
