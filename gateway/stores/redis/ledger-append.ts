/**
 * Appending to the one chain of all nodes. Hashes and the seal are made here, and the script writes them if the chain's head
 * is still the one that they follow; else it says what the head is, and the next try follows that. What comes while a
 * try is on its way goes with the next one, so that every process needs one place in the row, however much it has to write.
 * A record whose id is in the chain already is not appended again, whoever appended it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AuditRecord, ShownText } from '../../audit-ports.ts';
import { StoreWriteError } from '../../errors.ts';
import { append, checkTexts, isSealed, LedgerError } from '../ledger.ts';
import type { Seal } from '../ledger-tables.ts';
import type { RedisLink, RedisReply } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { ledgerKey, ledgerKeys, readEntries, readNumber } from './ledger-rows.ts';
import { CHANGE, ENDS, UNKNOWN } from './ledger-scripts.ts';
import { type Asked, LedgerDraft, type LedgerEnds, type LedgerState, readState } from './ledger-state.ts';
import { bytesListOf } from './replies.ts';

/** A login that waits for its records to be in the chain. */
interface Waiting {
  readonly records: readonly AuditRecord[];
  readonly texts: readonly ShownText[];
  /** On the monotonic clock, milliseconds. */
  readonly since: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** For asking for the turn, and for writing once it is there: with the acceptances a login waits less than a second. */
const ASK_MILLIS = 400;
const WRITE_MILLIS = 500;
/** Many times what the next try takes; whoever has died with the turn holds up the others so long. */
const TURN_MILLIS = 60;
/** Refusals one after the other before the turn is asked for: where few append, the next try is in time. */
const REFUSALS = 1;
/** Between two looks whether it is free. At random, so that one of many finds it soon and none finds it always. */
const LONGEST_PAUSE_MILLIS = 3;
/** Records in one script: some milliseconds of hashing. A login is not cut in two. */
const MOST_RECORDS = 250;
/** Texts whose uses are remembered. */
const MOST_TEXTS = 5_000;

export class LedgerAppends {
  readonly #link: RedisLink;
  readonly #keys: readonly string[];
  readonly #entriesKey: string;
  readonly #seal: Seal;
  /** By which scripts know whose turn it is. */
  readonly #caller: string;
  #waiting: Waiting[] = [];
  #isBusy = false;
  /** What the chain was when last heard of. */
  #state: LedgerState | undefined;
  /** For whom that was asked just now: they try again alone, because of whoever comes it is not known whether he is there already. */
  #asked: readonly Waiting[] = [];
  #hasTurn = false;
  /** One after the other. */
  #refusals = 0;
  /** A number that stands where the chain was thought to end. */
  #occupied: number | undefined;

  constructor(link: RedisLink, keys: KeySpace, seal: Seal, caller: string) {
    this.#link = link;
    this.#keys = ledgerKeys(keys);
    this.#entriesKey = ledgerKey(keys, 'entries');
    this.#seal = seal;
    this.#caller = caller;
  }

  /** @throws StoreWriteError, LedgerError with `AUDIT_TEXT` */
  append(records: readonly AuditRecord[], texts: readonly ShownText[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, texts, since: performance.now(), resolve, reject });
      if (!this.#isBusy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    // Those who come in the same moment go together.
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#hasTurn) {
      const batch = this.#nextBatch();
      try {
        // With the turn and nothing to write any more, it is given back.
        if (batch.length > 0 || this.#hasTurn) await this.#try(batch);
      } catch (error) {
        // Whether it was done is not known: the next try asks.
        this.#state = undefined;
        this.#hasTurn = false;
        this.#asked = [];
        this.#settle(batch, (one) => one.reject(error));
      }
    }
    this.#isBusy = false;
  }

  #nextBatch(): readonly Waiting[] {
    const begun = performance.now() - (this.#hasTurn ? WRITE_MILLIS : ASK_MILLIS);
    const late = this.#waiting.filter(({ since }) => since < begun);
    this.#settle(late, (one) => one.reject(new StoreWriteError('ETIMEDOUT')));
    const asked = this.#asked.filter((one) => !late.includes(one));
    if (asked.length > 0) return asked;
    let records = 0;
    const tooMany = this.#waiting.findIndex((one, index) => {
      records += one.records.length;
      return index > 0 && records > MOST_RECORDS;
    });
    return tooMany < 0 ? [...this.#waiting] : this.#waiting.slice(0, tooMany);
  }

