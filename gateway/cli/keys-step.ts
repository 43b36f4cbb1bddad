/**
 * One step of a rotation, on the secret file of this machine: looks at the file and at who runs, says what stands in the
 * way, and replaces the file. Before the last step all that mailboxes keep is sealed by the key that stays.
 */
import type { Config } from '../config.ts';
import { type KeyFile, keyFileText } from '../keys/key-file.ts';
import { countOlderSeals } from '../keys/older-seals.ts';
import { nextStep, type Obstacle, obstaclesTo, type Step, stepped } from '../keys/rotation.ts';
import { newKey, readSecretFile, replaceSecretFile } from '../keys/secret-file.ts';
import { type Resealed, resealMailbox } from '../stores/reseal.ts';
import { type AskedGateway, askGateway } from './keys-gateway.ts';
import { type Output, openConfigured } from './stored.ts';

export interface StepDone {
  readonly kind: 'done';
  readonly step: Step;
  readonly before: KeyFile;
  readonly after: KeyFile;
  readonly asked: AskedGateway;
  /** What was there, and was not heeded. */
  readonly forced: readonly Obstacle[];
  readonly resealed: Resealed | undefined;
}

export type StepResult =
  | StepDone
  | { readonly kind: 'refused'; readonly step: Step; readonly file: KeyFile; readonly obstacles: readonly Obstacle[] }
  /** It cannot be looked at. A sentence; undefined when it was told already. */
  | { readonly kind: 'unusable'; readonly problem: string | undefined }
  /** The file was not replaced. A sentence. */
  | { readonly kind: 'failed'; readonly problem: string };

export interface StepOptions {
  readonly path: string;
  readonly isForced: boolean;
  /** Wall-clock milliseconds. */
  readonly now: number;
  readonly output: Output;
}

/** What is known before a step. */
export interface Looked {
  readonly text: string;
  readonly file: KeyFile;
  readonly step: Step;
  readonly asked: AskedGateway;
  readonly changedAt: number;
  /** Those that are seen without opening the store. */
  readonly obstacles: readonly Obstacle[];
}

/** The file and who runs; a sentence when the file cannot be used. */
export async function lookAt(config: Config, path: string, now: number): Promise<Looked | string> {
  const read = readSecretFile(path);
  if (read.kind === 'failed') return read.problem;
  const { text, file, changedAt } = read;
  const asked = await askGateway(config);
  const obstacles: readonly Obstacle[] =
    asked.kind === 'unknown'
      ? [{ kind: 'not-asked', messages: asked.messages }]
      : obstaclesTo(file, { ...asked, changedAt, now });
  return { text, file, step: nextStep(file), asked, changedAt, obstacles };
}

export async function takeStep(config: Config, options: StepOptions): Promise<StepResult> {
  const { path, isForced, now, output } = options;
  const looked = await lookAt(config, path, now);
  if (typeof looked === 'string') return { kind: 'unusable', problem: looked };
  const { text, file, step, asked } = looked;
  const refused = (obstacles: readonly Obstacle[]): StepResult => ({ kind: 'refused', step, file, obstacles });
  if (looked.obstacles.length > 0 && !isForced) return refused(looked.obstacles);
  const left = step === 'drop' ? await sealAnew(config, asked, now, output) : NOTHING_LEFT;
  if (left === undefined && !isForced) return { kind: 'unusable', problem: undefined };
  const found = left?.obstacles ?? [];
  if (found.length > 0 && !isForced) return refused(found);
  const after = stepped(file, step, newKey(), now);
  const replaced = replaceSecretFile(path, text, keyFileText(after));
  if (replaced.kind !== 'replaced') return { kind: 'failed', problem: replaced.problem };
  const forced = [...looked.obstacles, ...found];
  return { kind: 'done', step, before: file, after, asked, forced, resealed: left?.resealed };
}

interface Left {
  readonly obstacles: readonly Obstacle[];
  readonly resealed: Resealed | undefined;
}

const NOTHING_LEFT: Left = { obstacles: [], resealed: undefined };

/** What is left of the old key after what can be sealed anew was; undefined when that cannot be known, and was told. */
async function sealAnew(config: Config, asked: AskedGateway, now: number, output: Output): Promise<Left | undefined> {
  if (config.store.kind === 'memory') {
    return asked.kind === 'none' ? NOTHING_LEFT : { obstacles: [{ kind: 'kept-in-memory' }], resealed: undefined };
  }
  const opened = await openConfigured(config, output);
  if (opened === undefined) return undefined;
  const { store, secrets } = opened;
  try {
    const counts = ({ resealed, current }: Resealed) => `${resealed + current} messages and notifications looked at`;
    const resealed = await resealMailbox(store, secrets, (soFar) => output.progress?.(counts(soFar)));
    const { sessions, messages } = await countOlderSeals(store, secrets, now);
    output.progress?.('');
    const isLeft = sessions > 0 || messages > 0;
    return { obstacles: isLeft ? [{ kind: 'left', sessions, messages }] : [], resealed };
  } finally {
    await store.close();
  }
}
