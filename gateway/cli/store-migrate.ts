/**
 * `sapgw store migrate`: opens both stores, sees that nobody else uses them, has one copied into the other and says what came
 * of it. Exit status: 0 both hold the same, 1 they do not or it was ended before, 2 wrong use, configuration or stores.
 */
import { performance } from 'node:perf_hooks';
import { StoreWriteError } from '../errors.ts';
import { type MigrationResult, migrate } from '../migration/migrate.ts';
import type { Progress } from '../migration/progress.ts';
import { configFromOptions, EXIT_CONFIGURATION } from './config.ts';
import type { MigrateOptions } from './store.ts';
import { type Ends, isEqual, progressLine, refusalOf, resultJson, resultText, warningsOf } from './store-lines.ts';
import { type OpenedEnds, openEnds } from './store-open.ts';
import { EXIT_FAILED, type Output } from './stored.ts';

/** Where nobody watches, a line so often. */
const PLAIN_MILLIS = 5_000;
/** Where somebody does. */
const SHOWN_MILLIS = 100;

export async function storeMigrate(
  { from, to, force, json, ...options }: MigrateOptions,
  output: Output,
): Promise<void> {
  const config = configFromOptions(options);
  if (config === undefined) return;
  const opened = await openEnds(config, { from, to });
  if (opened.kind === 'failed') {
    output.printError(opened.problem);
    process.exitCode = EXIT_CONFIGURATION;
    return;
  }
  try {
    if (await isInUse(opened, force === true, output)) {
      process.exitCode = EXIT_CONFIGURATION;
      return;
    }
    const result = await interruptibly((isStopped) => migrated(opened, isStopped, output));
    output.progress?.('');
    await tell(result, opened, json === true, output);
  } catch (error) {
    if (!(error instanceof StoreWriteError)) throw error;
    output.printError(`a store fails with ${error.code}: once it works, run the same command, and it goes on`);
    process.exitCode = EXIT_FAILED;
  } finally {
    await opened.close();
  }
}

async function isInUse({ source, target, from, to }: OpenedEnds, isForced: boolean, output: Output): Promise<boolean> {
  let isUsed = false;
  for (const [place, { copy }] of [[from, source] as const, [to, target] as const]) {
    const users = await copy.users();
    if (users.length === 0) continue;
    isUsed = true;
    const who = users.join(', ');
    output.printError(
      isForced
        ? `${place}: is used by ${who}: what is written meanwhile may be missing`
        : `${place}: is used by ${who}; stop it first (--force migrates all the same, and may miss what is written meanwhile)`,
    );
  }
  return isUsed && !isForced;
}

function migrated(opened: OpenedEnds, isStopped: () => boolean, output: Output): Promise<MigrationResult> {
  const troubles = spaced(PLAIN_MILLIS);
  return migrate({
    ...opened,
    clock: { wall: () => Date.now(), monotonic: () => performance.now() },
    onProgress: shown(output),
    onTrouble: (code) => troubles(() => output.printError(`a store does not answer (${code}): it is asked again`)),
    isStopped,
  });
}

/** One line that changes on a terminal, lines now and then elsewhere. */
function shown({ progress, printError }: Output): (progress: Progress) => void {
  const print = progress ?? printError;
  const often = spaced(progress === undefined ? PLAIN_MILLIS : SHOWN_MILLIS);
  return (soFar) => often(() => print(progressLine(soFar)));
}

/** Does what it is given, but for what comes too soon after. */
function spaced(millis: number): (work: () => void) => void {
  let next = 0;
  return (work) => {
    if (performance.now() < next) return;
    work();
    next = performance.now() + millis;
  };
}

/** The first signal ends it at the next slice, the second at once. */
async function interruptibly<T>(work: (isStopped: () => boolean) => Promise<T>): Promise<T> {
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await work(() => isStopped);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function tell(result: MigrationResult, ends: Ends, isJson: boolean, output: Output): Promise<void> {
  switch (result.kind) {
    case 'stopped':
      output.printError('stopped; the same command goes on');
      process.exitCode = EXIT_FAILED;
      return;
    case 'compared':
      await output.write(isJson ? resultJson(result, ends) : resultText(result, ends));
      for (const line of warningsOf(result, ends)) output.printError(line);
      if (!isEqual(result)) process.exitCode = EXIT_FAILED;
      return;
    default:
      for (const line of refusalOf(result, ends)) output.printError(line);
      process.exitCode = EXIT_CONFIGURATION;
  }
}
