/**
 * What a process and its children cost, as Linux counts it in /proc: the same gauge for every proxy, whatever it is written
 * in. Processor time comes from the scheduler in nanoseconds where it tells, else from the clock ticks of /proc/PID/stat.
 */
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Processor seconds, user and system, of all threads of a process and its descendants that are alive. */
export function cpuSecondsOf(pid: number): number {
  let seconds = 0;
  for (const one of treeOf(pid)) {
    const threads = entries(`/proc/${one}/task`).map((thread) => nanoseconds(`/proc/${one}/task/${thread}/schedstat`));
    seconds += threads.every((time) => time > 0) && threads.length > 0 ? sum(threads) / 1e9 : ticks(one);
  }
  return seconds;
}

/** Bytes resident of a process and its descendants; what they share is counted in each. */
export function residentBytesOf(pid: number): number {
  return sum(treeOf(pid).map((one) => statusKilobytes(one, 'VmRSS') * 1024));
}

/** The process and everything that it and its children started. */
export function treeOf(pid: number): number[] {
  const children = entries(`/proc/${pid}/task`).flatMap((thread) =>
    text(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(treeOf)];
}

function statusKilobytes(pid: number, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text(`/proc/${pid}/status`))?.[1] ?? Number.NaN);
}

function nanoseconds(file: string): number {
  return Number(text(file).split(' ')[0]);
}

function ticks(pid: number): number {
  // The program's name stands in brackets and may hold blanks.
  const fields = text(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
