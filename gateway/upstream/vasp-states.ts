/**
 * What the operator has said of each VASP: that it serves, takes no new logins, or is to be left alone. The store's notes
 * are the truth, one note a VASP, so that it survives a restart; every process answers from its own memory, follows the
 * notes, and can be told of a change sooner. Changes and what is told of them are plain data.
 */
import type { Clock, NoteStore, VaspState } from '../ports.ts';

/** What holds for one VASP. */
export interface VaspStateEntry {
  readonly vasp: string;
  readonly state: VaspState;
  /** Wall-clock milliseconds; undefined when nobody ever changed it. */
  readonly since: number | undefined;
}

/** A change, as processes tell each other. */
export interface VaspStateChange extends VaspStateEntry {
  /** Whether the store has it. Where it could not be written, it is written as soon as that is possible. */
  readonly isKept: boolean;
}

const STATES: ReadonlySet<string> = new Set(['serving', 'draining', 'suspended'] satisfies VaspState[]);

export class VaspStates {
  readonly #notes: NoteStore;
  readonly #clock: Pick<Clock, 'wall'>;
  readonly #entries: Map<string, VaspStateEntry>;
  /** Whose state is newer here than in the store. */
  readonly #unkept = new Set<string>();
  readonly #listeners = new Set<(change: VaspStateChange) => void>();

  /** Until {@link follow} was called, all serve. */
  constructor(vasps: readonly string[], notes: NoteStore, clock: Pick<Clock, 'wall'>) {
    this.#notes = notes;
    this.#clock = clock;
    this.#entries = new Map(vasps.map((vasp) => [vasp, { vasp, state: 'serving', since: undefined }]));
  }

  stateOf(vasp: string): VaspState {
    return this.#entries.get(vasp)?.state ?? 'serving';
  }

  /** All VASPs, in the order of the configuration. */
  entries(): readonly VaspStateEntry[] {
    return [...this.#entries.values()];
  }

  /**
   * Holds in this process at once; resolves when it is stored, or could not be. Undefined when there is no such VASP. One
   * that serves can be let serve again: who listens tries it anew.
   */
  async change(vasp: string, state: VaspState): Promise<VaspStateChange | undefined> {
    const before = this.#entries.get(vasp);
    if (before === undefined) return undefined;
    if (before.state === state && state !== 'serving' && !this.#unkept.has(vasp)) return { ...before, isKept: true };
    const entry = { vasp, state, since: this.#clock.wall() };
    this.#entries.set(vasp, entry);
    this.#unkept.add(vasp);
    const isKept = await this.#keep(entry).then(
      () => true,
      () => false,
    );
    const change = { ...entry, isKept };
    this.#tell(change);
    return change;
  }

  /** Takes over what another process changed. */
  adopt({ isKept, ...entry }: VaspStateChange): void {
    if (!this.#entries.has(entry.vasp)) return;
    if (isKept) this.#unkept.delete(entry.vasp);
    else this.#unkept.add(entry.vasp);
    this.#take(entry);
  }

  /**
   * Calls for each change, whoever made it.
   * @returns ends it.
   */
  onChange(listener: (change: VaspStateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over what the store says, and writes what it could not take before. Rejects when any of it fails. */
  async follow(): Promise<void> {
    const all = await Promise.allSettled(this.entries().map((known) => this.#followOne(known)));
    const failed = all.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #followOne(known: VaspStateEntry): Promise<void> {
    const { vasp } = known;
    if (this.#unkept.has(vasp)) return this.#keep(known);
    const stored = readEntry(vasp, await this.#notes.get(noteOf(vasp)));
    // Somebody may have changed it here while the store was read.
    if (stored !== undefined && this.#entries.get(vasp) === known) this.#take(stored);
  }

  async #keep(entry: VaspStateEntry): Promise<void> {
    const { state, since } = entry;
    await this.#notes.put(noteOf(entry.vasp), JSON.stringify({ state, since }));
    if (this.#entries.get(entry.vasp) === entry) this.#unkept.delete(entry.vasp);
  }

  #take(entry: VaspStateEntry): void {
    const before = this.#entries.get(entry.vasp);
    if (before?.state === entry.state && before.since === entry.since) return;
    this.#entries.set(entry.vasp, entry);
    this.#tell({ ...entry, isKept: !this.#unkept.has(entry.vasp) });
  }

  #tell(change: VaspStateChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

const noteOf = (vasp: string): string => `vasp-state ${vasp}`;

/**
 * Undefined when there is no note.
 * @throws {SyntaxError} when it is none that this program wrote.
 */
function readEntry(vasp: string, note: string | undefined): VaspStateEntry | undefined {
  if (note === undefined) return undefined;
  const { state, since } = JSON.parse(note) as { readonly state?: unknown; readonly since?: unknown };
  if (!isState(state) || typeof since !== 'number') throw new SyntaxError('the note of a VASP is damaged');
  return { vasp, state, since };
}

function isState(value: unknown): value is VaspState {
  return typeof value === 'string' && STATES.has(value);
}
