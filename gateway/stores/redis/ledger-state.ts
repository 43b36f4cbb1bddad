/**
 * What a process knows of the audit chain in Redis, and changes of it that are made up in memory and sent as one script. What
 * it knows may be out of date: the script does nothing then, and says what is so.
 */
import type { AuditEntry } from '../../audit-ports.ts';
import { readHead, writeEntry, writeHead } from '../audit-records.ts';
import type { KeptText, LedgerRows, SealedHead } from '../ledger-tables.ts';
import type { RedisArgument, RedisReply } from './connection.ts';
import { type LedgerPart, placeOf, readEntries, readNumber, writeText, writeUsersRow } from './ledger-rows.ts';
import { bytesListOf, bytesOf, listOf } from './replies.ts';

type StoredEntry = Exclude<AuditEntry, { readonly kind: 'damaged' }>;

/** What is asked of the chain, or what must not be there. */
export interface Asked {
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  readonly entries: readonly number[];
}

export interface LedgerState {
  /** As it is stored; empty when there is none. */
  readonly head: Buffer;
  readonly changes: Buffer;
  /** Those that are there of the ids that were asked for. */
  readonly ids: ReadonlyMap<string, number>;
  /** Of the texts that were asked for; undefined: it is not kept. */
  readonly uses: ReadonlyMap<string, number | undefined>;
  /** Those that are there, in order. */
  readonly entries: readonly AuditEntry[];
}

/** What a refusal says. */
export function readState(
  reply: RedisReply,
  asked: Asked,
  caller: string,
): LedgerState & { readonly turn: 'nobodys' | 'ours' | 'others' } {
  const [turn, head, changes, ids, uses, entries] = listOf(reply);
  const holder = bytesOf(turn);
  const sequences = bytesListOf(ids);
  const used = bytesListOf(uses);
  return {
    turn: holder === undefined ? 'nobodys' : holder.toString() === caller ? 'ours' : 'others',
    head: bytesOf(head) ?? Buffer.alloc(0),
    changes: bytesOf(changes) ?? Buffer.alloc(0),
    ids: new Map(
      asked.ids.flatMap((id, index) => {
        const bytes = sequences[index];
        return bytes === undefined ? [] : [[id, readNumber(bytes) ?? 0] as const];
      }),
    ),
    uses: new Map(asked.texts.map((hash, index) => [hash, readNumber(used[index])])),
    entries: readEntries(asked.entries, bytesListOf(entries)),
  };
}

/** First and last entry where the head does not say it. */
export interface LedgerEnds {
  readonly first: AuditEntry | undefined;
  readonly last: AuditEntry | undefined;
}

/** Arguments of one command; Lua hands over no more than some thousand at once. */
const MOST_ARGUMENTS = 1000;

/** Changes on top of a state. A text that is kept already has no words here: nobody needs them. */
export class LedgerDraft implements LedgerRows {
  readonly #state: LedgerState;
  readonly #ends: LedgerEnds | undefined;
  readonly #usersSequences: readonly number[];
  #head: SealedHead | undefined;
  readonly #entries = new Map<number, Buffer | undefined>();
  readonly #ids = new Map<string, number | undefined>();
  readonly #uses = new Map<string, number | undefined>();
  readonly #texts = new Map<string, string>();
  readonly #usersAdded: Buffer[] = [];
  readonly #usersRemoved: Buffer[] = [];

  /** @param usersSequences of the one user whose records are erased */
  constructor(state: LedgerState, ends?: LedgerEnds, usersSequences: readonly number[] = []) {
    this.#state = state;
    this.#ends = ends;
    this.#usersSequences = usersSequences;
  }

