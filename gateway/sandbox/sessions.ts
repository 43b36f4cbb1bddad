/**
 * How sessions begin, go on and end [P10]: a login replaces the older session of the same user and client, silence longer
 * than the KeepAliveTime ends one, and what was not delivered waits for the user's next session.
 */
import { childInteger, type Element, element } from '../csp/element.ts';
import { result, STATUS, status } from '../csp/status.ts';
import { type Call, clientKey, ok } from './call.ts';
import { presenceChanged } from './presence.ts';
import type { SandboxSession, SandboxState, SandboxUser } from './state.ts';

/** How long an expired session is answered with 600 and not 604. */
const REMEMBER_EXPIRED_MILLIS = 3_600_000;
const SWEEP_EVERY_MILLIS = 1000;
const ONLINE_STATUS: ReadonlySet<string> = new Set(['OnlineStatus', 'UserAvailability']);

/** The KeepAliveTime for what the client asked. */
export function grantedSeconds(state: SandboxState, askedSeconds: number | undefined): number {
  const { keepAliveMaxSeconds } = state.settings;
  return Math.max(1, Math.min(askedSeconds ?? keepAliveMaxSeconds, keepAliveMaxSeconds));
}

export function openSession(
  state: SandboxState,
  user: SandboxUser,
  clientId: Element | undefined,
  askedSeconds: number | undefined,
  { version, cookie }: Pick<SandboxSession, 'version' | 'cookie'>,
): SandboxSession {
  const key = clientKey(clientId);
  for (const older of user.sessions) if (clientKey(older.clientId) === key) endSession(state, older);
  const session: SandboxSession = {
    id: state.newSecret(),
    user,
    clientId,
    version,
    cookie,
    cirSecret: state.newSecret(),
    channel: undefined,
    keepAliveSeconds: grantedSeconds(state, askedSeconds),
    lastHeardAt: state.now(),
    deliveryMethod: 'P',
    pushLimitBytes: Number.POSITIVE_INFINITY,
    waiting: [...user.messages.keys()].map((messageId) => ({ kind: 'message', messageId })),
    outstanding: new Map(),
    searches: new Map(),
    autoSubscribed: new Map(),
  };
  state.sessions.set(session.id, session);
  user.sessions.add(session);
  if (user.sessions.size === 1) presenceChanged(user, ONLINE_STATUS);
  return session;
}

export function endSession(state: SandboxState, session: SandboxSession): void {
  const { user } = session;
  state.sessions.delete(session.id);
  user.sessions.delete(session);
  session.channel?.close();
  for (const watched of state.users.values()) watched.watchers.delete(session.id);
  if (user.sessions.size === 0) presenceChanged(user, ONLINE_STATUS);
}

function hasExpired(session: SandboxSession, now: number): boolean {
  return now > session.lastHeardAt + session.keepAliveSeconds * 1000;
}

function expire(state: SandboxState, session: SandboxSession): void {
  state.expired.set(session.id, state.now());
  endSession(state, session);
}

/** Ends what has expired and forgets what need not be remembered; at most once a second. */
export function sweep(state: SandboxState): void {
  const now = state.now();
  if (now < state.nextSweepAt) return;
  state.nextSweepAt = now + SWEEP_EVERY_MILLIS;
  for (const session of state.sessions.values()) if (hasExpired(session, now)) expire(state, session);
  for (const [id, at] of state.expired) if (now > at + REMEMBER_EXPIRED_MILLIS) state.expired.delete(id);
  for (const [key, challenge] of state.challenges) if (now > challenge.expiresAt) state.challenges.delete(key);
}

/** The live session of that id, its silence ended; or the Status that says why there is none. */
export function heard(state: SandboxState, sessionId: string | undefined): SandboxSession | Element {
  const session = sessionId === undefined ? undefined : state.sessions.get(sessionId);
  const now = state.now();
  if (session !== undefined && !hasExpired(session, now)) {
    session.lastHeardAt = now;
    return session;
  }
  if (session !== undefined) expire(state, session);
  return sessionId !== undefined && state.expired.has(sessionId)
    ? status(STATUS.SESSION_EXPIRED, 'The session has expired; please log in again.')
    : status(STATUS.INVALID_SESSION, 'There is no such session; please log in.');
}

export function keepAlive({ state, session, request }: Call): Element {
  const asked = childInteger(request, 'TimeToLive');
  if (asked === undefined) return element('KeepAlive-Response', [result(STATUS.OK)]);
  session.keepAliveSeconds = grantedSeconds(state, asked);
  return element('KeepAlive-Response', [result(STATUS.OK), element('KeepAliveTime', session.keepAliveSeconds)]);
}

export function logout({ state, session, version }: Call): Element {
  endSession(state, session);
  return version === '1.1' ? element('Disconnect', [result(STATUS.OK)]) : ok();
}
