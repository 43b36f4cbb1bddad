/**
 * The negotiation windows, passes and spent tokens of one machine: kept in the primary, used by the workers. A change of a
 * window is a function, which cannot cross: the worker reads, computes, and the primary keeps the result if the window is
 * still the one that was read.
 */
import type { KeptPass, NegotiationMemory } from '../chain/negotiation-memory.ts';
import { ServiceSet } from '../csp/service-tree.ts';
import type { NegotiationWindow } from '../negotiation/window.ts';

/** A window and the number of this state of it. */
export interface NumberedWindow {
  readonly number: number;
  readonly window: NegotiationWindow;
}

/** A pass as it crosses: a set of services as its two halves. */
export type WrittenPass = Omit<KeptPass, 'granted'> & {
  readonly granted: { readonly low: number; readonly high: number };
};

/** What the primary answers. */
export interface NegotiationService
  extends Pick<NegotiationMemory, 'window' | 'keepWindow' | 'dropPass' | 'spent' | 'claim' | 'release'> {
  numbered(key: string): Promise<NumberedWindow>;
  /** Keeps a window in the place of the state with this number; what stands there when that is another one. */
  replace(
    key: string,
    vasp: string,
    number: number,
    window: NegotiationWindow,
  ): Promise<{ readonly kept: true } | ({ readonly kept: false } & NumberedWindow)>;
  pass(key: string): Promise<WrittenPass | undefined>;
  keepPass(key: string, vasp: string, pass: WrittenPass, millis: number): Promise<void>;
}

/** Serves a memory to workers. There is one of it, whoever asks. */
export function negotiationService(memory: NegotiationMemory): NegotiationService {
  // Windows are data that nobody changes: one object is one state.
  const numbers = new WeakMap<NegotiationWindow, number>();
  let next = 1;
  const numbered = (window: NegotiationWindow): NumberedWindow => {
    const known = numbers.get(window);
    if (known !== undefined) return { number: known, window };
    const number = next++;
    numbers.set(window, number);
    return { number, window };
  };
  return {
    window: (key) => memory.window(key),
    keepWindow: (key, vasp, window) => memory.keepWindow(key, vasp, window),
    dropPass: (key) => memory.dropPass(key),
    spent: (tokens) => memory.spent(tokens),
    claim: (tokens) => memory.claim(tokens),
    release: (tokens) => memory.release(tokens),
    numbered: async (key) => numbered(await memory.window(key)),
    async replace(key, vasp, number, window) {
      const before = await memory.changeWindow(key, vasp, (current) =>
        numbered(current).number === number ? window : current,
      );
      const stood = numbered(before);
      return stood.number === number ? { kept: true } : { kept: false, ...stood };
    },
    async pass(key) {
      const pass = await memory.pass(key);
      return pass === undefined ? undefined : written(pass);
    },
    keepPass: (key, vasp, pass, millis) => memory.keepPass(key, vasp, read(pass), millis),
  };
}

/** The memory as a worker sees it. */
export function remoteNegotiations(service: NegotiationService): NegotiationMemory {
  return {
    window: (key) => service.window(key),
    keepWindow: (key, vasp, window) => service.keepWindow(key, vasp, window),
    async changeWindow(key, vasp, change) {
      let read = await service.numbered(key);
      for (;;) {
        const result = await service.replace(key, vasp, read.number, change(read.window));
        if (result.kept) return read.window;
        // Somebody was faster, and has got further by it: this ends.
        read = result;
      }
    },
    async pass(key) {
      const pass = await service.pass(key);
      return pass === undefined ? undefined : read(pass);
    },
    keepPass: (key, vasp, pass, millis) => service.keepPass(key, vasp, written(pass), millis),
    dropPass: (key) => service.dropPass(key),
    spent: (tokens) => (tokens.length === 0 ? NOTHING_SPENT : service.spent(tokens)),
    claim: (tokens) => (tokens.length === 0 ? CLAIMED : service.claim(tokens)),
    release: (tokens) => (tokens.length === 0 ? RELEASED : service.release(tokens)),
  };
}

const NOTHING_SPENT: Promise<ReadonlySet<string>> = Promise.resolve(new Set<string>());
const CLAIMED = Promise.resolve(true);
const RELEASED = Promise.resolve();

/** Field by field: what else whoever keeps a pass has in hand stays there. */
function written(pass: KeptPass): WrittenPass {
  const { granted, levels, remember, decisions, tokens, outcomes, askedAt, askedIn } = pass;
  const halves = { low: granted.low, high: granted.high };
  return { granted: halves, levels, remember, decisions, tokens, outcomes, askedAt, askedIn };
}

function read({ granted, ...pass }: WrittenPass): KeptPass {
  return { ...pass, granted: new ServiceSet(granted.low, granted.high) };
}
