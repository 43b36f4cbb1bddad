/**
 * The sendings of operators: begun, carried out at their rate, cancelled, reported, and gone on with after a restart. A
 * sending is in the store before it is acknowledged, a message has an id that follows from sending and user, and the place
 * that was reached is written behind the messages: whatever is done twice is known, and nothing is left out.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PolicySets } from '../policy/live-sets.ts';
import type { Clock, Log, NoteStore, Secrets, SessionStore } from '../ports.ts';
import type { MessageRecord, SystemMessageStore } from '../system-message-ports.ts';
import { NO_MESSAGES } from './broadcast-counts.ts';
import {
  type BroadcastDesk,
  type BroadcastOrder,
  type BroadcastReport,
  type BroadcastTarget,
  type CancelOutcome,
  KEPT_BROADCASTS,
  MOST_PER_SECOND,
  type SendOutcome,
} from './broadcast-model.ts';
import { keepBroadcast, readBroadcasts } from './broadcast-notes.ts';
import { judgeOrder } from './broadcast-order.ts';
import { countFromRecords } from './broadcast-recount.ts';
import { BEGINNING, Sending, type SendingParts } from './broadcast-sending.ts';
import { userHint } from './broadcast-user.ts';

export interface BroadcastParts {
  readonly desk: BroadcastDesk;
  readonly sessions: Pick<SessionStore, 'slice' | 'ofUser'>;
  readonly messages: Pick<SystemMessageStore, 'slice'>;
  readonly notes: NoteStore;
  readonly policies: Pick<PolicySets, 'current'>;
  readonly secrets: Pick<Secrets, 'keyedHash' | 'unseal' | 'randomBytes'>;
  readonly clock: Clock;
  readonly log: Log;
  /** In the order of the configuration. */
  readonly vasps: readonly string[];
  readonly userKey: (vasp: string, userId: string) => string;
  /** Open sessions, as they were counted last: for telling how far a sending is. */
  readonly sessionCount: () => number;
  /** Runs something again and again until what it returns is called; the machine's timers when absent. */
  readonly every?: (millis: number, run: () => void) => () => void;
}

const SLICE_MILLIS = 50;
/** All sendings together, in one slice. */
const MOST_MESSAGES = MOST_PER_SECOND / 20;
/** Sessions looked at in one slice, of all sendings: a tenth of one processor's time. */
const MOST_LOOKS = 1_000;
/** How often a sending that is under way is written, and tried again where the store or the desk failed. */
const KEEP_MILLIS = 1_000;
/** How often counts of ended messages are written: oftener than their records are dropped. */
const RECOUNT_MILLIS = 86_400_000;
const ID_BYTES = 6;

