/**
 * One sending while it is known: what was ordered, where it stands, and its counts. Walks over the live sessions from its
 * cursor on and says whom it is for; never forgets a session, and looks at none twice in a pass.
 */
import { compileGlob } from '../policy/glob.ts';
import type { Clock, Secrets, SessionRecord, SessionStore } from '../ports.ts';
import { RunningCounts } from './broadcast-counts.ts';
import type { BroadcastReport } from './broadcast-model.ts';
import type { BroadcastOrigin, BroadcastProgress, EndedCounts, KeptBroadcast } from './broadcast-notes.ts';
import { Rate } from './broadcast-rate.ts';
import { type Recipients, reachOf } from './broadcast-recipients.ts';
import type { EnqueueOutcome, EnqueueRequest } from './parts.ts';

export interface SendingParts {
  readonly sessions: Pick<SessionStore, 'slice'>;
  readonly secrets: Pick<Secrets, 'keyedHash' | 'unseal'>;
  readonly clock: Clock;
  /** Those that there are; sessions of others are left alone. */
  readonly vasps: readonly string[];
  /** Lets others work. */
  readonly yielded: () => Promise<void>;
}

/** What a walk has found: the messages to be made, and where the sending stands once they are. */
export interface Walked {
  readonly requests: readonly (EnqueueRequest & { readonly id: string })[];
  readonly progress: BroadcastProgress;
  /** Sessions looked at. */
  readonly looked: number;
}

/** Sessions that are read at once: some hundred microseconds. */
const MOST_AT_ONCE = 200;
const LEAST_AT_ONCE = 25;

export const BEGINNING: BroadcastProgress = {
  state: 'running',
  until: undefined,
  pass: 1,
  cursor: undefined,
  walked: 0,
  nameless: 0,
  full: 0,
};

export class Sending {
  readonly place: number;
  readonly origin: BroadcastOrigin;
  readonly counts: RunningCounts;
  readonly rate: Rate;
  progress: BroadcastProgress;
  ended: EndedCounts;
  /** What stands here is newer than the note in the store. */
  isUnkept = false;
  /** The messages of a cancelled sending that are still to be taken back. */
  isToWithdraw = false;
  /** The messages that there was no room for, by the ids that they would have had. */
  readonly #full = new Set<string>();
  readonly #parts: SendingParts;
  readonly #recipients: Recipients;

  constructor({ place, origin, progress, ended }: KeptBroadcast, parts: SendingParts) {
    this.place = place;
    this.origin = origin;
    this.ended = ended;
    this.counts = new RunningCounts(ended.counts);
    this.rate = new Rate(origin.perSecond, parts.clock.monotonic());
    // For whom there was no room is known in memory alone: they are looked for again, and whoever got one is known by its id.
    const isCountedAnew = progress.state === 'running' && progress.full > 0;
    this.progress = isCountedAnew ? BEGINNING : progress;
    this.#parts = parts;
    const { policy, to, vasp } = origin;
    this.#recipients = { policy, users: to.kind === 'users' ? compileGlob(to.users) : undefined, vasp };
  }

