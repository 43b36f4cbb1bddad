/** Records that store tests write. Free of the test runner, so that child processes use them too. */

import { createHash, createHmac } from 'node:crypto';
import type { AuditRecord, ShownText } from '../../gateway/audit-ports.ts';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import type { Deposit, NotificationWish } from '../../gateway/mailbox-ports.ts';
import type { Acceptance, Accepted, SessionRecord } from '../../gateway/ports.ts';
import type { MessageRecord } from '../../gateway/system-message-ports.ts';

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

export const TEXT = shown('Messages cost EUR 0.10 each. Accept?\n1 Accept\n2 Decline');
export const OTHER_TEXT = shown('Meddelanden kostar 0,10 EUR styck.');

export function shown(text: string): ShownText {
  return { hash: createHash('sha256').update(text).digest('hex'), text };
}

/** A record with an id of its own for each number. */
export function record(number: number, change: Partial<AuditRecord> = {}): AuditRecord {
  return {
    id: idOf(`record ${number}`),
    user: KEY,
    vasp: 'friendly-im',
    policy: 'advice-of-charge',
    version: 3,
    outcome: 'accepted',
    option: 'accept',
    text: TEXT.hash,
    language: 'en',
    presentedAt: 1_700_000_000_000 + number,
    decidedAt: 1_700_000_020_000 + number,
    tries: 1,
    way: 'system-message',
    level: 'full',
    granted: ['full'],
    csp: '1.2',
    charge: { amount: '0.10', currency: 'EUR', per: 'message', estimate: false },
    ...change,
  };
}

/** A keyed hash, as `Secrets` makes them. */
export function idOf(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

export function accepted(records: readonly AuditRecord[], change: Partial<Accepted> = {}): Accepted {
  return { remember: [], records, texts: [TEXT, OTHER_TEXT], ...change };
}

/** A login of which only acceptances are kept. */
export function remembering(remember: readonly Acceptance[]): Accepted {
  return { remember, records: [], texts: [] };
}

/** A seal as the gateway's keys make them. */
export function seal(text: string): string {
  return createHmac('sha256', 'a key of the tests').update(text).digest('base64url').slice(0, 22);
}

/** An open message with an id of its own for each number. */
export function message(number: number, change: Partial<MessageRecord> = {}): MessageRecord {
  return {
    id: idOf(`message ${number}`),
    userKey: KEY,
    vasp: 'friendly-im',
    policy: 'presence-notice',
    version: 3,
    definition: idOf('a definition'),
    sequence: number,
    aboutKey: undefined,
    about: undefined,
    broadcast: undefined,
    state: 'open',
    createdAt: 1_700_000_000_000 + number,
    expiresAt: 1_700_086_400_000 + number,
    sentAt: undefined,
    tries: 0,
    deliveredAt: undefined,
    answeredAt: undefined,
    option: undefined,
    way: undefined,
    endedAt: undefined,
    ...change,
  };
}

/** What a message may have besides. The seal is as long as that of a user id. */
export const EVERYTHING_OF_A_MESSAGE: Partial<MessageRecord> = {
  aboutKey: OTHER_KEY,
  about: Uint8Array.from({ length: 54 }, (_, at) => at * 5),
  broadcast: 'spring-notice',
  state: 'answered',
  sentAt: 1_700_000_001_000,
  tries: 3,
  deliveredAt: 1_700_000_002_000,
  answeredAt: 1_700_000_003_000,
  option: 'allow',
  way: 'conversation',
  endedAt: 1_700_000_003_000,
};

/** A deposit with an id of its own for each number. */
export function deposit(
  number: number,
  change: Partial<Deposit['message']> = {},
  rest: Partial<Omit<Deposit, 'message'>> = {},
): Deposit {
  return {
    message: {
      id: idOf(`deposit ${number}`),
      kind: 'message',
      userKey: KEY,
      senderKey: OTHER_KEY,
      vasp: 'friendly-im',
      policy: 'away',
      storedAt: 1_700_000_000_000 + number,
      expiresAt: 1_700_600_000_000 + number,
      bytes: 200,
      envelope: Uint8Array.from({ length: 260 }, (_, at) => at ^ number),
      ...change,
    },
    content: Uint8Array.from({ length: 230 }, (_, at) => at + number),
    duplicate: undefined,
    quota: undefined,
    notification: undefined,
    ...rest,
  };
}

/** A delivery report. */
export function report(number: number, change: Partial<Deposit['message']> = {}): Deposit {
  return deposit(number, { kind: 'report', bytes: 0, ...change }, { content: undefined });
}

export function wish(change: Partial<NotificationWish> = {}): NotificationWish {
  return {
    userKey: KEY,
    policy: 'away',
    vasp: 'friendly-im',
    bearer: 'sms',
    at: 1_000,
    windowMillis: 600_000,
    content: Uint8Array.of(1, 2, 3),
    ...change,
  };
}
