/**
 * The capability exchange as it passes through the gateway [X50]: towards the VASP the client's CIR methods become those in
 * which the gateway is itself a client, towards the client the VASP's addresses become the gateway's. A
 * ClientCapability-Request in a session and, in 1.3, a Login-Request that carries a CapabilityList go the same way [X19].
 * Of a message only the elements about CIR change.
 */
import type { Cir, CirAddress, CirAgreement, CirMethod, CirOffer } from '../cir-ports.ts';
import { type CirAnswer, cirAnswer, cirWishes, saysCir, withCirFields } from '../csp/capability-list.ts';
import { child, type Element } from '../csp/element.ts';
import type { ByteRange } from '../csp/envelope.ts';
import { locateChildren } from '../csp/locate.ts';
import { isAtLeast } from '../csp/versions.ts';
import type { Secrets } from '../ports.ts';
import { cirToken } from './cir-token.ts';
import { answerMessage, type Exchange, type Reply, scannedReply, withBody } from './exchange.ts';

/** What the chain needs of CIR. */
export interface CirService {
  readonly cir: Cir;
  readonly offer: () => CirOffer;
  /** Hosts at which a VASP's channels may be, lower case; the VASP's own first. An answer does not say where else to connect. */
  readonly hosts: (vasp: string) => readonly string[];
}

const NOTHING: CirOffer = { tcp: undefined, udp: undefined, url: undefined };
const done = async (): Promise<void> => {};

/** A gateway that serves no method: every client is served by polling alone [X53]. */
export const NO_CIR: CirService = {
  cir: {
    opened: done,
    agreed: done,
    heard: done,
    polled: done,
    ring: done,
    ringUser: done,
    waits: async () => undefined,
    ended: done,
  },
  offer: () => NOTHING,
  hosts: () => [],
};

/** What a client asks for, as far as it can have it. */
export interface CapabilityWish {
  /** Place of the transaction in the client's message, and its id. */
  readonly index: number;
  readonly transactionId: string;
  /** Whether the client names any method; if not, its request stays as it is. */
  readonly namesMethods: boolean;
  /** Those of them that the gateway serves, in the client's order. */
  readonly methods: readonly CirMethod[];
  readonly udpPort: number | undefined;
}

/** Clients that name no port listen on this one [P9.2]. */
const USUAL_UDP_PORT = 3717;

/** @param primitive the request, which has a CapabilityList or has none. */
export function openCapabilities(
  { offer }: CirService,
  { envelope }: Exchange,
  index: number,
  primitive: Element,
): CapabilityWish {
  const wishes = cirWishes(child(primitive, 'CapabilityList'));
  const { tcp, udp, url } = offer();
  const serves: Readonly<Record<CirMethod, boolean>> = {
    STCP: tcp !== undefined,
    SUDP: udp !== undefined,
    SHTTP: url !== undefined && isAtLeast(envelope.version, '1.2'),
  };
  return {
    index,
    transactionId: envelope.transactions[index]?.id ?? '',
    namesMethods: wishes.methods.length > 0,
    methods: [...new Set(wishes.methods)].filter(
      (name): name is CirMethod => name in serves && serves[name as CirMethod],
    ),
    udpPort: wishes.udpPort,
  };
}

/** The exchange as the VASP gets it: asking for the methods in which the gateway hears it, when the client has use for any. */
export function askOfVasp(exchange: Exchange, { index, namesMethods, methods }: CapabilityWish): Exchange {
  const { body } = exchange;
  const { encoding, version, transactions } = exchange.envelope;
  const list = listIn(exchange, body, transactions[index]?.primitiveRange);
  if (!namesMethods || list === undefined) return exchange;
  const ours = isAtLeast(version, '1.2') ? ['STCP', 'SHTTP'] : ['STCP'];
  const fields = { methods: methods.length === 0 ? [] : ours };
  return withBody(exchange, withCirFields(body, encoding, version, list, fields));
}

/** The VASP's answer to a wish: where it stands in the reply, and what it says of CIR. */
export interface CapabilityAnswer {
  readonly list: ByteRange;
  readonly said: CirAnswer;
}

