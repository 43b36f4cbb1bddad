/**
 * The way into a session [P7, X12 to X17]: System Messages are answered by a new Login-Request until none is asked, then
 * the digest phase when there is one, then capability and service negotiation.
 */
import { child, childInteger, childText, type Element, element } from '../../csp/element.ts';
import { codesOfTree, ServiceSet } from '../../csp/service-tree.ts';
import { STATUS } from '../../csp/status.ts';
import { type CspVersion, isAtLeast } from '../../csp/versions.ts';
import { DIGEST_SCHEMAS, digestBytes } from '../digest.ts';
import { type Answerer, type AskedMessage, askedMessages, responseList } from './asking.ts';
import type { Conversation } from './conversation.ts';
import { outcomeOf } from './events.ts';

export interface Credentials {
  readonly userId: string;
  readonly password: string;
  /** The URL form of the ClientID. */
  readonly clientId: string;
  /** Log in by a digest over the server's nonce. */
  readonly fourWay: boolean;
  /** What a four-way login offers, in order. */
  readonly digestSchemas: readonly string[];
  readonly timeToLiveSeconds: number;
  readonly sessionCookie: string;
  /** BCP 47; goes into the capability list as DefaultLanguage. */
  readonly language: string | undefined;
  /** 1.3: both negotiations ride in the login. */
  readonly fold: boolean;
  /** The CIR methods that are asked for. */
  readonly cir: readonly string[];
}

export type LoginResult =
  | {
      readonly kind: 'logged-in';
      readonly sessionId: string;
      readonly keepAliveSeconds: number | undefined;
      /** How often System Messages were answered. */
      readonly rounds: number;
      /** The capability list of the answer: where the client is called [P9]. */
      readonly capabilities: Element | undefined;
      /** What was wanted, which is everything, and is not available: the Functions of the answer as a set. */
      readonly unavailable: ServiceSet;
    }
  | { readonly kind: 'refused'; readonly code: number; readonly description: string }
  /** The answerer gave up, or there was none. */
  | {
      readonly kind: 'unanswered';
      readonly code: number;
      readonly description: string;
      readonly messages: readonly AskedMessage[];
    };

/** More rounds than a server with sense needs; the next one is given up on. */
const MAX_ROUNDS = 10;

export async function logIn(
  conversation: Conversation,
  credentials: Credentials,
  answer: Answerer | undefined,
): Promise<LoginResult> {
  let responses: Element | undefined;
  let id = conversation.nextTransactionId();
  for (let rounds = 0; ; rounds += 1) {
    const proof = credentials.fourWay
      ? schemas(conversation.version, credentials.digestSchemas)
      : [element('Password', credentials.password)];
    let login = await conversation.request(loginRequest(conversation, credentials, proof, responses), id);
    if (childText(login, 'Nonce') !== undefined && childText(login, 'SessionID') === undefined) {
      const secret = secretFor(login, credentials.password);
      if (secret === undefined)
        return { kind: 'refused', code: 543, description: 'the server wants an unknown digest' };
      login = await conversation.request(loginRequest(conversation, credentials, [secret], undefined), id);
    }
    const { code, description } = outcomeOf(login);
    const sessionId = childText(login, 'SessionID');
    if (code === STATUS.OK && sessionId !== undefined)
      return settleIn(conversation, credentials, login, sessionId, rounds);
    const messages = askedMessages(login);
    if (messages.length === 0) return { kind: 'refused', code, description };
    const choices = rounds < MAX_ROUNDS ? await answer?.(messages) : undefined;
    if (choices === undefined) return { kind: 'unanswered', code, description, messages };
    responses = responseList(messages, choices);
    id = conversation.nextTransactionId();
  }
}

/** 1.1 offers a comma list in one element, later versions an element each [P7.2]. */
function schemas(version: CspVersion, offered: readonly string[]): Element[] {
  return isAtLeast(version, '1.2')
    ? offered.map((schema) => element('DigestSchema', schema))
    : [element('DigestSchema', offered.join(','))];
}

