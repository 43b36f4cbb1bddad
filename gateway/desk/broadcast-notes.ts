/**
 * Sendings in the store: one note each, in a fixed number of places, so that nothing has to be removed. A note is written
 * as a whole, so that where a sending stands and what it has counted until then always belong together.
 */
import { z } from 'zod';
import type { OnLinePolicy } from '../policy/model.ts';
import { readOnLinePolicy } from '../policy/on-line.ts';
import type { NoteStore } from '../ports.ts';
import { jsonIn } from '../yaml/data.ts';
import type { MessageCounts } from './broadcast-counts.ts';
import { type BroadcastState, type BroadcastTarget, KEPT_BROADCASTS } from './broadcast-model.ts';

/** What is decided when a sending begins. */
export interface BroadcastOrigin {
  readonly id: string;
  readonly policy: OnLinePolicy;
  readonly to: BroadcastTarget;
  /** Undefined: every VASP. */
  readonly vasp: string | undefined;
  readonly perSecond: number;
  /** Wall-clock milliseconds. */
  readonly since: number;
}

/** Where it stands. */
export interface BroadcastProgress {
  readonly state: BroadcastState;
  readonly until: number | undefined;
  /** 1: over all sessions. 2: over those that were opened meanwhile. */
  readonly pass: number;
  /** The key of the last session that was dealt with in this pass. */
  readonly cursor: string | undefined;
  readonly walked: number;
  readonly nameless: number;
  readonly full: number;
}

/** Counts of messages that came to their end until a time: their records may be dropped. */
export interface EndedCounts {
  readonly until: number;
  readonly counts: MessageCounts;
}

export interface KeptBroadcast {
  /** Where its note lies, from 0. */
  readonly place: number;
  readonly origin: BroadcastOrigin;
  readonly progress: BroadcastProgress;
  readonly ended: EndedCounts;
}

const COUNT = z.number().int();
const TARGET = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('user'), userKey: z.string() }),
  z.object({ kind: z.literal('users'), users: z.string() }),
  z.object({ kind: z.literal('everybody') }),
]);
const NOTE = z.object({
  format: z.literal(1),
  id: z.string(),
  definition: z.string(),
  to: TARGET,
  vasp: z.string().optional(),
  perSecond: z.number(),
  since: z.number(),
  state: z.enum(['running', 'sent', 'cancelled']),
  until: z.number().optional(),
  pass: COUNT,
  cursor: z.string().optional(),
  walked: COUNT,
  nameless: COUNT,
  full: COUNT,
  ended: z.object({
    until: z.number(),
    counts: z.object({
      made: COUNT,
      open: COUNT,
      inbox: COUNT,
      read: COUNT,
      sent: COUNT,
      delivered: COUNT,
      answered: COUNT,
      options: z.record(z.string(), COUNT),
      expired: COUNT,
      withdrawn: COUNT,
    }),
  }),
});

const noteOf = (place: number): string => `broadcast-${place}`;

/** Durable when resolved. */
export function keepBroadcast(notes: NoteStore, { place, origin, progress, ended }: KeptBroadcast): Promise<void> {
  const { policy, ...rest } = origin;
  return notes.put(
    noteOf(place),
    JSON.stringify({ format: 1, ...rest, definition: policy.definition, ...progress, ended }),
  );
}

export interface ReadBroadcasts {
  /** The newest first. */
  readonly kept: readonly KeptBroadcast[];
  /** Places whose notes this version cannot read. */
  readonly unreadable: readonly number[];
}

/** Rejects when the store does. */
export async function readBroadcasts(notes: NoteStore): Promise<ReadBroadcasts> {
  const kept: KeptBroadcast[] = [];
  const unreadable: number[] = [];
  for (let place = 0; place < KEPT_BROADCASTS; place++) {
    const text = await notes.get(noteOf(place));
    if (text === undefined) continue;
    const read = readNote(place, text);
    if (read === undefined) unreadable.push(place);
    else kept.push(read);
  }
  return { kept: kept.toSorted((a, b) => b.origin.since - a.origin.since), unreadable };
}

function readNote(place: number, text: string): KeptBroadcast | undefined {
  const parsed = NOTE.safeParse(jsonIn(text));
  const policy = parsed.success ? readOnLinePolicy(parsed.data.definition) : undefined;
  if (!parsed.success || policy === undefined) return undefined;
  const { id, to, perSecond, since, state, pass, walked, nameless, full, ended } = parsed.data;
  const { vasp, until, cursor } = parsed.data;
  return {
    place,
    origin: { id, policy, to, vasp, perSecond, since },
    progress: { state, until, pass, cursor, walked, nameless, full },
    ended,
  };
}
