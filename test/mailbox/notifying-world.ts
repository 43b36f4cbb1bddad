/** An outbox of notifications under a clock that tests move, with a store in memory and bearers that do what they are told. */

import { Notifying } from '../../gateway/mailbox/notifying.ts';
import type {
  Bearer,
  BearerMessage,
  BearerOutcome,
  MailboxStore,
  StoredNotification,
} from '../../gateway/mailbox-ports.ts';
import { LivePolicySets } from '../../gateway/policy/live-sets.ts';
import type { PolicySet } from '../../gateway/policy/model.ts';
import { formatProblem, parsePolicySet } from '../../gateway/policy/parse.ts';
import { notificationText } from '../../gateway/stored-message/sealed.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { createClock, STARTS_AT, secretsOf, TEST_KEY } from '../transcripts/rig.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const WINDOW = 30 * MINUTE;

const SECRETS = secretsOf(TEST_KEY);

export const POLICY = (changes: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    kind: 'off-line-user',
    id: 'waiting',
    keep: '{ messages: 100, bytes: 256KiB, for: 7d }',
    storeOn: '[533, 410]',
    notify:
      '{ bearer: sms, text: { en: "{sender} wrote ({count} waiting).", sv: "{sender} skrev ({count} väntar)." }, atMostEvery: 30m }',
    atLogin:
      '{ message: { en: "{count} wait." }, options: [{ id: login, text: { en: In }, proceed: true }, { id: no, text: { en: No }, deny: { en: Bye } }] }',
    ...changes,
  })
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');

export function setOf(...policies: readonly string[]): PolicySet {
  const files = policies.map((text, index) => ({ path: `${index}.yaml`, text }));
  const parsed = parsePolicySet(files, { hash: (text) => text });
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.set;
}

export interface Sent {
  readonly bearer: string;
  /** Since the start. */
  readonly after: number;
  readonly message: BearerMessage;
}

export class NotifyingWorld {
  readonly clock = createClock(STARTS_AT);
  readonly store: MailboxStore = openMemoryStore().mailbox;
  readonly policies: LivePolicySets;
  readonly sent: Sent[] = [];
  readonly counted: string[] = [];
  readonly logged: string[] = [];
  readonly numbers = new Map([['wv:bob@im.example', '+358501234567']]);
  language: string | undefined;
  /** What bearers answer, by name; without one they take everything. */
  readonly answers = new Map<string, (message: BearerMessage) => BearerOutcome | Promise<BearerOutcome>>();
  notifying: Notifying;
  #deposits = 0;

  constructor(...policies: readonly string[]) {
    this.policies = new LivePolicySets(setOf(...(policies.length === 0 ? [POLICY()] : policies)));
    this.notifying = this.outbox();
  }

  /** Another one on the same store, as after a restart, but for some of its notifications' methods. */
  outbox(changes: Partial<MailboxStore['notifications']> = {}): Notifying {
    const { store } = this;
    const original = store.notifications;
    const notifications: MailboxStore['notifications'] = {
      get: (userKey, policy) => original.get(userKey, policy),
      put: (notification) => original.put(notification),
      due: (now, limit) => original.due(now, limit),
      remove: (userKey, policy) => original.remove(userKey, policy),
      reseal: (...about) => original.reseal(...about),
      slice: (after, limit) => original.slice(after, limit),
      ...changes,
    };
    const note = (event: string, fields: unknown): void => void this.logged.push(`${event} ${JSON.stringify(fields)}`);
    return new Notifying({
      store: { counts: (userKey) => store.counts(userKey), notifications },
      bearers: new Map(['sms', 'hook'].map((name) => [name, this.#bearer(name)])),
      policies: this.policies,
      secrets: SECRETS,
      clock: this.clock,
      log: { info: note, warn: note, error: note },
      metrics: { notification: (bearer, result) => void this.counted.push(`${bearer} ${result}`) },
      numberOf: (_vasp, userId) => this.numbers.get(userId),
      languageOf: () => this.language,
    });
  }

  /** Keeps a message for a user, as a deposit does. */
  async deposit(to: string, from = 'alice', policy = 'waiting', windowMillis = WINDOW): Promise<void> {
    const now = this.clock.wall();
    const vasp = 'verona';
    const content = SECRETS.seal(
      'notification',
      notificationText({ to: `wv:${to}@im.example`, sender: `wv:${from}@im.example` }),
    );
    const outcome = await this.store.put(
      {
        message: {
          id: String(++this.#deposits).padStart(22, '0'),
          kind: 'message',
          userKey: to,
          senderKey: from,
          vasp,
          policy,
          storedAt: now,
          expiresAt: now + 7 * 24 * HOUR,
          bytes: 5,
          envelope: Buffer.from('sealed'),
        },
        content: undefined,
        duplicate: undefined,
        quota: undefined,
        notification: { userKey: to, policy, vasp, bearer: 'sms', at: now, windowMillis, content },
      },
      1_000_000,
    );
    if (outcome.kind !== 'stored') throw new Error(outcome.kind);
  }

  /** The user gets everything, and acknowledges it. */
  async readAll(user: string): Promise<void> {
    const waiting = await this.store.waiting(user, 1_000);
    await this.store.end(
      waiting.map(({ id }) => id),
      [],
    );
  }

  /** One look, and all that it led to. */
  async look(): Promise<void> {
    await this.notifying.sweep();
    await this.notifying.settled();
  }

  /** Time goes by, with a look every so often. */
  async pass(millis: number, every = SECOND): Promise<void> {
    for (let left = millis; left > 0; left -= every) {
      this.clock.advance(Math.min(every, left));
      await this.look();
    }
  }

  row(user: string, policy = 'waiting'): Promise<StoredNotification | undefined> {
    return this.store.notifications.get(user, policy);
  }

  texts(): string[] {
    return this.sent.map(({ message }) => message.text);
  }

  times(): number[] {
    return this.sent.map(({ after }) => after);
  }

  #bearer(name: string): Bearer {
    return {
      send: async (message) => {
        this.sent.push({ bearer: name, after: this.clock.monotonic(), message });
        return (await this.answers.get(name)?.(message)) ?? { kind: 'sent' };
      },
      close: async () => undefined,
    };
  }
}
