/**
 * How windows and passes stand in Redis: JSON behind the number of its format, sealed, because a window may hold who is asked,
 * and Redis writes to disk. The seal is of the key under which it stands. A new form gets a new number; what cannot be read,
 * or is of another form, counts as nothing.
 */
import type { KeptPass } from '../../chain/negotiation-memory.ts';
import { ServiceSet } from '../../csp/service-tree.ts';
import type { AskedCount, NegotiationWindow } from '../../negotiation/window.ts';
import type { Secrets } from '../../ports.ts';

/** What a window or a pass is kept with. */
export interface Kept<T> {
  readonly vasp: string;
  /** When it is over, in wall-clock milliseconds. */
  readonly until: number;
  readonly content: T;
}

/** Puts one kind of record into bytes and back. */
export interface RecordForm<T> {
  /** @param entry the name under which it stands */
  write(secrets: Secrets, entry: string, kept: Kept<T>): Uint8Array;
  /** Undefined when it cannot be read. */
  read(secrets: Secrets, entry: string, bytes: Uint8Array): Kept<T> | undefined;
}

const FORMAT = 1;

interface WrittenRecord<W> {
  readonly format: number;
  readonly vasp: string;
  readonly until: number;
  readonly content: W;
}

type WrittenWindow = Omit<NegotiationWindow, 'asked'> & {
  readonly asked: readonly (readonly [policy: string, count: AskedCount])[];
};

type WrittenPass = Omit<KeptPass, 'granted' | 'askedIn'> & {
  readonly granted: { readonly low: number; readonly high: number };
  readonly askedIn: WrittenWindow;
};

export const WINDOW_FORM: RecordForm<NegotiationWindow> = formOf('negotiation window', writtenWindow, readWindow);
export const PASS_FORM: RecordForm<KeptPass> = formOf('login pass', writtenPass, readPass);

function formOf<T, W>(name: string, written: (content: T) => W, read: (content: W) => T): RecordForm<T> {
  const purpose = (entry: string): string => `${name} ${entry}`;
  return {
    write(secrets, entry, { vasp, until, content }) {
      const record: WrittenRecord<W> = { format: FORMAT, vasp, until, content: written(content) };
      return secrets.seal(purpose(entry), JSON.stringify(record));
    },
    read(secrets, entry, bytes) {
      const text = secrets.unseal(purpose(entry), bytes);
      if (text === undefined) return undefined;
      const record: WrittenRecord<W> = JSON.parse(text);
      if (record.format !== FORMAT) return undefined;
      return { vasp: record.vasp, until: record.until, content: read(record.content) };
    },
  };
}

// Field by field: what else whoever keeps something has in hand stays there.

function writtenWindow({ set, asked, held, page, worthless }: NegotiationWindow): WrittenWindow {
  return { set, asked: [...asked], held, ...(page === undefined ? {} : { page }), worthless };
}

function readWindow({ set, asked, held, page, worthless }: WrittenWindow): NegotiationWindow {
  return { set, asked: new Map(asked), held, ...(page === undefined ? {} : { page }), worthless };
}

function writtenPass(pass: KeptPass): WrittenPass {
  const { granted, levels, remember, decisions, tokens, outcomes, askedAt, askedIn } = pass;
  const halves = { low: granted.low, high: granted.high };
  return {
    ...{ granted: halves, levels, remember, decisions, tokens, outcomes, askedAt },
    askedIn: writtenWindow(askedIn),
  };
}

function readPass(pass: WrittenPass): KeptPass {
  const { granted, levels, remember, decisions, tokens, outcomes, askedAt, askedIn } = pass;
  return {
    ...{ levels, remember, decisions, tokens, outcomes, askedAt },
    granted: new ServiceSet(granted.low, granted.high),
    askedIn: readWindow(askedIn),
  };
}