  head(): SealedHead | 'damaged' | undefined {
    if (this.#head !== undefined) return this.#head;
    return this.#state.head.length === 0 ? undefined : readHead(this.#state.head);
  }

  putHead(head: SealedHead): void {
    this.#head = head;
  }

  /** Those that were asked for. */
  entries(from: number, limit: number): AuditEntry[] {
    if (this.#ends?.first !== undefined && from <= this.#ends.first.sequence) return [this.#ends.first];
    const start = this.#state.entries.findIndex(({ sequence }) => sequence >= from);
    return start < 0 ? [] : this.#state.entries.slice(start, start + limit);
  }

  lastEntry(): AuditEntry | undefined {
    return this.#ends?.last;
  }

  putEntry(entry: StoredEntry): void {
    this.#entries.set(entry.sequence, writeEntry(entry));
  }

  removeEntry(sequence: number): void {
    this.#entries.set(sequence, undefined);
  }

  sequenceOf(id: string): number | undefined {
    return this.#ids.get(id) ?? this.#state.ids.get(id);
  }

  putId(id: string, sequence: number): void {
    this.#ids.set(id, sequence);
  }

  removeId(id: string): void {
    this.#ids.set(id, undefined);
  }

  sequencesOf(): number[] {
    return [...this.#usersSequences];
  }

  putUsers(user: string, sequence: number): void {
    this.#usersAdded.push(writeUsersRow({ user, sequence }));
  }

  removeUsers(user: string, sequence: number): void {
    this.#usersRemoved.push(writeUsersRow({ user, sequence }));
  }

  text(hash: string): KeptText | undefined {
    const uses = this.#uses.has(hash) ? this.#uses.get(hash) : this.#state.uses.get(hash);
    return uses === undefined ? undefined : { text: this.#texts.get(hash) ?? '', uses };
  }

  putText(hash: string, { text, uses }: KeptText): void {
    if (this.text(hash) === undefined) this.#texts.set(hash, text);
    this.#uses.set(hash, uses);
  }

  removeText(hash: string): void {
    this.#uses.set(hash, undefined);
    this.#texts.delete(hash);
  }

  /** Ids and numbers that are written now and must be new. */
  added(): Pick<Asked, 'ids' | 'entries'> {
    return { ids: presentKeys(this.#ids), entries: presentKeys(this.#entries) };
  }

  /** What the chain is when the change is made. */
  after(): LedgerState {
    const uses = new Map(this.#state.uses);
    for (const [hash, count] of this.#uses) uses.set(hash, count);
    const head = this.#head === undefined ? this.#state.head : writeHead(this.#head);
    return { head, changes: this.#state.changes, ids: new Map(), uses, entries: [] };
  }

  /** The commands that make it. @param isChange whether something is erased or dropped */
  commands(isChange: boolean): RedisArgument[] {
    const gone = absentKeys(this.#uses);
    const texts = [...this.#texts].flatMap(([hash, text]): RedisArgument[] => [hash, writeText(text)]);
    return [
      ...several('HSET', 'entries', pairs(this.#entries)),
      ...several('HDEL', 'entries', absentKeys(this.#entries)),
      ...several('HSET', 'ids', pairs(this.#ids)),
      ...several('HDEL', 'ids', absentKeys(this.#ids)),
      ...several(
        'ZADD',
        'users',
        this.#usersAdded.flatMap((row) => [0, row]),
      ),
      ...several('ZREM', 'users', this.#usersRemoved),
      ...several('HSET', 'texts', texts),
      ...several('HSET', 'uses', pairs(this.#uses)),
      ...several('HDEL', 'texts', gone),
      ...several('HDEL', 'uses', gone),
      ...(this.#head === undefined ? [] : several('SET', 'head', [writeHead(this.#head)])),
      ...(isChange ? ['INCR', placeOf('changes'), 0] : []),
    ];
  }
}

function presentKeys<K, V>(map: ReadonlyMap<K, V | undefined>): K[] {
  return [...map].flatMap(([key, value]) => (value === undefined ? [] : [key]));
}

function absentKeys<K, V>(map: ReadonlyMap<K, V | undefined>): K[] {
  return [...map].flatMap(([key, value]) => (value === undefined ? [key] : []));
}

function pairs<K extends RedisArgument, V extends RedisArgument>(map: ReadonlyMap<K, V | undefined>): RedisArgument[] {
  return [...map].flatMap(([key, value]): RedisArgument[] => (value === undefined ? [] : [key, value]));
}

/** One command with many arguments, as several where they are too many. */
function several(name: string, part: LedgerPart, args: readonly RedisArgument[]): RedisArgument[] {
  const all: RedisArgument[] = [];
  for (let at = 0; at < args.length; at += MOST_ARGUMENTS) {
    const slice = args.slice(at, at + MOST_ARGUMENTS);
    all.push(name, placeOf(part), slice.length, ...slice);
  }
  return all;
}
