/**
 * The policy sets that were in force, kept in the store with the contents of their files, so that an earlier one can be
 * put in force again, also after a restart. The index says which set is in force and whether the folder's content was
 * rolled back; it is the truth for every process on the same store. Contents lie in a fixed number of places, each checked
 * against its hash when it is read, so that nothing ever has to be removed.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import type { PolicyFile } from '../policy/model.ts';
import type { NoteStore } from '../ports.ts';
import { jsonIn } from '../yaml/data.ts';

/** Sets that are kept. */
export const KEPT_SETS = 10;

const INDEX_NOTE = 'policy-history';
const contentNote = (place: number): string => `policy-set-${place}`;

const INDEX = z.object({
  format: z.literal(1),
  inForce: z.object({ hash: z.string(), since: z.number(), source: z.enum(['folder', 'rollback']) }).optional(),
  rolledBack: z.string().optional(),
  sets: z.array(
    z.object({
      hash: z.string(),
      since: z.number(),
      policies: z.number(),
      place: z.number().int().min(0),
      rolledBackAt: z.number().optional(),
    }),
  ),
});
const CONTENT = z.object({ hash: z.string(), files: z.array(z.tuple([z.string(), z.string()])) });

/** A set that was in force. */
export interface KeptSet {
  readonly hash: string;
  /** When it last came in force by its files, in wall-clock milliseconds. */
  readonly since: number;
  /** How many policies it holds. */
  readonly policies: number;
  /** Where its contents lie. */
  readonly place: number;
  /** When it was rolled back; a rollback passes over it. */
  readonly rolledBackAt?: number | undefined;
}

export interface HistoryIndex {
  readonly inForce?: { readonly hash: string; readonly since: number; readonly source: PolicySource } | undefined;
  /** Fingerprint of the folder's content that was rolled back: as long as the folder holds it, it is not put in force. */
  readonly rolledBack?: string | undefined;
  /** The one that last came in force by its files first. */
  readonly sets: readonly KeptSet[];
}

/** Where the set in force came from: the folder's files, or what the store kept of earlier ones. */
export type PolicySource = 'folder' | 'rollback';

export const EMPTY_HISTORY: HistoryIndex = { sets: [] };

/** The index after a set came in force by its files. */
export function withLoaded(
  index: HistoryIndex,
  { hash, policies }: { readonly hash: string; readonly policies: number },
  since: number,
): HistoryIndex {
  const others = index.sets.filter((kept) => kept.hash !== hash).slice(0, KEPT_SETS - 1);
  const taken = new Set(others.map(({ place }) => place));
  const known = index.sets.find((kept) => kept.hash === hash);
  let place = known?.place ?? 0;
  while (taken.has(place)) place++;
  return { inForce: { hash, since, source: 'folder' }, sets: [{ hash, since, policies, place }, ...others] };
}

/** The set that was in force before the present one, those that were rolled back aside. */
export function setBefore({ inForce, sets }: HistoryIndex): KeptSet | undefined {
  const present = sets.findIndex(({ hash }) => hash === inForce?.hash);
  return sets.find(({ rolledBackAt }, at) => at > present && rolledBackAt === undefined);
}

/** The index after `to` took the place of the set in force, while the folder holds `fingerprint`. */
export function withRolledBack(index: HistoryIndex, to: KeptSet, fingerprint: string, now: number): HistoryIndex {
  return {
    inForce: { hash: to.hash, since: now, source: 'rollback' },
    rolledBack: fingerprint,
    sets: index.sets.map((kept) => (kept.hash === index.inForce?.hash ? { ...kept, rolledBackAt: now } : kept)),
  };
}

/** What is in the store. Reading rejects when the store does; what is no history of this form counts as none. */
export class SetHistory {
  readonly #notes: NoteStore;

  constructor(notes: NoteStore) {
    this.#notes = notes;
  }

  /** The index as text, to be compared with what was seen before; undefined when there is none yet. */
  text(): Promise<string | undefined> {
    return this.#notes.get(INDEX_NOTE);
  }

  read(text: string | undefined): HistoryIndex {
    const { success, data } = INDEX.safeParse(text === undefined ? undefined : jsonIn(text));
    return success ? data : EMPTY_HISTORY;
  }

  /** Durable when resolved; with the text that now stands there. */
  async write(index: HistoryIndex): Promise<string> {
    const text = JSON.stringify({ format: 1, ...index });
    await this.#notes.put(INDEX_NOTE, text);
    return text;
  }

  /** Keeps the contents of the set that the index names first; before the index, which is worth nothing without them. */
  async keep({ hash, place }: KeptSet, files: readonly PolicyFile[]): Promise<void> {
    const written = files.map(({ path, text }) => [basename(path), text]);
    await this.#notes.put(contentNote(place), JSON.stringify({ hash, files: written }));
  }

  /** A set's files, by their names alone; undefined when they are no longer there. */
  async files({ hash, place }: KeptSet): Promise<readonly PolicyFile[] | undefined> {
    const text = await this.#notes.get(contentNote(place));
    const { success, data } = CONTENT.safeParse(text === undefined ? undefined : jsonIn(text));
    return success && data.hash === hash ? data.files.map(([path, text]) => ({ path, text })) : undefined;
  }
}