export class Broadcasts {
  readonly #parts: BroadcastParts;
  readonly #sendingParts: SendingParts;
  readonly #every: (millis: number, run: () => void) => () => void;
  /** By id, the newest last. */
  readonly #sendings = new Map<string, Sending>();
  readonly #stopRecounting: () => void;
  #stopTicking: (() => void) | undefined;
  /** What is done to sendings is done in turn. */
  #turn: Promise<void> = Promise.resolve();
  #isTickDue = false;
  #keptAt = Number.NEGATIVE_INFINITY;
  #restUntil = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  private constructor(parts: BroadcastParts) {
    this.#parts = parts;
    this.#sendingParts = { ...parts, yielded: () => nextTurn() };
    this.#every = parts.every ?? everyByMachine;
    this.#stopRecounting = this.#every(RECOUNT_MILLIS, () => void this.recount());
  }

  /**
   * Reads what is kept, counts the messages in the store, and goes on with what was under way. The desk must be open, and
   * nothing may change its messages until this has resolved. Rejects when the store cannot be read.
   */
  static async open(parts: BroadcastParts): Promise<Broadcasts> {
    const broadcasts = new Broadcasts(parts);
    const { kept, unreadable } = await readBroadcasts(parts.notes);
    for (const one of kept.toReversed()) {
      const sending = new Sending(one, broadcasts.#sendingParts);
      broadcasts.#sendings.set(one.origin.id, sending);
    }
    for (const place of unreadable) parts.log.error('an operator message cannot be read', { place });
    await countFromRecords(parts, broadcasts.#sendings, true);
    for (const sending of broadcasts.#sendings.values()) sending.withdrawIfCancelled();
    broadcasts.#tickWhileNeeded();
    return broadcasts;
  }

  /** A message of any kind came to be, or is another than before. */
  changed(record: MessageRecord, before: MessageRecord | undefined): void {
    if (record.broadcast !== undefined) this.#sendings.get(record.broadcast)?.counts.changed(record, before);
  }

  /** The newest first. */
  list(): readonly BroadcastReport[] {
    return [...this.#sendings.values()].reverse().map((sending) => this.#report(sending));
  }

  get(id: string): BroadcastReport | undefined {
    const sending = this.#sendings.get(id);
    return sending === undefined ? undefined : this.#report(sending);
  }

  /**
   * Begins a sending; it is durable when this resolves, and goes on from then on.
   * @param by who orders it; a word for the log
   */
  async send(order: BroadcastOrder, by: string): Promise<SendOutcome> {
    const { policies, vasps, clock, secrets, notes, log, userKey } = this.#parts;
    const judged = judgeOrder(order, policies.current(), vasps, clock.wall());
    if (judged.kind === 'refused') return judged;
    const { policy, vasp, perSecond } = judged;
    const to: BroadcastTarget =
      order.to.kind === 'user' ? { kind: 'user', userKey: userKey(vasp ?? '', order.to.user) } : order.to;
    const sending = await this.#alone(async () => {
      const place = this.#freePlace();
      if (place === undefined) return undefined;
      const id = Buffer.from(secrets.randomBytes(ID_BYTES)).toString('hex');
      const begun = {
        place,
        origin: { id, policy, to, vasp, perSecond, since: clock.wall() },
        progress: BEGINNING,
        ended: { until: 0, counts: NO_MESSAGES },
      };
      await keepBroadcast(notes, begun);
      for (const [other, old] of this.#sendings) if (old.place === place) this.#sendings.delete(other);
      const made = new Sending(begun, this.#sendingParts);
      this.#sendings.set(id, made);
      return made;
    });
    if (sending === undefined) {
      const message = `${KEPT_BROADCASTS} operator messages are being sent; cancel one, or wait for its end.`;
      return { kind: 'refused', code: 'too-many-running', message };
    }
    const whom = to.kind === 'user' ? { user: to.userKey } : { users: to.kind === 'users' ? 'by a glob' : 'everybody' };
    log.info('operator message begun', { by, id: sending.origin.id, policy: policy.id, vasp: vasp ?? 'all', ...whom });
    this.#tickWhileNeeded();
    if (order.to.kind !== 'user') return { kind: 'begun', report: this.#report(sending), hint: undefined };
    await this.tick();
    const hint = await userHint(this.#parts, vasp ?? '', order.to.user);
    return { kind: 'begun', report: this.#report(sending), hint };
  }

  /** Ends a sending at once, and takes back what is not at its end. */
  async cancel(id: string, by: string): Promise<CancelOutcome> {
    const sending = this.#sendings.get(id);
    if (sending === undefined) return { kind: 'unknown' };
    const { state } = sending.progress;
    const isOver = state === 'cancelled' ? !sending.isUnsettled : state === 'sent' && !sending.hasOpenMessages();
    if (isOver) return { kind: 'over', report: this.#report(sending) };
    sending.cancel();
    this.#parts.log.info('operator message cancelled', { by, id, policy: sending.origin.policy.id });
    await this.#alone(() => this.#settle(sending)).catch(() => undefined);
    this.#tickWhileNeeded();
    return { kind: 'cancelled', report: this.#report(sending), isKept: !sending.isUnsettled };
  }

  /** Carries out what is due now; called every {@link SLICE_MILLIS} while something is under way. Never rejects. */
  async tick(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#isTickDue) return this.#turn;
    this.#isTickDue = true;
    await this.#alone(() => {
      this.#isTickDue = false;
      return this.#work();
    });
  }

  /** Writes the counts of messages that came to their end, before their records are dropped. Never rejects. */
  async recount(): Promise<void> {
    await this.#alone(() => countFromRecords(this.#parts, this.#sendings, false)).catch(() =>
      this.#parts.log.error('operator messages cannot be stored'),
    );
  }

  /** What is under way is written, and goes on at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTicking?.();
    this.#stopRecounting();
    await this.#alone(async () => {
      for (const sending of this.#sendings.values()) if (sending.isUnkept) await this.#keep(sending);
    }).catch(() => this.#parts.log.error('operator messages cannot be stored'));
  }

  async #work(): Promise<void> {
    const { clock, log } = this.#parts;
    const now = clock.monotonic();
    if (now < this.#restUntil) return;
    try {
      let messages = MOST_MESSAGES;
      let looks = MOST_LOOKS;
      const running = this.#running();
      for (const [index, sending] of running.entries()) {
        // Those behind get their part of what there is for all.
        const share = 1 / (running.length - index);
        const done = await this.#step(sending, Math.ceil(messages * share), Math.ceil(looks * share));
        messages -= done.messages;
        looks -= done.looks;
      }
      const isTimeToKeep = now >= this.#keptAt + KEEP_MILLIS;
      if (isTimeToKeep) this.#keptAt = now;
      for (const sending of this.#sendings.values()) {
        if (sending.isUnsettled && (isTimeToKeep || sending.progress.state !== 'running')) await this.#settle(sending);
      }
    } catch {
      log.error('operator messages cannot be stored');
      this.#restUntil = now + KEEP_MILLIS;
    }
    this.#tickWhileNeeded();
  }

  /** One slice of one sending. */
  async #step(sending: Sending, most: number, looks: number): Promise<{ messages: number; looks: number }> {
    const { desk, clock, log } = this.#parts;
    const due = Math.min(sending.rate.available(clock.monotonic()), most);
    if (due < 1 && !sending.isForOne) return { messages: 0, looks: 0 };
    const walked = await sending.walk(due, looks);
    const outcomes = walked.requests.length === 0 ? [] : await desk.enqueue(walked.requests);
    const made = sending.account(walked, outcomes);
    sending.rate.spend(made);
    if (sending.progress.state === 'sent') {
      const { id, policy } = sending.origin;
      const { matched, queued, full } = this.#report(sending);
      log.info('operator message sent', { id, policy: policy.id, matched, queued, full });
    }
    return { messages: made, looks: walked.looked };
  }

  /** Brings store and desk to what stands in memory. */
  async #settle(sending: Sending): Promise<void> {
    if (sending.isUnkept) await this.#keep(sending);
    if (!sending.isToWithdraw) return;
    await this.#parts.desk.withdraw(sending.origin.id);
    sending.isToWithdraw = false;
  }

  async #keep(sending: Sending): Promise<void> {
    sending.isUnkept = false;
    try {
      await keepBroadcast(this.#parts.notes, sending.kept());
    } catch (error) {
      sending.isUnkept = true;
      throw error;
    }
  }

  #running(): readonly Sending[] {
    return [...this.#sendings.values()].filter(({ progress }) => progress.state === 'running');
  }

  #report(sending: Sending): BroadcastReport {
    return sending.report(this.#parts.sessionCount());
  }

  /** A place that is free, or that of the oldest which is over; undefined when all are under way. */
  #freePlace(): number | undefined {
    const taken = new Set([...this.#sendings.values()].map(({ place }) => place));
    for (let place = 0; place < KEPT_BROADCASTS; place++) if (!taken.has(place)) return place;
    return [...this.#sendings.values()].find(({ progress }) => progress.state !== 'running')?.place;
  }

  #tickWhileNeeded(): void {
    const isNeeded =
      !this.#isClosed &&
      [...this.#sendings.values()].some(({ progress, isUnsettled }) => progress.state === 'running' || isUnsettled);
    if (isNeeded) this.#stopTicking ??= this.#every(SLICE_MILLIS, () => void this.tick());
    else {
      this.#stopTicking?.();
      this.#stopTicking = undefined;
    }
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}

function everyByMachine(millis: number, run: () => void): () => void {
  const timer = setInterval(run, millis);
  timer.unref();
  return () => clearInterval(timer);
}
