/**
 * How a conversation begins: the gateway answers a login itself, with a session of its own [X21]. No credential is judged or
 * kept: a password is passed over, a login by digest is challenged with a nonce that nobody remembers, and its answer counts
 * for nothing. Who the user is, the VASP finds out at the login that follows.
 */
import { child, childInteger, childTexts, type Element, element } from '../../csp/element.ts';
import { result, STATUS } from '../../csp/status.ts';
import type { ConverseVerdict } from '../../negotiation/verdict.ts';
import { answerWith, type Reply } from '../exchange.ts';
import { type Login, type LoginParts, loginFields } from '../login.ts';
import { loginRefusal } from '../refusal.ts';
import { askNext } from './asking.ts';
import { agreedCapabilities, loginFunctions } from './negotiation.ts';
import { toldLanguage } from './waiting-sessions.ts';

const NONCE_BYTES = 16;
/** In the order in which they are chosen; a digest that is not looked at may as well be a short one [P7.2]. */
const DIGEST_SCHEMAS = ['MD5', 'SHA', 'MD4', 'MD6', 'PWD'];
/** A client that is told less would do little else than keep its session alive. */
const LEAST_KEEP_ALIVE_SECONDS = 30;

/** Phones know of ids of at most 50 characters [P1.2]. */
const LONGEST_USER_ID = 256;

/** Whether a login is the first phase of four: it offers digest schemas, and proves nothing yet [P7.2]. */
export function wantsChallenge(request: Element): boolean {
  const offers = child(request, 'DigestSchema') !== undefined;
  return offers && child(request, 'Password') === undefined && child(request, 'DigestBytes') === undefined;
}

export function challenge(parts: LoginParts, login: Login): Reply {
  const offered = childTexts(login.primitive, 'DigestSchema').flatMap((text) => text.split(/\s*,\s*/));
  const schema = DIGEST_SCHEMAS.find((known) => offered.includes(known)) ?? offered[0] ?? 'MD5';
  const response = element('Login-Response', [
    child(login.primitive, 'ClientID'),
    result(STATUS.UNAUTHORIZED, 'Please complete the login.'),
    element('Nonce', Buffer.from(parts.secrets.randomBytes(NONCE_BYTES)).toString('hex')),
    element('DigestSchema', schema),
  ]);
  parts.metrics.login(login.facts.vasp, 'challenged');
  return answerWith(login.exchange, response, 'answered');
}

export async function openConversation(parts: LoginParts, login: Login, verdict: ConverseVerdict): Promise<Reply> {
  const { facts, asked, primitive, windowKey } = login;
  const { version, encoding, userId } = facts;
  // Nothing of a stranger is kept that has no bound.
  if (userId.length > LONGEST_USER_ID) {
    const refusal = loginRefusal(primitive, STATUS.BAD_PARAMETER, 'The UserID is too long.');
    return answerWith(login.exchange, refusal, String(STATUS.BAD_PARAMETER));
  }
  const capabilities = version === '1.3' ? child(primitive, 'CapabilityList') : undefined;
  const keepAliveSeconds = keepAliveOf(verdict, childInteger(primitive, 'TimeToLive'));
  const session = askNext(parts, {
    asked,
    windowKey,
    userId,
    version,
    encoding,
    languageTold: toldLanguage(facts.language),
    languageOfVasp: login.exchange.vasp.language,
    setHash: verdict.set.hash,
    toAsk: verdict.policies.map(({ id }) => id),
    question: undefined,
    waiting: [],
    contentBytes: childInteger(capabilities, 'AcceptedContentLength'),
    keepAliveSeconds,
    ending: undefined,
    disconnectId: undefined,
    expiresAt: parts.clock.wall() + keepAliveSeconds * 1000,
  });
  const sessionId = await parts.waiting.open(session);
  parts.metrics.login(facts.vasp, 'asked');
  parts.log.info('conversation opened', { ...loginFields(login), questions: verdict.policies.length });
  const response = element('Login-Response', [
    child(primitive, 'ClientID'),
    result(STATUS.OK, 'Please answer the question that you are sent.'),
    element('SessionID', sessionId),
    element('KeepAliveTime', keepAliveSeconds),
    element('CapabilityRequest', capabilities === undefined),
    version === '1.3' ? loginFunctions(primitive, version) : undefined,
    capabilities === undefined ? undefined : agreedCapabilities(capabilities, version),
  ]);
  return answerWith(login.exchange, response, 'asked');
}

/** No longer than the questions wait, and no longer than the client wants. */
function keepAliveOf({ policies }: ConverseVerdict, askedSeconds: number | undefined): number {
  const longest = Math.ceil(Math.max(...policies.map(({ timeoutMillis }) => timeoutMillis)) / 1000);
  return Math.max(LEAST_KEEP_ALIVE_SECONDS, Math.min(longest, askedSeconds ?? longest));
}
