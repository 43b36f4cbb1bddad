/** An admin listener with the mailbox's part of the API alone, over a store in memory, and messages in it of users whose names show where they should not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../gateway/admin/api.ts';
import { mailboxRoutes } from '../../gateway/admin/api-mailbox.ts';
import { openMetrics } from '../../gateway/admin/metrics.ts';
import { type AdminServer, createAdminServer } from '../../gateway/admin/server.ts';
import { openAdminToken } from '../../gateway/admin/token.ts';
import { createMailboxOffice } from '../../gateway/mailbox/office.ts';
import type { Deposit, MailboxStore, StoredNotification } from '../../gateway/mailbox-ports.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { type Answer, call, TOKEN } from '../main/admin-calls.ts';

/** Stands where names and contents are sealed, so that tests find it where it should not be. */
export const CANARY = 'sealed-name-or-content';
export const SEALED = new TextEncoder().encode(CANARY);
export const NOW = Date.UTC(2026, 10, 23, 12);
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** A key as the store wants one, recognisable. */
export const keyOf = (vasp: string, user: string): string =>
  Buffer.from(`${vasp}/${user}`.padEnd(16, '.').slice(0, 16)).toString('base64url');

/** The id of the message with that number. */
export const idOf = (number: number): string => Buffer.from(String(number).padStart(16, '0')).toString('base64url');

export class MailboxWorld {
  /** Users whose sessions were told. */
  readonly changed: string[] = [];
  readonly logged: unknown[] = [];
  readonly store: MailboxStore = openMemoryStore().mailbox;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sapgw-mailbox-'));
  readonly tokenFile = join(this.#folder, 'token');
  readonly #metrics = openMetrics();
  readonly #server: AdminServer;
  url = '';

  constructor() {
    writeFileSync(this.tokenFile, TOKEN);
    const log = { info: this.#note, warn: this.#note, error: this.#note };
    const office = createMailboxOffice({
      store: this.store,
      vasps: ['one', 'two'],
      userKey: keyOf,
      changed: (userKeys) => void this.changed.push(...userKeys),
      metrics: this.#metrics,
      clock: { wall: () => NOW },
      log,
    });
    const token = openAdminToken(this.tokenFile, { monotonic: () => 0 });
    this.#server = createAdminServer({
      ready: new Map(),
      metrics: this.#metrics,
      status: () => ({}),
      api: createApi({ routes: mailboxRoutes(office), token, log }),
    });
  }

  #note = (...told: readonly unknown[]): void => {
    this.logged.push(told);
  };

  async open(): Promise<this> {
    const { port } = await this.#server.listen({ host: '127.0.0.1', port: 0 });
    this.url = `http://127.0.0.1:${port}`;
    return this;
  }

  async close(): Promise<void> {
    await this.#server.close();
    rmSync(this.#folder, { recursive: true });
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return call(this.url, method, `mailbox${path}`, body);
  }

  async counted(result: string): Promise<number> {
    const { text } = await this.#metrics.scrape();
    return Number(new RegExp(`^sapgw_mailbox_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
  }

  /** Stored an hour ago for a week unless told. */
  async keep(number: number, vasp: string, user: string, change: Partial<Deposit['message']> = {}): Promise<string> {
    const message: Deposit['message'] = {
      id: idOf(number),
      kind: 'message',
      userKey: keyOf(vasp, user),
      senderKey: keyOf(vasp, 'sender'),
      vasp,
      policy: 'away',
      storedAt: NOW - HOUR,
      expiresAt: NOW - HOUR + 7 * DAY,
      bytes: 10,
      envelope: SEALED,
      ...change,
    };
    const rest = { content: SEALED, duplicate: undefined, quota: undefined, notification: undefined };
    await this.store.put({ message, ...rest }, 1_000_000);
    return message.id;
  }

  async notify(user: string, policy: string, change: Partial<StoredNotification> = {}): Promise<void> {
    await this.store.notifications.put({
      userKey: keyOf('one', user),
      policy,
      vasp: 'one',
      bearer: 'sms',
      at: NOW - HOUR,
      windowMillis: HOUR,
      content: SEALED,
      state: 'failed',
      dueAt: NOW - HOUR,
      tries: 5,
      sentAt: undefined,
      failure: 'no-number',
      ...change,
    });
  }
}
