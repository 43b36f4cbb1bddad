/**
 * One message's way through the gateway, from top to bottom. A client's request is placed at a VASP, its envelope is
 * scanned, and it goes along the chain: each link may answer it, or pass it on, changed or not, and sees the reply on its
 * way back. What no link changes reaches the other side byte for byte [X3].
 *
 * Nothing here knows HTTP, files or the clock: `main.ts` puts in the parts, `http/` brings the requests.
 */

import { capabilityLink, cirLink } from './chain/capability-link.ts';
import { NO_CIR } from './chain/capability-negotiation.ts';
import { conversationLink } from './chain/conversation/link.ts';
import { chain, type Exchange, type Handler, type Link, type Reply, type VaspFacts } from './chain/exchange.ts';
import type { LoginParts } from './chain/login.ts';
import { loginGate } from './chain/login-gate.ts';
import { mailboxLink } from './chain/mailbox/link.ts';
import { ownMail } from './chain/mailbox/own-mail.ts';
import { createPolling } from './chain/polling/link.ts';
import { refuseAll, refuseUnreadable } from './chain/refusal.ts';
import { type Route, routeOf } from './chain/route.ts';
import { serverPrimitives } from './chain/server-primitives.ts';
import { serviceLevelLink } from './chain/service-level-link.ts';
import { sessionLink } from './chain/session-link.ts';
import { type Load, loadOf, overload, shed } from './chain/shedding.ts';
import { createAddressees } from './chain/system-messages/addressee.ts';
import { systemMessageLink } from './chain/system-messages/link.ts';
import { ownSystemMessages } from './chain/system-messages/own-messages.ts';
import { plainText, unreadable } from './chain/unreadable.ts';
import { vaspLink } from './chain/vasp-link.ts';
import { vaspStateLink } from './chain/vasp-state.ts';
import { versionDiscovery } from './chain/version-discovery.ts';
import { type Envelope, scanEnvelope } from './csp/envelope.ts';
import { CspError } from './csp/errors.ts';
import { type CodecLimits, DEFAULT_LIMITS } from './csp/limits.ts';
import { loggedName } from './csp/primitives.ts';
import { STATUS } from './csp/status.ts';
import { encodingOfContentType, isUtf8ContentType } from './csp/versions.ts';
import { GatewayError, StoreWriteError } from './errors.ts';
import type { ClientReply, ClientRequest, SetAside, Upstream } from './ports.ts';

/** A VASP, and what is placed there. */
export type PlaceOfVasp = VaspFacts &
  Route & {
    /** Messages to it that run at the same time, above which new logins to it are refused; absent: there is no limit. */
    readonly mostRunning?: number;
  };

/** Everything that the gateway stands on. */
export interface GatewayParts extends LoginParts {
  readonly vasps: readonly PlaceOfVasp[];
  /** Messages that run at the same time, above which new logins are refused; absent: there is no limit. */
  readonly mostRunning?: number;
  readonly upstream: Upstream;
  /** What VASPs sent while their clients waited for something else. */
  readonly setAside: SetAside;
  /** A number below 36^6 from which this process counts its TransactionIDs; random, so that processes differ. */
  readonly firstTransactionNumber: number;
  readonly limits?: CodecLimits;
  /** Whether every request gets a line in the log. */
  readonly logsAccess?: boolean;
}

export interface Gateway {
  /** Answers every request; never rejects. */
  handle(request: ClientRequest): Promise<ClientReply>;
}

export function createGateway(parts: GatewayParts): Gateway {
  const { cir = NO_CIR, systemMessages: desk, mailbox, setAside, log } = parts;
  const addresseeOf = createAddressees(parts);
  // In the order of their turns.
  const own = [
    ...(desk === undefined ? [] : [ownSystemMessages(desk, addresseeOf)]),
    ...(mailbox === undefined ? [] : [ownMail(mailbox)]),
  ];
  const polling = createPolling(setAside, own, log);
  const links: readonly Link[] = [
    versionDiscovery,
    // Takes everything of the sessions that the gateway itself holds: they are none of the VASP's.
    conversationLink(parts),
    // Finds the session of everything Inband, or refuses: behind this link only logins are without one. What goes out in a
    // session passes here last.
    sessionLink(parts, polling),
    // Behind the session link, so that a client's session lives on while its VASP is suspended.
    vaspStateLink(parts),
    // Takes everything Outband before it can reach the VASP: lets a login through when the policies are settled, and
    // nothing else [X10].
    loginGate(parts),
    // Every poll of a client that may be called is heard of, whoever answers it.
    cirLink(cir),
    // Hands over what the gateway holds for the session, in turns with the VASP; its own messages are no matter of levels.
    polling.link,
    // What is between the client and the gateway is no matter of levels either.
    ...(desk === undefined ? [] : [systemMessageLink({ ...parts, desk }, addresseeOf)]),
    serviceLevelLink(parts.metrics, log),
    // Puts the gateway's channels in the place of the VASP's [X50].
    capabilityLink(cir, parts.sessions, parts.secrets, log),
    // Behind the level, so that nobody sends or fetches by it what the level withholds.
    ...(mailbox === undefined ? [] : [mailboxLink({ ...parts, mailbox })]),
    // Last, so that what the links above send to the VASP, and what they see of it, are under the VASP's own ids.
    serverPrimitives(parts.metrics, parts.firstTransactionNumber, setAside),
  ];
  return new ChainGateway(parts, chain(links, vaspLink(parts.upstream, parts.metrics)));
}

