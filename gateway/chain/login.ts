/** A login on its way through the gateway: what its message says, and the keyed hashes of who it says it is. */
import { child, childText, type Element } from '../csp/element.ts';
import type { Mailbox } from '../mailbox-ports.ts';
import { type Asked, shortForm } from '../negotiation/token.ts';
import type { AskAgain } from '../policy/ask-again.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { LoginFacts } from '../policy/model.ts';
import type { AcceptanceStore, Clock, Log, Metrics, Secrets, VaspAvailability } from '../ports.ts';
import type { SystemMessages } from '../system-message-ports.ts';
import type { CirService } from './capability-negotiation.ts';
import type { WaitingSessions } from './conversation/waiting-sessions.ts';
import { type Exchange, messageOf } from './exchange.ts';
import { clientIdText, clientKeyOf, cookieKeyOf, userKeyOf } from './identity.ts';
import type { NegotiationMemory } from './negotiation-memory.ts';
import type { Sessions } from './sessions.ts';
import type { ClientOverrides } from './system-messages/addressee.ts';

export interface Login {
  readonly exchange: Exchange;
  /** The Login-Request. */
  readonly primitive: Element;
  readonly facts: LoginFacts;
  readonly asked: Asked;
  /** Names the window of this user and client at this VASP. */
  readonly windowKey: string;
  /** Names the pass for a second phase: user, client and cookie at this VASP [X17]. */
  readonly passKey: string;
}

/** What deciding about a login needs of the world. */
export interface LoginParts {
  /** A negotiation is decided wholly under the set that it began with. */
  readonly policies: PolicySets;
  readonly acceptances: AcceptanceStore;
  readonly negotiations: NegotiationMemory;
  readonly sessions: Sessions;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** The code of a Login-Response that asks [X12]. */
  readonly askingCode: number;
  /** Which clients know System Messages against what their version says; the first that matches decides [X11]. */
  readonly clientOverrides: ClientOverrides;
  /** What users are to be asked again although they accepted. */
  readonly askAgain: { current(): readonly AskAgain[] };
  /** Where users reach the gateway's pages, without trailing slash. */
  readonly publicUrl: () => string;
  /** The sessions in which the gateway itself asks [X21]. */
  readonly waiting: WaitingSessions;
  /** The user id under which the gateway writes to users; undefined: one of the user's own domain. */
  readonly serviceContact: string | undefined;
  /** Which VASPs take logins now; absent: all. */
  readonly availability?: VaspAvailability | undefined;
  /** What is said to users in their sessions [X40 to X46]; absent: nothing. */
  readonly systemMessages?: SystemMessages | undefined;
  /** Messages kept for users who are away [X60 to X63]; absent: none are. */
  readonly mailbox?: Mailbox | undefined;
  /** Calling clients [X50 to X53]; absent: every client is served by polling alone. */
  readonly cir?: CirService | undefined;
  /** What becomes of a login while the store cannot be had: the user is asked, and comes in later, or is refused at once. */
  readonly onStoreLoss?: 'ask' | 'deny' | undefined;
  /** Whether the operator admits a user [X22]. */
  readonly isProvisioned: (userId: string) => boolean | Promise<boolean>;
}

/** Reads a message that holds a Login-Request alone; undefined when it names no user. */
export function readLogin(secrets: Secrets, exchange: Exchange): Login | undefined {
  const { vasp, envelope, request } = exchange;
  const primitive = messageOf(exchange).transactions[0]?.primitive;
  const userId = childText(primitive, 'UserID');
  if (primitive === undefined || userId === undefined || userId === '') return undefined;
  const clientId = child(primitive, 'ClientID');
  const asked: Asked = {
    vasp: vasp.name,
    userKey: userKeyOf(secrets, vasp, userId),
    clientKey: clientKeyOf(secrets, clientId),
    cookieKey: cookieKeyOf(secrets, childText(primitive, 'SessionCookie') ?? ''),
  };
  return {
    exchange,
    primitive,
    facts: {
      userId,
      vasp: vasp.name,
      clientId: clientIdText(clientId),
      version: envelope.version,
      encoding: envelope.encoding,
      language: childText(child(primitive, 'CapabilityList'), 'DefaultLanguage') ?? acceptLanguage(request.headers),
    },
    asked,
    windowKey: windowKey(vasp.name, shortForm('user', asked.userKey), shortForm('client', asked.clientKey)),
    passKey: `${asked.userKey} ${asked.clientKey} ${asked.cookieKey}`,
  };
}

/** `user` and `client` in the short forms that tokens carry, so that an answer outside of a login finds its window. */
export function windowKey(vasp: string, user: string, client: string): string {
  return `${vasp} ${user} ${client}`;
}

/** What a log line says of a login: hashes and names. */
export function loginFields(login: Login): Readonly<Record<string, string>> {
  const { vasp, version, encoding } = login.facts;
  return { vasp, user: login.asked.userKey, client: login.asked.clientKey, csp: version, encoding };
}

/** The first language of an Accept-Language header, when the phone sends one. */
function acceptLanguage(headers: readonly string[]): string | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() !== 'accept-language') continue;
    const first = headers[index + 1]?.split(/[,;]/, 1)[0]?.trim();
    return first === undefined || first === '' || first === '*' ? undefined : first;
  }
  return undefined;
}
