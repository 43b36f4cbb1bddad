/**
 * All sessions of one machine that agreed on CIR [X42, X51, X52]. What is durable of a session is its record in the store;
 * what is here goes with the process and is made again when the client is heard of: by a message, by its `HELO`, by a question
 * at its SHTTP address, or because something waits for it.
 */
import { LRUCache } from 'lru-cache';
import { sessionKeyOf } from '../chain/identity.ts';
import type { Cir, CirMetrics, CirSession } from '../cir-ports.ts';
import type { Clock, Log, Secrets, SessionRecord, SessionStore } from '../ports.ts';
import { CalledSession, type CalledSessionParts, type CalledSessionSettings } from './called-session.ts';
import { type ClientChannel, DEFAULT_CALLS } from './client-calls.ts';
import type { Schedule, Timer } from './schedule.ts';
import { SessionsOfUsers } from './sessions-of-users.ts';
import { DEFAULT_VASP_LINE } from './vasp-line.ts';
import type { VaspAsker } from './vasp-poll.ts';

export interface CirHubSettings extends CalledSessionSettings {
  /** Channels to one VASP at the same time; sessions beyond are called blindly. */
  readonly vaspChannels: (vasp: string) => number;
  /** Sessions with CIR at the same time; those beyond have none. */
  readonly sessions: number;
  /** Cookies that are remembered of sessions that have not agreed on CIR yet. */
  readonly cookies: number;
  /** How often the store is asked whether a session is still there. */
  readonly checkMillis: number;
}

export const DEFAULT_CIR_HUB: CirHubSettings = {
  calls: DEFAULT_CALLS,
  line: DEFAULT_VASP_LINE,
  pollMillis: 10_000,
  blindMillis: 60_000,
  vaspChannels: () => 20_000,
  sessions: 200_000,
  cookies: 100_000,
  checkMillis: 600_000,
};

export interface CirHubParts {
  readonly settings: CirHubSettings;
  readonly vasps: readonly string[];
  readonly sessions: Pick<SessionStore, 'get'>;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: () => number;
  readonly metrics: CirMetrics;
  readonly log: Log;
  readonly asker: VaspAsker;
  readonly sendDatagram: ((text: string, host: string, port: number) => void) | undefined;
}

interface Entry {
  readonly called: CalledSession;
  check: Timer;
}

/** Of one VASP. */
interface Channels {
  taken: number;
  connected: number;
  /** Monotonic milliseconds before which its trouble is not told again. */
  quietUntil: number;
}

const QUIET_MILLIS = 60_000;

export class CirHub implements Cir {
  readonly #parts: CirHubParts;
  readonly #entries = new Map<string, Entry>();
  readonly #users = new SessionsOfUsers();
  readonly #cookies: LRUCache<string, string>;
  readonly #channels = new Map<string, Channels>();
  readonly #called: CalledSessionParts;

  constructor(parts: CirHubParts) {
    this.#parts = parts;
    this.#cookies = new LRUCache({ max: parts.settings.cookies });
    this.#called = {
      ...parts,
      now: () => parts.clock.monotonic(),
      takeRoom: (vasp) => this.#takeRoom(vasp),
      giveRoom: (vasp) => {
        this.#channelsOf(vasp).taken -= 1;
      },
      connected: (vasp, by) => this.#connected(vasp, by),
      trouble: (vasp) => {
        if (this.#mayTell(vasp)) this.#parts.log.warn('CIR channels to a VASP fail', { vasp });
      },
    };
  }

  async opened(sessionKey: string, cookie: string): Promise<void> {
    // The same SessionID again: a session that was resumed, and negotiates anew.
    this.#end(sessionKey);
    if (cookie !== '') this.#cookies.set(sessionKey, cookie);
  }

  async agreed(session: CirSession): Promise<void> {
    this.#take(session);
  }

  async heard(session: CirSession): Promise<void> {
    const isKnown = this.#entries.has(session.key);
    const entry = this.#take(session);
    // Nobody knows what the VASP has called for in the meantime.
    if (!isKnown) entry?.called.calls.ring();
  }

  async polled(session: CirSession): Promise<void> {
    this.#take(session)?.called.calls.polled();
  }

  async ring(sessionKey: string): Promise<void> {
    const entry = this.#entries.get(sessionKey) ?? (await this.#restore(sessionKey, ''));
    entry?.called.calls.ring();
  }