  /** One message to one user, the same whenever it is asked for. */
  request(userKey: string, vasp: string): EnqueueRequest & { readonly id: string } {
    const { id: broadcast, policy } = this.origin;
    return { id: this.#parts.secrets.keyedHash('broadcast', broadcast, userKey), policy, userKey, vasp, broadcast };
  }

  /** Goes on until it has found `most` users, or looked at `looks` sessions, or is at the end. Changes nothing here. */
  async walk(most: number, looks: number): Promise<Walked> {
    const { to, vasp } = this.origin;
    if (to.kind === 'user') return this.#one(to.userKey, vasp ?? '');
    const requests = new Map<string, EnqueueRequest & { readonly id: string }>();
    let { pass, cursor, walked, nameless } = this.progress;
    let looked = 0;
    for (let size = most + LEAST_AT_ONCE; looked < looks && requests.size < most; size *= 2) {
      const limit = Math.min(size, MOST_AT_ONCE, looks - looked);
      const slice = await this.#parts.sessions.slice(cursor, limit);
      const now = this.#parts.clock.wall();
      let taken = 0;
      for (const [key, session] of slice) {
        if (requests.size >= most) break;
        taken += 1;
        cursor = key;
        if (pass > 1 && session.openedAt < this.origin.since) continue;
        const reach = this.#reach(session, now);
        if (reach === 'nameless' && pass === 1) nameless += 1;
        if (reach !== 'reached') continue;
        const request = this.request(session.userKey, session.vasp);
        if (!this.#full.has(request.id)) requests.set(request.id, request);
      }
      looked += taken;
      if (pass === 1) walked += taken;
      if (taken === slice.length && slice.length < limit) {
        if (pass > 1) return { requests: [...requests.values()], looked, progress: this.#sent({ walked, nameless }) };
        pass += 1;
        cursor = undefined;
      }
      await this.#parts.yielded();
    }
    return { requests: [...requests.values()], looked, progress: { ...this.progress, pass, cursor, walked, nameless } };
  }

  /** The messages of a walk were made, or not; says how many of them are new. */
  account({ requests, progress }: Walked, outcomes: readonly EnqueueOutcome[]): number {
    let made = 0;
    let { full } = this.progress;
    for (const [index, { id }] of requests.entries()) {
      const outcome = outcomes[index];
      if (outcome === 'queued' || outcome === 'inbox') made += 1;
      if (outcome !== 'full') continue;
      full += 1;
      this.#full.add(id);
    }
    // Somebody may have cancelled it meanwhile.
    const { state, until } = this.progress.state === 'running' ? progress : this.progress;
    this.progress = { ...progress, state, until, full };
    this.isUnkept = true;
    return made;
  }

  cancel(): void {
    this.progress = { ...this.progress, state: 'cancelled', until: this.#parts.clock.wall() };
    this.isUnkept = true;
    this.isToWithdraw = true;
  }

  /** To be called when it is known how its messages are. */
  withdrawIfCancelled(): void {
    this.isToWithdraw = this.progress.state === 'cancelled' && this.hasOpenMessages();
  }

  /** Store or desk do not know yet what stands here. */
  get isUnsettled(): boolean {
    return this.isUnkept || this.isToWithdraw;
  }

  hasOpenMessages(): boolean {
    return this.counts.now().open > 0;
  }

  /** Such a one does not wait for its turn. */
  get isForOne(): boolean {
    return this.origin.to.kind === 'user';
  }

  kept(): KeptBroadcast {
    const { place, origin, progress, ended } = this;
    return { place, origin, progress, ended };
  }

  /** @param sessions how many there are */
  report(sessions: number): BroadcastReport {
    const { policy, ...origin } = this.origin;
    const { state, until, walked, nameless, full } = this.progress;
    const counts = this.counts.now();
    const isWalking = state === 'running' && origin.to.kind !== 'user';
    return {
      ...origin,
      policy: policy.id,
      version: policy.version,
      state,
      until,
      walked,
      of: isWalking ? Math.max(walked, sessions) : walked,
      nameless,
      matched: counts.made + full,
      queued: counts.made,
      full,
      counts,
    };
  }

  #one(userKey: string, vasp: string): Walked {
    return { requests: [this.request(userKey, vasp)], looked: 0, progress: this.#sent({ walked: 0, nameless: 0 }) };
  }

  #reach(session: SessionRecord, now: number) {
    const { vasps, secrets } = this.#parts;
    return vasps.includes(session.vasp) ? reachOf(this.#recipients, session, secrets, now) : 'not-meant';
  }

  #sent(counted: { readonly walked: number; readonly nameless: number }): BroadcastProgress {
    return { ...this.progress, ...counted, state: 'sent', until: this.#parts.clock.wall(), cursor: undefined };
  }
}
