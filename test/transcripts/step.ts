/** A form that a line of a transcript may have, and what it does. */
import type { World } from './world.ts';

export type Act = (
  world: World,
  groups: Readonly<Record<string, string | undefined>>,
  block: string,
) => Promise<void> | void;

export type StepRow = readonly [form: RegExp, act: Act];

export function row(form: RegExp, act: Act): StepRow {
  return [form, act];
}

/** @throws always */
export function fail(what: string, expected: string, got: string): never {
  throw new Error(`${what}\n  expected\n    ${expected}\n  got\n    ${got}`);
}
