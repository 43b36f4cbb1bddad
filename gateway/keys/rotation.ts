/**
 * Rotating a signing key in three steps, so that no answer is refused: a new key is accepted everywhere before it signs
 * anywhere, and the old one goes only when nothing of it is left. Says which step is next, what stands in its way, and what
 * the file is after it; reads and writes nothing.
 */
import { SELF_CARE_VALID_MILLIS } from '../chain/self-care-token.ts';
import { longestNegotiationMillis } from '../policy/live-sets.ts';
import type { PolicySet } from '../policy/model.ts';
import type { KeyFile, MarkedKey } from './key-file.ts';
import { fingerprintOf } from './ring.ts';
import type { KeysOfProcess } from './standing.ts';

/** `accept`: a new key becomes the second. `switch`: the second signs. `drop`: the old one goes. */
export type Step = 'accept' | 'switch' | 'drop';

/** Why a step is not to be done now. */
export type Obstacle =
  /** These processes have keys that the file does not. */
  | { readonly kind: 'other-keys'; readonly processes: readonly KeysOfProcess[] }
  /** These do not accept the key that is to sign, or do not answer. */
  | { readonly kind: 'not-accepted'; readonly processes: readonly KeysOfProcess[] }
  /** These sign with another key than the first, or do not answer. */
  | { readonly kind: 'not-signing'; readonly processes: readonly KeysOfProcess[] }
  /** What the old key signed can still be answered until then, in wall-clock milliseconds. */
  | { readonly kind: 'too-early'; readonly until: number }
  /** How long answers can come cannot be known: the policies of a gateway that does not run have problems. */
  | { readonly kind: 'policies-wrong' }
  /** Whoever runs could not be asked. Sentences. */
  | { readonly kind: 'not-asked'; readonly messages: readonly string[] }
  /** What nobody can read without the old key, and is not over yet. */
  | { readonly kind: 'left'; readonly sessions: number; readonly messages: number }
  /** What is kept is in the memory of a gateway that runs, where it cannot be sealed anew. */
  | { readonly kind: 'kept-in-memory' };

export interface Situation {
  /** Of every process that runs; empty when none does. */
  readonly processes: readonly KeysOfProcess[];
  /** How long what a key has signed can be answered; undefined when nobody knows. */
  readonly waitMillis: number | undefined;
  /** When the file was changed last, in wall-clock milliseconds. */
  readonly changedAt: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** Which step a file is before. A second key of which nothing is said is an old one: new ones used to be put on top. */
export function nextStep({ signing: [, second] }: KeyFile): Step {
  if (second === undefined) return 'accept';
  return second.mark?.what === 'accepted since' ? 'switch' : 'drop';
}

/** The file after the step. */
export function stepped(file: KeyFile, step: Step, fresh: string, now: number): KeyFile {
  const [first, second] = file.signing;
  if (first === undefined) return file;
  switch (step) {
    case 'accept':
      return { ...file, signing: [first, { key: fresh, mark: { what: 'accepted since', at: now } }] };
    case 'switch':
      return second === undefined ? file : { ...file, signing: [signs(second, now), signed(first, now)] };
    case 'drop':
      return { ...file, signing: [first] };
  }
}

const signs = ({ key }: MarkedKey, at: number): MarkedKey => ({ key, mark: { what: 'signs since', at } });
const signed = ({ key }: MarkedKey, at: number): MarkedKey => ({ key, mark: { what: 'signed until', at } });

/** Everything that stands in the way of the file's next step. */
export function obstaclesTo(file: KeyFile, situation: Situation): readonly Obstacle[] {
  const { processes } = situation;
  const [first = '', second = ''] = file.signing.map(({ key }) => fingerprintOf(key));
  const strangers = processes.filter(({ keys }) => keys.some((key) => key !== first && key !== second));
  const found: Obstacle[] = strangers.length === 0 ? [] : [{ kind: 'other-keys', processes: strangers }];
  const step = nextStep(file);
  const known = processes.filter((one) => !strangers.includes(one));
  if (step === 'switch') {
    const without = known.filter(({ keys }) => !keys.includes(second));
    if (without.length > 0) found.push({ kind: 'not-accepted', processes: without });
  } else if (step === 'drop') {
    const others = known.filter(({ keys }) => keys[0] !== first);
    if (others.length > 0) found.push({ kind: 'not-signing', processes: others });
    const until = droppableFrom(file, situation);
    if (until === undefined) found.push({ kind: 'policies-wrong' });
    else if (until > situation.now) found.push({ kind: 'too-early', until });
  }
  return found;
}

/**
 * When nothing that the old key has signed can be answered any more. A process that came to sign with the new one later
 * than the file says counts from then.
 */
export function droppableFrom(file: KeyFile, { processes, waitMillis, changedAt }: Situation): number | undefined {
  if (waitMillis === undefined) return undefined;
  const mark = file.signing[1]?.mark;
  const switched = mark?.what === 'signed until' ? mark.at : changedAt;
  return Math.max(switched, ...processes.map(({ since }) => since)) + waitMillis;
}

/** How long what is signed under these sets can be answered: questions, and links to a user's own page. */
export function answerableMillis(sets: readonly PolicySet[]): number {
  const links = sets.some(({ onLine }) => onLine.length > 0) ? SELF_CARE_VALID_MILLIS : 0;
  return Math.max(links, ...sets.map(longestNegotiationMillis));
}
