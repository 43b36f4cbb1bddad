/** What `sapgw keys` does once it knows which file it is about; see `keys.ts`. */
import type { KeyFile } from '../keys/key-file.ts';
import { droppableFrom, nextStep, type Obstacle } from '../keys/rotation.ts';
import type { KeysOfProcess } from '../keys/standing.ts';
import { EXIT_CONFIGURATION } from './config.ts';
import type { KeyPlace, KeysDeps } from './keys.ts';
import { type AskedGateway, untilHeld } from './keys-gateway.ts';
import {
  doneLine,
  fingerprintsOf,
  heldLine,
  keyLines,
  nextLine,
  obstacleLine,
  processLine,
  timeOf,
} from './keys-lines.ts';
import { lookAt, type StepDone, takeStep } from './keys-step.ts';
import { EXIT_FAILED, type Output, processOutput } from './stored.ts';

interface Way extends KeysDeps {
  readonly isJson: boolean;
}

/** `sapgw keys status`. */
export async function showStatus(
  { config, path }: KeyPlace,
  { isJson, output = processOutput(), now = Date.now }: Way,
) {
  const looked = await lookAt(config, path, now());
  if (typeof looked === 'string') {
    output.printError(looked);
    process.exitCode = EXIT_CONFIGURATION;
    return;
  }
  const { file, asked, obstacles, changedAt } = looked;
  const from = nextFrom(file, asked, changedAt, now());
  const processes = asked.kind === 'unknown' ? [] : asked.processes;
  const problem = asked.kind === 'runs' ? asked.problem : undefined;
  if (isJson) {
    const json = {
      ...jsonOf(path, file, from, processes),
      obstacles: obstacles.map(jsonOfObstacle),
      problem: problem ?? null,
    };
    await output.write(`${JSON.stringify(json, null, 2)}\n`);
    return;
  }
  const lines = [
    `${path}: ${file.signing.length === 1 ? '1 live key' : `${file.signing.length} live keys`}`,
    ...keyLines(file),
    ...(asked.kind === 'none' ? [`no gateway answers at ${asked.url}`] : processes.map(processLine)),
    ...(problem === undefined ? [] : [`the running gateway does not take the file: ${problem}`]),
    nextLine(file, path, from),
    ...obstacles.map((one) => `not yet: ${obstacleLine(one)}`),
  ];
  await output.write(`${lines.join('\n')}\n`);
}

interface RotateWay extends Way {
  readonly isAll: boolean;
  readonly isForced: boolean;
}

/** `sapgw keys rotate`. */
export async function rotate(place: KeyPlace, way: RotateWay): Promise<void> {
  const { config, path } = place;
  const { isForced, isJson, isAll, output = processOutput(), now = Date.now } = way;
  for (;;) {
    const result = await takeStep(config, { path, isForced, now: now(), output });
    if (result.kind === 'unusable' || result.kind === 'failed') {
      if (result.problem !== undefined) output.printError(result.problem);
      process.exitCode = result.kind === 'failed' ? EXIT_FAILED : EXIT_CONFIGURATION;
      return;
    }
    if (result.kind === 'refused') {
      process.exitCode = EXIT_FAILED;
      const { step, file, obstacles } = result;
      if (isJson) {
        const json = {
          step,
          done: false,
          ...jsonOf(path, file, undefined, []),
          obstacles: obstacles.map(jsonOfObstacle),
        };
        await output.write(`${JSON.stringify(json, null, 2)}\n`);
      } else for (const one of obstacles) output.printError(obstacleLine(one));
      return;
    }
    process.exitCode = 0;
    const expected = fingerprintsOf(result.after);
    const processes = result.asked.kind === 'runs' ? await untilHeld(config, expected) : undefined;
    const goesOn = isAll && result.step === 'accept';
    // JSON is one document: of the last step.
    if (!(isJson && goesOn)) await tell(place, result, processes, isJson, output, now());
    if (!goesOn) return;
  }
}

async function tell(
  { path }: KeyPlace,
  done: StepDone,
  processes: readonly KeysOfProcess[] | undefined,
  isJson: boolean,
  output: Output,
  now: number,
): Promise<void> {
  const { step, before, after, asked, forced, resealed } = done;
  const known = asked.kind === 'unknown' || processes === undefined ? asked : { ...asked, processes };
  const from = nextFrom(after, known, now, now);
  if (isJson) {
    const more = { obstacles: forced.map(jsonOfObstacle), resealed: resealed ?? null };
    const json = { step, done: true, ...jsonOf(path, after, from, processes ?? []), ...more };
    await output.write(`${JSON.stringify(json, null, 2)}\n`);
    return;
  }
  if (resealed !== undefined && resealed.unreadable > 0) {
    output.printError(
      `${resealed.unreadable} kept messages and notifications are opened by no live key, the old one neither`,
    );
  }
  for (const one of forced) output.printError(`forced: ${obstacleLine(one)}`);
  const lines = [
    doneLine(step, before, after),
    ...(resealed === undefined ? [] : [`${resealed.resealed} kept messages and notifications were sealed anew`]),
    ...(processes === undefined
      ? ['no gateway runs here; one takes the file when it starts']
      : [heldLine(processes, fingerprintsOf(after))]),
    nextLine(after, path, from),
  ];
  await output.write(`${lines.join('\n')}\n`);
}

/** When the old key may go, where that is the next step. */
function nextFrom(file: KeyFile, asked: AskedGateway, changedAt: number, now: number): number | undefined {
  if (asked.kind === 'unknown' || nextStep(file) !== 'drop') return undefined;
  return droppableFrom(file, { ...asked, changedAt, now });
}

function jsonOf(path: string, file: KeyFile, from: number | undefined, processes: readonly KeysOfProcess[]): object {
  const keys = fingerprintsOf(file).map((fingerprint, index) => {
    const mark = file.signing[index]?.mark;
    return {
      fingerprint,
      signs: index === 0,
      mark: mark?.what ?? null,
      at: mark === undefined ? null : timeOf(mark.at),
    };
  });
  return {
    file: path,
    keys,
    next: { step: nextStep(file), from: from === undefined ? null : timeOf(from) },
    processes: processes.map((one) => ({ ...one, since: one.since === 0 ? null : timeOf(one.since) })),
  };
}

const jsonOfObstacle = (obstacle: Obstacle): object => ({ kind: obstacle.kind, message: obstacleLine(obstacle) });