/** What answers a challenge: the digest, or the password itself where the server chose PWD; undefined: schema unknown. */
function secretFor(challenge: Element, password: string): Element | undefined {
  const schema = childText(challenge, 'DigestSchema') ?? 'MD5';
  if (schema === 'PWD') return element('Password', password);
  if (!DIGEST_SCHEMAS.includes(schema)) return undefined;
  return element('DigestBytes', digestBytes(schema, childText(challenge, 'Nonce') ?? '', password));
}

function loginRequest(
  { version }: Conversation,
  credentials: Credentials,
  proof: readonly Element[],
  responses: Element | undefined,
): Element {
  const fold = credentials.fold && version === '1.3';
  return element('Login-Request', [
    element('UserID', credentials.userId),
    clientIdOf(credentials),
    ...proof,
    element('TimeToLive', credentials.timeToLiveSeconds),
    element('SessionCookie', credentials.sessionCookie),
    responses,
    fold ? everything() : undefined,
    fold ? capabilityList(version, credentials) : undefined,
  ]);
}

function clientIdOf({ clientId }: Credentials): Element {
  return element('ClientID', [element('URL', clientId)]);
}

function everything(): Element {
  const features = ['FundamentalFeat', 'PresenceFeat', 'IMFeat', 'GroupFeat'].map((name) => element(name));
  return element('Functions', [element('WVCSPFeat', features)]);
}

/** In the order of the version's content model [P4.3]. */
function capabilityList(version: CspVersion, { language, cir }: Credentials): Element {
  const methods = cir.map((method) => element('SupportedCIRMethod', method));
  const defaultLanguage = language === undefined ? undefined : element('DefaultLanguage', language);
  if (version === '1.3') {
    return element('CapabilityList', [
      element('AcceptedContentType', 'text/plain'),
      element('AcceptedTransferEncoding', 'None'),
      element('ClientType', 'CLI'),
      defaultLanguage,
      element('InitialDeliveryMethod', 'P'),
      element('MultiTrans', 1),
      element('ParserSize', 65_535),
      element('ServerPollMin', 2),
      element('SupportedBearer', 'HTTP'),
      ...methods,
    ]);
  }
  return element('CapabilityList', [
    element('ClientType', 'CLI'),
    element('InitialDeliveryMethod', 'P'),
    element('AcceptedContentType', 'text/plain'),
    element('AcceptedTransferEncoding', 'None'),
    element('AcceptedContentLength', 32_767),
    element('SupportedBearer', 'HTTP'),
    element('MultiTrans', 1),
    element('ParserSize', 65_535),
    ...methods,
    element('ServerPollMin', 2),
    defaultLanguage,
  ]);
}

/** Both negotiations, as far as the login did not hold them; a server that refuses one leaves the session usable. */
async function settleIn(
  conversation: Conversation,
  credentials: Credentials,
  login: Element,
  sessionId: string,
  rounds: number,
): Promise<LoginResult> {
  const { version } = conversation;
  conversation.sessionId = sessionId;
  const named = version === '1.1' ? clientIdOf(credentials) : undefined;
  let functions = child(login, 'Functions');
  let capabilities = child(login, 'AgreedCapabilityList');
  if (!credentials.fold || version !== '1.3') {
    const list = capabilityList(version, credentials);
    const answer = await conversation.request(element('ClientCapability-Request', [named, list]));
    capabilities = child(answer, 'AgreedCapabilityList') ?? child(answer, 'CapabilityList');
    const wanted = [named, everything(), element('AllFunctionsRequest', true)];
    functions = child(await conversation.request(element('Service-Request', wanted)), 'Functions');
  }
  const tree = functions?.children[0];
  return {
    kind: 'logged-in',
    sessionId,
    keepAliveSeconds: childInteger(login, 'KeepAliveTime'),
    rounds,
    capabilities,
    unavailable: tree === undefined ? ServiceSet.NONE : codesOfTree(tree, version),
  };
}
