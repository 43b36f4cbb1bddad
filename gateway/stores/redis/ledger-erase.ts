/**
 * Erasing and retention of the one chain of all nodes: in slices, each made up here from what is stored and written by
 * a script if nothing was changed meanwhile. A slice takes the turn first, so that it is not for ever late among those who append.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { StoreWriteError } from '../../errors.ts';
import { dropSlice, erase } from '../ledger.ts';
import type { Seal } from '../ledger-tables.ts';
import type { RedisLink, RedisReply } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { ledgerKeys, numbersFrom } from './ledger-rows.ts';
import { CHANGE, UNKNOWN } from './ledger-scripts.ts';
import { type Asked, LedgerDraft, type LedgerState, readState } from './ledger-state.ts';

/** Entries that are erased or dropped at once: users wait some milliseconds for it. */
const SLICE = 100;
/** Logins wait longer for their turn. */
const TURN_MILLIS = 150;
const TRIES = 200;
/** For waiting while others have the turn. */
const RETRY_MILLIS = 5;
/** Between two slices: those who append come every few milliseconds to see whether it is their turn. */
const PAUSE_MILLIS = 20;

const NOTHING: Asked = { ids: [], texts: [], entries: [] };

export class LedgerErasing {
  readonly #link: RedisLink;
  readonly #keys: readonly string[];
  readonly #seal: Seal;
  readonly #caller: string;

  /** @param caller another one than for appending */
  constructor(link: RedisLink, keys: KeySpace, seal: Seal, caller: string) {
    this.#link = link;
    this.#keys = ledgerKeys(keys);
    this.#seal = seal;
    this.#caller = caller;
  }

  /** Erases the records of a user; how many. @param sequences where they stand */
  async erase(user: string, sequences: readonly number[]): Promise<number> {
    let erased = 0;
    for (let at = 0; at < sequences.length; at += SLICE) {
      const slice = sequences.slice(at, at + SLICE);
      erased += await this.#change(
        () => slice,
        (state) => {
          const draft = new LedgerDraft(state, undefined, slice);
          return { draft, result: erase(draft, user) };
        },
      );
    }
    return erased;
  }

  /** Drops a slice from the chain's beginning; how many. */
  async drop(decidedAt: number): Promise<number> {
    for (let size = SLICE; ; size *= 2) {
      const dropped = await this.#change(
        (state) => window(state, size),
        (state) => {
          const draft = new LedgerDraft(state);
          const count = dropSlice(draft, this.#seal, decidedAt, size);
          // Erased entries go with a record behind them, which may stand behind what was looked at.
          const areErased = state.entries.length === size && state.entries.every(({ kind }) => kind === 'erased');
          return { draft, result: count === 0 && areErased ? undefined : count };
        },
      );
      if (dropped !== undefined) return dropped;
    }
  }

  /** Makes one change of the chain as it is then. @param which entries it needs */
  async #change<T>(
    which: (state: LedgerState) => readonly number[],
    work: (state: LedgerState) => { readonly draft: LedgerDraft; readonly result: T },
  ): Promise<T> {
    for (let tries = 0; tries < TRIES; tries++) {
      const state = await this.#look(which);
      if (state === undefined) continue;
      let made: { readonly draft: LedgerDraft; readonly result: T };
      try {
        made = work(state);
      } catch (error) {
        await this.#run(NOTHING, state);
        throw error;
      }
      const isNothing = made.draft.commands(false).length === 0;
      const reply = await this.#run(NOTHING, state, isNothing ? undefined : made.draft);
      if (reply === 1) {
        await delay(PAUSE_MILLIS);
        return made.result;
      }
    }
    throw new StoreWriteError('EBUSY');
  }

  /** The entries and their texts' uses as they stand together; undefined when somebody else was there between. */
  async #look(which: (state: LedgerState) => readonly number[]): Promise<LedgerState | undefined> {
    const first = await this.#ask(NOTHING);
    if (first.turn !== 'ours') {
      await delay(RETRY_MILLIS);
      return undefined;
    }
    const forEntries = { ...NOTHING, entries: which(first) };
    const second = await this.#ask(forEntries);
    const texts = second.entries.flatMap((entry) => (entry.kind === 'record' ? [entry.record.text] : []));
    const forTexts = { ...NOTHING, texts: [...new Set(texts)] };
    const third = await this.#ask(forTexts);
    const areOne = [first, second].every(
      ({ head, changes }) => head.equals(third.head) && changes.equals(third.changes),
    );
    return areOne ? { ...third, entries: second.entries } : undefined;
  }

  async #ask(asked: Asked) {
    return readState(await this.#run(asked), asked, this.#caller);
  }

  #run({ texts, entries }: Asked, state?: LedgerState, draft?: LedgerDraft): Promise<RedisReply> {
    return this.#link.run(CHANGE, this.#keys, [
      ...[state?.head ?? UNKNOWN, state?.changes ?? UNKNOWN, this.#caller, TURN_MILLIS],
      ...[0, texts.length, entries.length, ...texts, ...entries],
      ...(draft?.commands(true) ?? []),
    ]);
  }
}

/** The numbers that the chain begins with. */
function window(state: LedgerState, size: number): number[] {
  const head = new LedgerDraft(state).head();
  return head === undefined || head === 'damaged'
    ? []
    : numbersFrom(head.first, Math.min(size, head.next - head.first));
}
