/**
 * The hub of CIR in the primary, as workers ask it. A primary that does not answer leaves a client to its own polls: no
 * message waits for that, or fails by it.
 */
import type { Cir } from '../cir-ports.ts';

/** @param hub the primary's, which rejects when it does not answer. */
export function remoteCir(hub: Cir): Cir {
  const quietly = (work: Promise<void>): Promise<void> => work.catch(() => undefined);
  return {
    opened: (sessionKey, cookie) => quietly(hub.opened(sessionKey, cookie)),
    agreed: (session) => quietly(hub.agreed(session)),
    heard: (session) => quietly(hub.heard(session)),
    polled: (session) => quietly(hub.polled(session)),
    ring: (sessionKey) => quietly(hub.ring(sessionKey)),
    ringUser: (userKey) => quietly(hub.ringUser(userKey)),
    waits: (sessionKey) => hub.waits(sessionKey).catch(() => undefined),
    ended: (sessionKey) => quietly(hub.ended(sessionKey)),
  };
}
