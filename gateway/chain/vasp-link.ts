/**
 * The end of the chain: sends the message to the VASP and makes sure that what comes back is a protocol answer. One that
 * is not, an HTTP error, a page of HTML, nothing where something must stand, becomes a Status, for a login a
 * Login-Response, so that no client waits for an answer that its transaction never gets [X5, X24].
 */
import type { EnvelopeTransaction } from '../csp/envelope.ts';
import { STATUS } from '../csp/status.ts';
import { encodingOfContentType } from '../csp/versions.ts';
import type { Metrics, Upstream, UpstreamFailure } from '../ports.ts';
import { type Exchange, type Handler, type Reply, readAnswer } from './exchange.ts';
import { refuseAll, refuseUnreadable } from './refusal.ts';
import { isTranscoded, type Outgoing, toClient, toVasp } from './transcoding.ts';

/** What a client is told when its VASP fails, in a code and a sentence. */
const FAILURES: Readonly<Record<UpstreamFailure | 'not-protocol', readonly [number, string]>> = {
  unreachable: [STATUS.SERVICE_UNAVAILABLE, 'The service cannot be reached at the moment. Please try again later.'],
  broken: [STATUS.SERVICE_UNAVAILABLE, 'The service broke off its answer. Please try again later.'],
  'too-large': [STATUS.SERVICE_UNAVAILABLE, 'The service gave an answer that is too large.'],
  'not-protocol': [STATUS.SERVICE_UNAVAILABLE, 'The service gave no usable answer. Please try again later.'],
  timeout: [STATUS.TIMEOUT, 'The service did not answer in time. Please try again later.'],
};

const HTTP_GATEWAY_TIMEOUT = 504;

/** The upstream counts its own failures; what is no protocol answer is counted here. */
export function vaspLink(upstream: Upstream, metrics: Metrics): Handler {
  return async (exchange) => {
    const { request, body, vasp } = exchange;
    const outgoing = isTranscoded(exchange) ? toVasp(exchange) : undefined;
    if (outgoing?.kind === 'impossible') return notSayable(exchange, outgoing);
    const result = await upstream.send(
      vasp.name,
      outgoing?.request ?? {
        target: request.target,
        contentType: request.contentType,
        headers: request.headers,
        body,
      },
    );
    if (result.kind === 'failed') return refused(exchange, result.failure);
    if (result.statusCode !== 200) {
      return notProtocol(exchange, result.statusCode === HTTP_GATEWAY_TIMEOUT ? 'timeout' : 'not-protocol');
    }
    if (result.body.length === 0 && mustBeAnswered(exchange)) return notProtocol(exchange);
    const answer = outgoing === undefined ? result : toClient(exchange, result);
    if (answer === undefined) return notProtocol(exchange);
    const envelope = readAnswer(exchange, answer.body);
    const isUnread = envelope === undefined && answer.body.length > 0;
    if (isUnread && !(isCsp(exchange, answer.contentType) && mayPassUnread(exchange))) return notProtocol(exchange);
    return {
      statusCode: 200,
      headers: inRequestsType(exchange, answer.contentType, answer.headers),
      body: answer.body,
      origin: 'vasp',
      envelope,
      outcome: 'forwarded',
    };
  };

  function notSayable(exchange: Exchange, { code, reason }: Extract<Outgoing, { readonly kind: 'impossible' }>): Reply {
    metrics.reject('scan', code);
    return refuseUnreadable(exchange, `The message cannot be put into the encoding of this service: ${reason}.`);
  }

  function notProtocol(exchange: Exchange, told: keyof typeof FAILURES = 'not-protocol'): Reply {
    metrics.upstreamError(exchange.vasp.name, 'not-protocol');
    return refused(exchange, told);
  }
}

function refused(exchange: Exchange, failure: keyof typeof FAILURES): Reply {
  const [code, description] = FAILURES[failure];
  return refuseAll(exchange, code, description, true);
}

/** Only a poll and messages that are answers themselves may be answered by nothing [P8]. */
function mustBeAnswered({ envelope }: Exchange): boolean {
  return envelope.transactions.some(({ mode, primitive }) => mode === 'Request' && primitive !== 'Polling-Request');
}

/**
 * Whether no rule has to read the answer: the session is granted everything, and the primitives change nothing that the
 * gateway keeps.
 */
function mayPassUnread({ session, envelope }: Exchange): boolean {
  const isRead = ({ primitive }: EnvelopeTransaction): boolean =>
    primitive === 'Login-Request' || primitive === 'Service-Request' || primitive === 'KeepAlive-Request';
  return session?.record.granted.isAll === true && !envelope.transactions.some(isRead);
}

function isCsp(exchange: Exchange, contentType: string): boolean {
  return encodingOfContentType(contentType) === exchange.envelope.encoding;
}

/**
 * Headers as the VASP sent them, but for a Content-Type of another family than the request's [X1] (COMPAT InterVillage:
 * answers `application/xml` whatever it is asked in).
 */
function inRequestsType(exchange: Exchange, contentType: string, headers: readonly string[]): readonly string[] {
  const asked = exchange.request.contentType;
  if (contentType === asked || essence(contentType) === essence(asked)) return headers;
  const rest: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name = '', value = ''] = [headers[index], headers[index + 1]];
    if (name.toLowerCase() !== 'content-type') rest.push(name, value);
  }
  return ['Content-Type', asked, ...rest];
}

function essence(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