class ChainGateway implements Gateway {
  readonly #parts: GatewayParts;
  readonly #places: readonly (PlaceOfVasp & { readonly load: Load })[];
  readonly #load: Load;
  readonly #handler: Handler;
  readonly #limits: CodecLimits;

  constructor(parts: GatewayParts, handler: Handler) {
    this.#parts = parts;
    // What is too much for one VASP, its connections refuse by themselves.
    this.#places = parts.vasps.map((vasp) => ({
      ...vasp,
      load: { ...loadOf(vasp.mostRunning ?? Number.POSITIVE_INFINITY), most: Number.POSITIVE_INFINITY },
    }));
    this.#load = loadOf(parts.mostRunning ?? Number.POSITIVE_INFINITY);
    this.#handler = handler;
    this.#limits = parts.limits ?? DEFAULT_LIMITS;
  }

  async handle(request: ClientRequest): Promise<ClientReply> {
    const { clock, metrics } = this.#parts;
    const started = clock.monotonic();
    const vasp = routeOf(this.#places, request.target, request.host);
    if (vasp === undefined) {
      metrics.reject('envelope', 'no-vasp');
      return plainText(404, 'No service stands at this address: check the path and the host name.');
    }
    const encoding = encodingOfContentType(request.contentType);
    if (encoding === undefined) {
      metrics.reject('envelope', 'content-type');
      return plainText(
        400,
        'The Content-Type is none of CSP: application/vnd.wv.csp.xml or .wbxml, or +xml or +wbxml.',
      );
    }
    if (!isUtf8ContentType(request.contentType)) {
      metrics.reject('envelope', 'charset');
      return plainText(400, 'The Content-Type names a charset that is not UTF-8: messages are written in UTF-8.');
    }
    let envelope: Envelope;
    try {
      envelope = scanEnvelope(request.body, encoding, { limits: this.#limits });
    } catch (error) {
      if (!(error instanceof CspError)) throw error;
      return this.#unreadable(error, vasp, request, encoding);
    }
    const exchange: Exchange = { vasp, request, body: request.body, envelope, session: undefined };
    this.#load.running += 1;
    vasp.load.running += 1;
    const tooMuch = overload(this.#load, vasp.load, envelope);
    const reply = await this.#answer(exchange, tooMuch === undefined ? this.#handler : shed(metrics, tooMuch));
    this.#load.running -= 1;
    vasp.load.running -= 1;
    const first = envelope.transactions[0];
    const primitive = first === undefined ? 'WV-CSP-VersionDiscovery-Request' : loggedName(first.primitive);
    const seconds = (clock.monotonic() - started) / 1000;
    metrics.request(vasp.name, primitive, encoding, reply.outcome, seconds);
    if (this.#parts.logsAccess === true) {
      const { outcome, body } = reply;
      this.#parts.log.info('request', { vasp: vasp.name, primitive, encoding, outcome, bytes: body.length, seconds });
    }
    return reply;
  }

  /** The one place where failures become answers: each is told to the client once and logged once. */
  async #answer(exchange: Exchange, handler: Handler): Promise<Reply> {
    try {
      return await handler(exchange);
    } catch (thrown) {
      const { log, metrics } = this.#parts;
      const error = thrown instanceof StoreWriteError ? new GatewayError('STORE_FAILED', thrown.code) : thrown;
      if (error instanceof GatewayError && error.fault === 'client') {
        metrics.reject('scan', error.code);
        log.info('message refused', { vasp: exchange.vasp.name, code: error.code });
        return refuseUnreadable(exchange, error.message);
      }
      if (error instanceof GatewayError) {
        log.warn('request failed', { vasp: exchange.vasp.name, code: error.code, fault: error.fault });
        return refuseAll(
          exchange,
          error.status,
          'The service cannot do this at the moment. Please try again later.',
          true,
        );
      }
      log.error('request failed', { vasp: exchange.vasp.name, error: error instanceof Error ? error.name : 'unknown' });
      return refuseAll(exchange, STATUS.INTERNAL_ERROR, 'Something went wrong here. Please try again later.');
    }
  }

  #unreadable(error: CspError, vasp: VaspFacts, request: ClientRequest, encoding: 'xml' | 'wbxml'): ClientReply {
    this.#parts.metrics.reject('scan', error.code);
    this.#parts.metrics.request(vasp.name, 'unreadable', encoding, '400', 0);
    this.#parts.log.info('message refused', { vasp: vasp.name, code: error.code, offset: error.offset });
    return unreadable(error, request.body, encoding, request.contentType);
  }
}
