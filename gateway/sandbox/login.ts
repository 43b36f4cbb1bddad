/**
 * Login in two steps (password) and in four (digest over a nonce) [P7]. Nobody is registered on the fly: a user whom the
 * sandbox does not know is refused with 531, a wrong password or digest with 409. SystemMessageResponseList is accepted
 * and means nothing here, as in the servers that are known [P17].
 */
import { child, childInteger, childText, childTexts, type Element, element } from '../csp/element.ts';
import { result, STATUS } from '../csp/status.ts';
import { CODE, clientKey, type OutbandCall } from './call.ts';
import { DIGEST_SCHEMAS, digestBytes, sameSecret } from './digest.ts';
import { agreedCapabilityList, applyCapabilities, unavailableFunctions } from './negotiation.ts';
import { openSession } from './sessions.ts';
import type { SandboxUser } from './state.ts';

const CHALLENGE_MILLIS = 120_000;
const MAX_CHALLENGES = 10_000;

export function login(call: OutbandCall): Element {
  const { state, request } = call;
  const user = state.userOf(childText(request, 'UserID'));
  if (user === undefined) return refusal(call, CODE.UNKNOWN_USER, 'There is no such user here.');
  const password = childText(request, 'Password');
  if (password !== undefined) {
    return sameSecret(password, user.password)
      ? accept(call, user)
      : refusal(call, CODE.WRONG_PASSWORD, 'Wrong password.');
  }
  const digest = childText(request, 'DigestBytes');
  return digest === undefined ? challenge(call, user) : checkDigest(call, user, digest);
}

function challengeKey(user: SandboxUser, request: Element): string {
  return `${user.id} ${clientKey(child(request, 'ClientID'))}`;
}

function challenge(call: OutbandCall, user: SandboxUser): Element {
  const { state, request } = call;
  const offered = childTexts(request, 'DigestSchema').flatMap((text) => text.split(/\s*,\s*/));
  const schema = [...DIGEST_SCHEMAS, 'PWD'].find((name) => offered.includes(name));
  if (schema === undefined) {
    return refusal(
      call,
      CODE.NO_DIGEST_SCHEMA,
      `Of the digest schemas only ${DIGEST_SCHEMAS.join(' and ')} are known.`,
    );
  }
  const nonce = state.newSecret();
  if (state.challenges.size < MAX_CHALLENGES) {
    state.challenges.set(challengeKey(user, request), { nonce, schema, expiresAt: state.now() + CHALLENGE_MILLIS });
  }
  return element('Login-Response', [
    child(request, 'ClientID'),
    result(state.settings.challengeCode, 'Please complete the login.'),
    element('Nonce', nonce),
    element('DigestSchema', schema),
  ]);
}

function checkDigest(call: OutbandCall, user: SandboxUser, digest: string): Element {
  const { state, request } = call;
  const key = challengeKey(user, request);
  const asked = state.challenges.get(key);
  state.challenges.delete(key);
  const right =
    asked !== undefined &&
    asked.schema !== 'PWD' &&
    asked.expiresAt >= state.now() &&
    sameSecret(digest, digestBytes(asked.schema, asked.nonce, user.password));
  return right
    ? accept(call, user)
    : refusal(call, CODE.WRONG_PASSWORD, 'Wrong password, or a digest over an old nonce.');
}

function accept(call: OutbandCall, user: SandboxUser): Element {
  const { state, request, version } = call;
  const clientId = child(request, 'ClientID');
  const resumed = childText(request, 'SessionID');
  const session =
    version === '1.3' && resumed !== undefined
      ? [...user.sessions].find(({ id, clientId: own }) => id === resumed && clientKey(own) === clientKey(clientId))
      : openSession(state, user, clientId, childInteger(request, 'TimeToLive'), {
          version,
          cookie: childText(request, 'SessionCookie') ?? '',
        });
  if (session === undefined) {
    return refusal(call, CODE.SESSION_NOT_RECOVERED, 'That session is gone; please log in without it.');
  }
  session.lastHeardAt = state.now();
  const functions = version === '1.3' ? child(request, 'Functions') : undefined;
  const capabilities = version === '1.3' ? child(request, 'CapabilityList') : undefined;
  if (capabilities !== undefined) applyCapabilities(session, capabilities);
  return element('Login-Response', [
    clientId,
    result(STATUS.OK, 'Successfully completed.'),
    element('SessionID', session.id),
    element('KeepAliveTime', session.keepAliveSeconds),
    element('CapabilityRequest', capabilities === undefined),
    functions === undefined ? undefined : unavailableFunctions(functions, version),
    capabilities === undefined ? undefined : agreedCapabilityList(state, session, capabilities, version),
  ]);
}

function refusal({ request }: OutbandCall, code: number, description: string): Element {
  return element('Login-Response', [child(request, 'ClientID'), result(code, description)]);
}
