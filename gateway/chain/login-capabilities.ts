/**
 * CIR in a login: a CapabilityList that rides in it in 1.3 is negotiated as one in the session [X19, X50], and the hub is
 * told of every new session's cookie, which no later message repeats [P9].
 */
import type { CirAgreement } from '../cir-ports.ts';
import { child, childText, type Element } from '../csp/element.ts';
import type { Secrets } from '../ports.ts';
import {
  agreementOf,
  type CapabilityWish,
  type CirService,
  capabilityAnswer,
  NO_CIR,
  openCapabilities,
  tellClient,
} from './capability-negotiation.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { Login } from './login.ts';
import type { Session } from './sessions.ts';

/** Undefined when the login negotiates no capabilities. */
export function openLoginCapabilities(
  service: CirService = NO_CIR,
  exchange: Exchange,
  request: Element,
): CapabilityWish | undefined {
  const rides = exchange.envelope.version === '1.3' && child(request, 'CapabilityList') !== undefined;
  return rides ? openCapabilities(service, exchange, 0, request) : undefined;
}

export function agreedAtLogin(
  service: CirService = NO_CIR,
  exchange: Exchange,
  reply: Reply,
  wish: CapabilityWish | undefined,
): CirAgreement | undefined {
  const answer = wish === undefined ? undefined : capabilityAnswer(exchange, reply, wish);
  return wish === undefined || answer === undefined ? undefined : agreementOf(service, exchange, wish, answer);
}

/** Tells the hub of the session before the client hears of it. */
export async function announce(
  service: CirService = NO_CIR,
  { primitive }: Login,
  sessionId: string,
  { key, record }: Session,
): Promise<void> {
  const { tcp, udp, url } = service.offer();
  if (tcp === undefined && udp === undefined && url === undefined) return;
  await service.cir.opened(key, childText(primitive, 'SessionCookie') ?? '');
  if (record.cir === undefined) return;
  const { vasp, userKey, version, expiresAt } = record;
  await service.cir.agreed({ key, vasp, userKey, id: sessionId, version, agreement: record.cir, expiresAt });
}

export function tellAtLogin(
  { cir = NO_CIR, secrets }: { readonly cir?: CirService | undefined; readonly secrets: Secrets },
  exchange: Exchange,
  reply: Reply,
  wish: CapabilityWish | undefined,
  agreed: { readonly sessionKey: string; readonly agreement: CirAgreement | undefined },
): Reply {
  return wish === undefined ? reply : tellClient(cir, secrets, exchange, reply, wish, agreed);
}