  async ringUser(userKey: string): Promise<void> {
    for (const key of this.#users.of(userKey)) this.#entries.get(key)?.called.calls.ring();
  }

  async waits(sessionKey: string): Promise<boolean | undefined> {
    const entry = this.#entries.get(sessionKey) ?? (await this.#restore(sessionKey, ''));
    if (entry?.called.session.agreement.shttp !== true) return undefined;
    if (entry.called.calls.isWaiting) this.#parts.metrics.cirRing('shttp');
    return entry.called.calls.isWaiting;
  }

  async ended(sessionKey: string): Promise<void> {
    this.#end(sessionKey);
  }

  /**
   * A client says HELO on a channel of its own: it is called there from now on. `ready` runs before the first call.
   * Undefined when there is no such session, or it has not agreed on STCP; otherwise whether an older channel gave way.
   */
  async attach(
    sessionId: string,
    channel: ClientChannel,
    ready: () => void,
  ): Promise<{ readonly key: string; readonly replaced: boolean } | undefined> {
    for (const vasp of this.#parts.vasps) {
      const key = sessionKeyOf(this.#parts.secrets, vasp, sessionId);
      const attached = await this.attachTo(key, sessionId, channel, ready);
      if (attached !== undefined) return { key, ...attached };
    }
    return undefined;
  }

  /** The same where it is known which session it is. */
  async attachTo(
    key: string,
    sessionId: string,
    channel: ClientChannel,
    ready: () => void,
  ): Promise<{ readonly replaced: boolean } | undefined> {
    const entry = this.#entries.get(key) ?? (await this.#restore(key, sessionId));
    if (entry?.called.session.agreement.stcp !== true) return undefined;
    const { called } = entry;
    if (called.session.id === '') called.update({ ...called.session, id: sessionId });
    ready();
    return { replaced: called.calls.attach(channel) };
  }

  /** Sessions that another node looks after from now on: their channels to VASPs are closed, those of clients stay open. */
  letGo(isMeant: (sessionKey: string) => boolean): void {
    for (const [key, { called }] of [...this.#entries]) {
      if (!isMeant(key)) continue;
      const { channel } = called.calls;
      if (channel !== undefined) called.calls.detach(channel);
      this.#end(key);
    }
  }

  /** The channel is gone. */
  detach(sessionKey: string, channel: ClientChannel): void {
    this.#entries.get(sessionKey)?.called.calls.detach(channel);
  }

  /** Everything is closed; the sessions themselves go on, in the store. */
  close(): void {
    for (const key of [...this.#entries.keys()]) this.#end(key);
  }

  #take(session: CirSession): Entry | undefined {
    const known = this.#entries.get(session.key);
    if (known !== undefined) {
      known.called.update(session);
      return known;
    }
    const { settings, metrics, log } = this.#parts;
    if (this.#entries.size >= settings.sessions) {
      metrics.cirVasp(session.vasp, 'full');
      if (this.#mayTell(session.vasp)) log.warn('sessions with CIR are full', { vasp: session.vasp });
      return undefined;
    }
    const { key } = session;
    const called = new CalledSession(this.#called, session, this.#cookies.get(key));
    this.#cookies.delete(key);
    const entry = { called, check: this.#checkLater(key, session.expiresAt) };
    this.#entries.set(key, entry);
    this.#users.add(session.userKey, key);
    return entry;
  }

  /** A session that is in the store and not here: after a restart. */
  async #restore(key: string, id: string): Promise<Entry | undefined> {
    const record = await this.#live(key);
    if (record?.cir === undefined) return undefined;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const { vasp, userKey, version, cir: agreement, expiresAt } = record;
    const entry = this.#take({ key, vasp, userKey, id, version, agreement, expiresAt });
    entry?.called.calls.ring();
    return entry;
  }

  async #live(key: string): Promise<SessionRecord | undefined> {
    try {
      const record = await this.#parts.sessions.get(key);
      return record !== undefined && this.#parts.clock.wall() < record.expiresAt ? record : undefined;
    } catch {
      this.#parts.log.error('a session cannot be read', { session: key });
      return undefined;
    }
  }

  #checkLater(key: string, expiresAt: number): Timer {
    const { schedule, clock, settings } = this.#parts;
    const left = Math.max(expiresAt - clock.wall(), 1_000);
    return schedule.after(Math.min(left, settings.checkMillis), () => void this.#check(key));
  }

  /** A session ends in the store when it expires or an operator removes it, and nobody tells. */
  async #check(key: string): Promise<void> {
    const record = await this.#live(key);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (record?.cir === undefined) this.#end(key);
    else entry.check = this.#checkLater(key, record.expiresAt);
  }

  #end(key: string): void {
    this.#cookies.delete(key);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#users.remove(entry.called.session.userKey, key);
    entry.check.cancel();
    entry.called.close();
  }

  #channelsOf(vasp: string): Channels {
    const known = this.#channels.get(vasp);
    if (known !== undefined) return known;
    const channels = { taken: 0, connected: 0, quietUntil: 0 };
    this.#channels.set(vasp, channels);
    return channels;
  }

  #takeRoom(vasp: string): boolean {
    const channels = this.#channelsOf(vasp);
    if (channels.taken >= this.#parts.settings.vaspChannels(vasp)) {
      this.#parts.metrics.cirVasp(vasp, 'full');
      if (this.#mayTell(vasp)) this.#parts.log.warn('CIR channels to a VASP are full', { vasp });
      return false;
    }
    channels.taken += 1;
    return true;
  }

  #connected(vasp: string, by: 1 | -1): void {
    this.#channelsOf(vasp).connected += by;
    let all = 0;
    for (const { connected } of this.#channels.values()) all += connected;
    this.#parts.metrics.cirConnections('vasp', all);
  }

  /** Once a minute for each VASP: what befalls one session befalls thousands. */
  #mayTell(vasp: string): boolean {
    const channels = this.#channelsOf(vasp);
    const now = this.#parts.clock.monotonic();
    if (now < channels.quietUntil) return false;
    channels.quietUntil = now + QUIET_MILLIS;
    return true;
  }
}
