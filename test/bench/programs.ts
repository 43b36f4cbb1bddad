/**
 * The processes of a benchmark. What is measured is what runs in production: the compiler's output, not the sources through
 * a loader. Every process ends with the benchmark, however that ends.
 */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const children = new Set<ChildProcess>();
const folders = new Set<string>();
let compiledFolder: string | undefined;

process.on('exit', () => {
  for (const child of children) child.kill();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** A folder that goes with the benchmark. */
export function folderOfRun(parent: string, prefix: string): string {
  const folder = mkdtempSync(join(parent, prefix));
  folders.add(folder);
  return folder;
}

/** Where the compiled program of a source file is, such as `gateway/cli/sapgw.ts`; compiles everything the first time. */
export function compiled(source: string): string {
  compiledFolder ??= compile();
  return join(compiledFolder, source.replace(/\.ts$/, '.js'));
}

function compile(): string {
  // Below node_modules, so that the compiled programs find their packages.
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = folderOfRun(cache, 'sapgw-bench-');
  const options = ['--noEmit', 'false', '--noCheck', 'true', '--rootDir', ROOT, '--outDir', folder];
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', ROOT, ...options], {
    stdio: ['ignore', process.stderr, process.stderr],
  });
  return folder;
}

/** Starts a compiled program that speaks with the benchmark by messages. */
export function forkCompiled(source: string, args: readonly string[] = []): ChildProcess {
  const child = fork(compiled(source), args, { cwd: ROOT });
  return endsWithRun(child);
}

/** Starts a program of the machine that stays in the foreground. */
export function startProgram(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.on('error', () => child.kill());
  return endsWithRun(child);
}

/** Has a process end with the benchmark. */
export function endsWithRun(child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Asks a process to end, and waits until it has. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
}

/** The next message of a child; fails when the child ends instead. */
export function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      child.off('message', answered);
      const name = child.spawnargs.find((arg) => arg.endsWith('.js')) ?? 'a process of the benchmark';
      reject(new Error(`${name} ended early`));
    };
    const answered = (answer: unknown): void => {
      child.off('exit', ended);
      resolve(answer as Answer);
    };
    child.once('message', answered);
    child.once('exit', ended);
  });
}