  #settle(some: readonly Waiting[], how: (one: Waiting) => void): void {
    if (some.length === 0) return;
    const gone = new Set(some);
    this.#waiting = this.#waiting.filter((one) => !gone.has(one));
    for (const one of some) how(one);
  }

  /** One way to the engine and back; what was refused waits on. */
  async #try(batch: readonly Waiting[]): Promise<void> {
    const state = this.#state;
    const isFresh = this.#asked.length > 0;
    this.#asked = [];
    if (state === undefined || !knowsTexts(state, batch)) return this.#look(batch);
    const ends = await this.#endsBehind(state);
    const draft = new LedgerDraft(state, ends);
    const whole: Waiting[] = [];
    for (const one of batch) {
      try {
        checkTexts(draft, one.records, one.texts);
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        // A text that is thought to be missing may have been stored by another process.
        if (!isFresh) return this.#look(batch);
        this.#settle([one], () => one.reject(error));
        continue;
      }
      append(draft, this.#seal, one.records, one.texts);
      whole.push(one);
    }
    const { ids, entries } = draft.added();
    // Behind a sealed head there is nothing that counts; without one, whatever stands there is kept.
    const asked = { ids, texts: textsOf(batch), entries: ends === undefined ? [] : entries };
    const reply = await this.#change(asked, state, draft);
    if (reply !== 1) {
      this.#refusals++;
      return this.#refused(reply, asked, batch);
    }
    this.#refusals = 0;
    this.#hasTurn = false;
    this.#occupied = undefined;
    const after = draft.after();
    this.#state = after.uses.size > MOST_TEXTS ? undefined : after;
    this.#settle(whole, (one) => one.resolve());
  }

  async #look(batch: readonly Waiting[]): Promise<void> {
    const asked = {
      ids: batch.flatMap(({ records }) => records.map(({ id }) => id)),
      texts: textsOf(batch),
      entries: [],
    };
    await this.#refused(await this.#change(asked), asked, batch);
  }

  #change(asked: Asked, state?: LedgerState, draft?: LedgerDraft): Promise<RedisReply> {
    const { ids, texts, entries } = asked;
    return this.#link.run(CHANGE, this.#keys, [
      ...[state?.head ?? UNKNOWN, state?.changes ?? UNKNOWN, this.#caller],
      this.#refusals < REFUSALS ? 0 : TURN_MILLIS,
      ...[ids.length, texts.length, entries.length, ...ids, ...texts, ...entries],
      ...(draft?.commands(false) ?? []),
    ]);
  }

  async #refused(reply: RedisReply, asked: Asked, batch: readonly Waiting[]): Promise<void> {
    const { turn, ...state } = readState(reply, asked, this.#caller);
    const last = state.entries.at(-1);
    if (last !== undefined) this.#occupied = last.sequence;
    this.#hasTurn = turn === 'ours';
    const known = this.#state;
    this.#state = undefined;
    if (turn !== 'others') {
      // Of what was known to be there it was not asked again.
      const isAsBefore = known?.changes.equals(state.changes) === true;
      this.#state = { ...state, ids: new Map([...(isAsBefore ? known.ids : []), ...state.ids]), entries: [] };
      this.#asked = batch.filter((one) => this.#waiting.includes(one));
      return;
    }
    // Whoever has the turn changes the head: hashing for this one would be in vain.
    await delay(1 + Math.random() * LONGEST_PAUSE_MILLIS);
  }

  /** Where the chain ends, when its head is not to be believed; undefined when it is. */
  async #endsBehind(state: LedgerState): Promise<LedgerEnds | undefined> {
    const head = new LedgerDraft(state).head();
    if (head !== undefined && head !== 'damaged' && isSealed(head, this.#seal)) return undefined;
    const known = head === undefined || head === 'damaged' ? [] : [head.first, head.next - 1];
    return readEnds(this.#link, this.#entriesKey, [...known, this.#occupied ?? 0]);
  }
}

export async function readEnds(link: RedisLink, entriesKey: string, known: readonly number[]): Promise<LedgerEnds> {
  const [first, last, ...entries] = bytesListOf(await link.run(ENDS, [entriesKey], known));
  const sequences = [readNumber(first) ?? 0, readNumber(last) ?? 0];
  const [begins, ends] = readEntries(sequences, entries);
  return { first: begins, last: ends };
}

function textsOf(batch: readonly Waiting[]): string[] {
  return [...new Set(batch.flatMap(({ records }) => records.map(({ text }) => text)))];
}

function knowsTexts({ uses }: LedgerState, batch: readonly Waiting[]): boolean {
  return batch.every(({ records }) => records.every(({ text }) => uses.has(text)));
}