/** Undefined when the reply holds no answer with a list. */
export function capabilityAnswer(
  exchange: Exchange,
  reply: Reply,
  { transactionId }: CapabilityWish,
): CapabilityAnswer | undefined {
  const index = reply.envelope?.transactions.findIndex(
    ({ primitive, id }) =>
      id === transactionId && (primitive === 'ClientCapability-Response' || primitive === 'Login-Response'),
  );
  const range = reply.envelope?.transactions[index ?? -1]?.primitiveRange;
  if (index === undefined || range === undefined) return undefined;
  const list = listIn(exchange, reply.body, range);
  if (list === undefined) return undefined;
  const primitive = answerMessage(exchange, reply).transactions[index]?.primitive;
  return { list, said: cirAnswer(child(primitive, 'AgreedCapabilityList') ?? child(primitive, 'CapabilityList')) };
}

/** What was agreed: undefined when the client cannot be called, or the VASP has no channel on which it calls [X53]. */
export function agreementOf(
  { hosts }: CirService,
  exchange: Exchange,
  { methods, udpPort }: CapabilityWish,
  { said }: CapabilityAnswer,
): CirAgreement | undefined {
  const { tcp, url } = vaspChannels(said, hosts(exchange.vasp.name));
  if (methods.length === 0 || (tcp === undefined && url === undefined)) return undefined;
  // A client's word on its address is not believed: datagrams would go to whomever it names.
  const udp = { host: plainHost(exchange.request.remoteAddress), port: udpPort ?? USUAL_UDP_PORT };
  return {
    stcp: methods.includes('STCP'),
    shttp: methods.includes('SHTTP'),
    udp: methods.includes('SUDP') ? udp : undefined,
    vaspTcp: tcp,
    vaspUrl: url,
  };
}

/** The reply with the gateway's addresses in the place of the VASP's, and the methods that were agreed. */
export function tellClient(
  { offer }: CirService,
  secrets: Secrets,
  exchange: Exchange,
  reply: Reply,
  wish: CapabilityWish,
  agreed: { readonly sessionKey: string; readonly agreement: CirAgreement | undefined },
): Reply {
  const answer = capabilityAnswer(exchange, reply, wish);
  if (answer === undefined) return reply;
  const { encoding, version } = exchange.envelope;
  const { agreement, sessionKey } = agreed;
  if (agreement === undefined && !saysCir(reply.body, encoding, version, answer.list)) return reply;
  const { tcp, udp, url } = offer();
  const usesUdp = agreement?.udp !== undefined;
  const fields = {
    methods: agreement === undefined ? [] : wish.methods,
    tcp: agreement?.stcp === true ? tcp : undefined,
    url: agreement?.shttp === true ? `${url}${cirToken(secrets, sessionKey)}` : undefined,
    // 1.1 repeats the client's own port, 1.2 has no place for one, and 1.3 tells where datagrams come from.
    udpPort: !usesUdp || version === '1.2' ? undefined : version === '1.1' ? wish.udpPort : udp?.port,
    udpAddress: usesUdp && version === '1.3' ? udp?.host : undefined,
  };
  return scannedReply(exchange, reply, withCirFields(reply.body, encoding, version, answer.list, fields));
}

function listIn(exchange: Exchange, bytes: Uint8Array, range: ByteRange | undefined): ByteRange | undefined {
  if (range === undefined) return undefined;
  const { encoding, version } = exchange.envelope;
  return locateChildren(bytes, encoding, version, range).find(
    ({ name }) => name === 'CapabilityList' || name === 'AgreedCapabilityList',
  )?.range;
}

const MOST_URL_CHARACTERS = 1000;

/** Where the VASP says that it calls, at a host where it may be: at another one its own is taken. */
function vaspChannels(
  { tcp, url }: CirAnswer,
  hosts: readonly string[],
): { readonly tcp: CirAddress | undefined; readonly url: string | undefined } {
  const [own] = hosts;
  if (own === undefined) return { tcp: undefined, url: undefined };
  const allowed = (host: string): string => (hosts.includes(plainHost(host)) ? plainHost(host) : own);
  return {
    tcp: tcp === undefined ? undefined : { host: allowed(tcp.host), port: tcp.port },
    url: url === undefined ? undefined : urlAt(url, allowed),
  };
}

function urlAt(text: string, allowed: (host: string) => string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '')
    return undefined;
  const host = allowed(url.hostname);
  url.hostname = host.includes(':') ? `[${host}]` : host;
  return url.href.length > MOST_URL_CHARACTERS ? undefined : url.href;
}

/** Lower case, without the brackets that a URL needs, and IPv4 as such. */
function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}
