/** Records that store tests write. Free of the test runner, so that child processes use them too. */
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import type { Acceptance, SessionRecord } from '../../gateway/ports.ts';

export const KEY = 'AAAAAAAAAAAAAAAAAAAAAA';
export const OTHER_KEY = 'BBBBBBBBBBBBBBBBBBBBBA';

export function session(change: Partial<SessionRecord> = {}): SessionRecord {
  return {
    vasp: 'friendly-im',
    userKey: 'CCCCCCCCCCCCCCCCCCCCCA',
    clientKey: 'DDDDDDDDDDDDDDDDDDDDDA',
    granted: ServiceSet.ofCodes(['MM', 'GETJU', 'GETSPI']),
    version: '1.2',
    encoding: 'wbxml',
    openedAt: 1_700_000_000_123,
    keepAliveSeconds: 120,
    expiresAt: 1_700_000_120_123,
    ...change,
  };
}

export function acceptance(change: Partial<Acceptance> = {}): Acceptance {
  return { policy: 'aoc', version: 3, option: 'accept', acceptedAt: 1_700_000_000_000, ...change };
}
