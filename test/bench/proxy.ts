/**
 * Compares the gateway, inspecting and enforcing on every message, with bare http-proxy: requests per second of the proxy
 * process's own processor time. Both run beside each other and are loaded in turn, round by round, so that whatever else
 * the machine does hits both; the medians are compared [architecture §5].
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadReport } from './load.ts';
import type { TargetReady, TargetUsage } from './proxy-target.ts';
import type { Row } from './table.ts';

const CONNECTIONS = 32;
const FLOOR = 1.2;
const GOAL = 1.5;

interface Plan {
  /** Pairs of fresh processes: how well the compiler of hot code did differs from one process to the next. */
  readonly pairs: number;
  /** For each pair. */
  readonly rounds: number;
  readonly requests: number;
  readonly warmUpRequests: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Below node_modules, so that the compiled programs find their packages. */
const COMPILED = join(ROOT, 'node_modules', '.cache', 'sapgw-bench');

/** Long enough for the compiler of hot code to be done: what it takes is paid once in a process's life, not per request. */
const FULL: Plan = { pairs: 4, rounds: 5, requests: 20_000, warmUpRequests: 60_000 };
const QUICK: Plan = { pairs: 2, rounds: 3, requests: 10_000, warmUpRequests: 40_000 };

/** What was measured of one proxy, round by round, over all of its processes. */
interface Measured {
  readonly name: string;
  readonly rates: number[];
  readonly throughputs: number[];
}

interface Target {
  readonly measured: Measured;
  readonly child: ChildProcess;
  readonly port: number;
}

export async function benchProxy(isQuick: boolean): Promise<Row[]> {
  const plan = isQuick ? QUICK : FULL;
  const children: ChildProcess[] = [];
  const baseline: Measured = { name: 'http-proxy', rates: [], throughputs: [] };
  const gateway: Measured = { name: 'gateway', rates: [], throughputs: [] };
  compile();
  try {
    const vasp = start(children, 'upstream-server.ts', []);
    const { port } = await answerOf<TargetReady>(vasp);
    const load = start(children, 'load.ts', []);
    for (let pair = 0; pair < plan.pairs; pair += 1) {
      const targets = [
        await startTarget(children, baseline, 'proxy-target-http-proxy.ts', port),
        await startTarget(children, gateway, 'proxy-target-gateway.ts', port),
      ];
      await measurePair(load, targets, plan);
      for (const { child } of targets) child.kill();
    }
    return rowsOf(baseline, gateway);
  } finally {
    for (const child of children) child.kill();
  }
}

async function measurePair(load: ChildProcess, targets: readonly Target[], plan: Plan): Promise<void> {
  for (const target of targets) await measure(load, target, plan.warmUpRequests);
  for (let round = 0; round < plan.rounds; round += 1) {
    const inTurn = round % 2 === 0 ? targets : targets.toReversed();
    for (const target of inTurn) {
      const { rate, throughput } = await measure(load, target, plan.requests);
      target.measured.rates.push(rate);
      target.measured.throughputs.push(throughput);
    }
  }
}

function rowsOf(baseline: Measured, gateway: Measured): Row[] {
  const ratio = median(gateway.rates.map((rate, round) => rate / (baseline.rates[round] ?? Number.NaN)));
  const plain = (target: Measured): Row[] => [
    { name: `proxy: ${target.name}`, value: median(target.rates), unit: 'requests/CPU-s', better: 'higher' },
    {
      name: `proxy: ${target.name}, wall clock`,
      value: median(target.throughputs),
      unit: 'requests/s',
      better: 'higher',
    },
  ];
  return [
    ...plain(baseline),
    ...plain(gateway),
    {
      name: 'proxy: gateway (inspecting) / http-proxy',
      value: ratio,
      unit: 'times',
      goal: GOAL,
      floor: FLOOR,
      better: 'higher',
    },
  ];
}

async function measure(
  load: ChildProcess,
  target: Target,
  requests: number,
): Promise<{ rate: number; throughput: number }> {
  const before = await usageOf(target);
  const order: LoadOrder = { port: target.port, connections: CONNECTIONS, requests };
  load.send(order);
  const report = await answerOf<LoadReport>(load);
  const after = await usageOf(target);
  if (report.wrong > 0 || report.answered !== requests) {
    throw new Error(
      `${target.measured.name} answered ${report.answered} of ${requests} requests, ${report.wrong} of them wrongly`,
    );
  }
  return { rate: requests / (after.cpuSeconds - before.cpuSeconds), throughput: requests / report.seconds };
}

async function usageOf(target: Target): Promise<TargetUsage> {
  target.child.send('usage');
  return answerOf<TargetUsage>(target.child);
}

async function startTarget(
  children: ChildProcess[],
  measured: Measured,
  file: string,
  vaspPort: number,
): Promise<Target> {
  const child = start(children, file, [String(vaspPort)]);
  const { port } = await answerOf<TargetReady>(child);
  return { measured, child, port };
}

/** What is measured is what runs in production: the compiler's output, not the sources through a loader. */
function compile(): void {
  const options = ['--noEmit', 'false', '--noCheck', 'true', '--rootDir', ROOT, '--outDir', COMPILED];
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', ROOT, ...options], {
    stdio: 'inherit',
  });
}

function start(children: ChildProcess[], file: string, args: readonly string[]): ChildProcess {
  const program = join(COMPILED, 'test', 'bench', file.replace(/\.ts$/, '.js'));
  const child = fork(program, args, { cwd: ROOT });
  children.push(child);
  return child;
}

/** The next message of a child; fails when the child ends instead. */
function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      child.off('message', answered);
      reject(
        new Error(`${child.spawnargs.find((arg) => arg.endsWith('.js')) ?? 'a process of the benchmark'} ended early`),
      );
    };
    const answered = (answer: unknown): void => {
      child.off('exit', ended);
      resolve(answer as Answer);
    };
    child.once('message', answered);
    child.once('exit', ended);
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
