/** Reads a transcript: who takes part, and the steps with their places, so that a failure can name its line. */
import { CSP_VERSIONS, type CspVersion } from '../../gateway/csp/versions.ts';

export interface Step {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** The indented lines below, without their common use of blanks. */
  readonly block: string;
  /** The versions in which the step is played. */
  readonly versions: readonly CspVersion[];
  /** Where the step is played only on a store that one machine has for itself, or on one that several share. */
  readonly machines: 'one' | 'several' | undefined;
}

export interface Party {
  readonly name: string;
  readonly settings: ReadonlyMap<string, string>;
}

export interface Script {
  readonly title: string;
  readonly versions: readonly CspVersion[];
  readonly policies: readonly string[];
  readonly clients: readonly Party[];
  readonly vasps: readonly Party[];
  /** `[gateway]` lines: asking-code, provisioned. */
  readonly gateway: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

/** @throws {Error} naming the line that cannot be read. */
export function parseScript(text: string): Script {
  const lines = text.split('\n');
  const dashes = lines.findIndex((line) => /^-{3,}\s*$/.test(line));
  if (dashes === -1) throw new Error('a line of dashes must stand between the header and the steps');
  const titles: string[] = [];
  const policies: string[] = [];
  const clients: Party[] = [];
  const vasps: Party[] = [];
  const gateway = new Map<string, string>();
  for (const [index, line] of lines.slice(0, dashes).entries()) {
    const [, kind = '', rest = ''] = /^\[(\w+)\]\s*(.*)$/.exec(line) ?? [];
    if (line.startsWith('#')) titles.push(line.slice(1).trim());
    else if (kind === 'policy') policies.push(...rest.split(/\s+/).filter((name) => name !== ''));
    else if (kind === 'client') clients.push(partyOf(rest));
    else if (kind === 'vasp') vasps.push(partyOf(rest));
    else if (kind === 'gateway') for (const [key, value] of settingsOf(rest)) gateway.set(key, value);
    else if (line.trim() !== '')
      throw new Error(`line ${index + 1}: neither #, [policy], [client], [vasp] nor [gateway]`);
  }
  if (titles.length === 0) throw new Error('the first line must say what the transcript shows');
  const versions = versionsOf(clients[0]?.settings.get('csp') ?? 'each');
  return { title: titles.join(' '), versions, policies, clients, vasps, gateway, steps: stepsOf(lines, dashes + 1) };
}

export function versionsOf(text: string): readonly CspVersion[] {
  if (text === 'each') return CSP_VERSIONS;
  const versions = text.split(/,\s*/).map((name) => CSP_VERSIONS.find((version) => version === name));
  if (versions.some((version) => version === undefined)) throw new Error(`"${text}" names no versions of CSP`);
  return versions.filter((version) => version !== undefined);
}

function partyOf(text: string): Party {
  const [name = '', ...rest] = text.split(/\s+/);
  return { name, settings: settingsOf(rest.join(' ')) };
}

function settingsOf(text: string): ReadonlyMap<string, string> {
  const parts = text.split(/(?:^|\s+)([a-zA-Z-]+):\s+/).slice(1);
  const settings = new Map<string, string>();
  for (let index = 0; index + 1 < parts.length; index += 2) settings.set(parts[index] ?? '', parts[index + 1] ?? '');
  return settings;
}

function stepsOf(lines: readonly string[], from: number): readonly Step[] {
  const steps: Step[] = [];
  for (let index = from; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (/^\s/.test(line)) throw new Error(`line ${index + 1}: belongs to no step`);
    const block: string[] = [];
    const at = index + 1;
    while (/^\s+\S/.test(lines[index + 1] ?? '')) block.push(lines[++index] ?? '');
    const [, machine, inPlace = line] = /^on (one machine|several machines): (.*)$/.exec(line) ?? [];
    const machines = machine === undefined ? undefined : machine === 'one machine' ? 'one' : 'several';
    const [, only, text = inPlace] = /^in ([\d., ]+): (.*)$/.exec(inPlace) ?? [];
    const versions = only === undefined ? CSP_VERSIONS : versionsOf(only);
    steps.push({ line: at, text: text.trim(), block: block.join('\n'), versions, machines });
  }
  return steps;
}
