/**
 * What one user is to be told: the open messages in their order, the words that answer what the user wrote, and how far
 * each of them has come in each of the user's sessions. In memory; the messages themselves are in the store.
 */
import type { OnLinePolicy } from '../policy/model.ts';
import { type Handed, isUnderWay, nextDueAt, pageDue, type Resend } from '../system-message/handing.ts';
import { wantsAnswer } from '../system-message/question.ts';
import type { MessageRecord, SessionEffect } from '../system-message-ports.ts';

/** A message that is not at its end. */
export interface OpenMessage {
  readonly record: MessageRecord;
  readonly policy: OnLinePolicy;
  /** The other user that it is about. */
  readonly about: string | undefined;
}

/** Words of the gateway's own, in answer to what a user did; gone with the process. */
export interface Note {
  readonly id: string;
  readonly text: string;
}

/** What silence has led to, for sessions that were open then. Wall-clock milliseconds. */
export interface Ruling {
  readonly at: number;
  readonly effect: SessionEffect;
}

/** How long words wait to be acknowledged, and how often they go out. */
export const NOTE_RESEND: Resend = { everyMillis: 60_000, times: 2 };
/** A session that is asked more is asked for nothing good. */
const MOST_NOTES = 10;
/** Sessions of one user whose state is kept; the oldest begins anew. */
const MOST_SESSIONS = 20;

/** What a session has of a message that its client acknowledged before the process began. */
const ACKNOWLEDGED_BEFORE: Handed = [{ sends: 1, at: 0, transactionId: '', isAcknowledged: true }];

/** How far things have come in one session. */
export class SessionState {
  readonly handed = new Map<string, Handed>();
  readonly notes: Note[] = [];
  /** The client has said that it does not know the primitive. */
  isConversational = false;
  /** When the user's own choice set the level of this session: what silence led to before holds no longer. */
  chosenAt = Number.NEGATIVE_INFINITY;

  tell(note: Note): void {
    this.notes.push(note);
    const [oldest] = this.notes;
    if (this.notes.length > MOST_NOTES && oldest !== undefined) this.dropNote(oldest.id);
  }

  dropNote(id: string): boolean {
    const index = this.notes.findIndex((note) => note.id === id);
    if (index === -1) return false;
    this.notes.splice(index, 1);
    this.handed.delete(id);
    return true;
  }
}

export class UserQueue {
  /** In the order in which they go out. */
  readonly messages = new Map<string, OpenMessage>();
  readonly sessions = new Map<string, SessionState>();
  rulings: readonly Ruling[] = [];
  /** When messages of before the process began were delivered, by id; in wall-clock milliseconds. */
  readonly #deliveredBefore = new Map<string, number>();

  /** Takes a message that the store had at the start. */
  recall(message: OpenMessage): void {
    this.put(message);
    const { id, deliveredAt } = message.record;
    if (deliveredAt !== undefined) this.#deliveredBefore.set(id, deliveredAt);
  }

  /**
   * To be called before a session is served: what was acknowledged before the process began is neither sent again to a
   * session that was open then, nor forgotten as the question that its user may be answering. In which of several sessions
   * it was acknowledged nobody knows any more; a later one is told anew.
   */
  recollect(sessionKey: string, openedAt: number): void {
    for (const [id, at] of this.#deliveredBefore) {
      if (openedAt > at) continue;
      const { handed } = this.session(sessionKey);
      if (!handed.has(id)) handed.set(id, ACKNOWLEDGED_BEFORE);
    }
  }

  /** It was not understood: it is told anew in whatever session. */
  forgetDelivery(id: string): void {
    this.#deliveredBefore.delete(id);
  }

  session(key: string): SessionState {
    const known = this.sessions.get(key);
    if (known !== undefined) return known;
    const state = new SessionState();
    this.sessions.set(key, state);
    const [oldest] = this.sessions.keys();
    if (this.sessions.size > MOST_SESSIONS && oldest !== undefined) this.sessions.delete(oldest);
    return state;
  }

  /** Puts a message in its place, or in the place of an older form of itself. */
  put(message: OpenMessage): void {
    const isLast = [...this.messages.values()].every(
      ({ record }) => record.id === message.record.id || record.sequence < message.record.sequence,
    );
    this.messages.set(message.record.id, message);
    if (isLast) return;
    const sorted = [...this.messages].sort(([, a], [, b]) => a.record.sequence - b.record.sequence);
    this.messages.clear();
    for (const [id, one] of sorted) this.messages.set(id, one);
  }

  remove(id: string): void {
    this.messages.delete(id);
    this.#deliveredBefore.delete(id);
    for (const { handed } of this.sessions.values()) handed.delete(id);
  }

  /** Whether anything may have to be done for one of the user's sessions at its next message. */
  get concerns(): boolean {
    if (this.rulings.length > 0) return true;
    for (const { notes } of this.sessions.values()) if (notes.length > 0) return true;
    for (const message of this.messages.values()) if (!isAtRest(message)) return true;
    return false;
  }

  /** Whether nothing is left that is worth keeping in memory. */
  get isEmpty(): boolean {
    return this.messages.size === 0 && !this.concerns;
  }

  /** Whether the message goes out in this session now. */
  isDue(message: OpenMessage, sessionKey: string, now: number): boolean {
    const { record, policy } = message;
    const handed = this.sessions.get(sessionKey)?.handed.get(record.id);
    if (handed !== undefined) return pageDue(handed, policy.resend, now) !== undefined;
    if (wantsAnswer(policy)) return true;
    return record.deliveredAt === undefined && !this.#isUnderWay(message, now);
  }

  /** What silence has led to in a session that was open then. */
  timedOut(sessionKey: string, openedAt: number): readonly SessionEffect[] {
    const since = Math.max(openedAt, this.sessions.get(sessionKey)?.chosenAt ?? openedAt);
    return this.rulings.filter(({ at }) => since < at).map(({ effect }) => effect);
  }

  /** Whether something that went out in some session goes out there once more now. */
  isDueAgain(now: number): boolean {
    return [...this.sessions.values()].some((state) =>
      [...state.handed].some(([id, handed]) => {
        const resend = this.messages.get(id)?.policy.resend ?? NOTE_RESEND;
        return pageDue(handed, resend, now) !== undefined;
      }),
    );
  }

  /** Lets go of words that no client acknowledged. */
  dropOldNotes(now: number): void {
    for (const state of this.sessions.values()) {
      const isOver = ({ id }: Note): boolean => {
        const handed = state.handed.get(id);
        return (
          handed !== undefined && !isUnderWay(handed, NOTE_RESEND, now) && nextDueAt(handed, NOTE_RESEND) === undefined
        );
      };
      for (const { id } of state.notes.filter(isOver)) state.dropNote(id);
    }
  }

  #isUnderWay({ record, policy }: OpenMessage, now: number): boolean {
    return [...this.sessions.values()].some(({ handed }) => {
      const here = handed.get(record.id);
      return here !== undefined && isUnderWay(here, policy.resend, now);
    });
  }
}

/** The client has it, and nothing has to come back: an answer that comes all the same finds it by its id. */
export function isAtRest({ record, policy }: OpenMessage): boolean {
  return record.deliveredAt !== undefined && !wantsAnswer(policy);
}

/** Whether a question was shown in the session and can be answered by a text [X41]. */
export function isShown(handed: Handed | undefined): boolean {
  return handed?.some(({ sends }) => sends > 0) === true;
}
