/** `sapgw policy diff`: what changes for users when one folder of policies takes the place of another. */
import { readFile } from 'node:fs/promises';
import {
  comparePolicySets,
  type Difference,
  type LevelChange,
  type PolicyChange,
  type SetComparison,
} from '../policy/compare.ts';
import { compareLogin, type LoginCompared, readSampleLogins } from '../policy/sample-logins.ts';
import { counted } from './counted.ts';
import { EXIT_FAILED, EXIT_UNREADABLE, type Print, readValidSet, type Terminal } from './policy-command.ts';

export interface DiffFlags {
  /** A file of sample logins. */
  readonly users?: string;
  readonly vasp?: string;
  /** Wall-clock milliseconds. */
  readonly at?: number;
  readonly exitCode?: boolean;
  readonly json?: boolean;
}

export async function diff(before: string, after: string, flags: DiffFlags, terminal: Terminal): Promise<number> {
  const [old, now] = [await readValidSet(before, terminal), await readValidSet(after, terminal)];
  if (typeof old === 'number') return old;
  if (typeof now === 'number') return now;
  const samples = flags.users === undefined ? [] : await readSamples(flags.users, flags.vasp, terminal);
  if (samples === undefined) return EXIT_UNREADABLE;
  const at = flags.at ?? terminal.now();
  const comparison = comparePolicySets(old, now);
  const logins = samples.map((login) => compareLogin(old, now, login, terminal.judge, at));
  if (flags.json === true) {
    terminal.print(JSON.stringify({ before: old.hash, after: now.hash, ...comparison, logins }, null, 2));
  } else {
    printComparison(comparison, terminal.print);
    if (logins.length > 0) printLogins(logins, at, terminal.print);
  }
  return flags.exitCode === true && !comparison.equal ? EXIT_FAILED : 0;
}

async function readSamples(path: string, vasp: string | undefined, { printError }: Terminal) {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    printError(
      `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no reason given'}); name a file with one user id a line`,
    );
    return undefined;
  }
  const samples = readSampleLogins(text, vasp);
  const wrong = samples.flatMap((sample) => (sample.kind === 'wrong' ? [sample] : []));
  for (const { line, message } of wrong) printError(`${path}:${line}: ${message}`);
  return wrong.length > 0 ? undefined : samples.flatMap((sample) => (sample.kind === 'login' ? [sample.login] : []));
}

function printComparison({ equal, defaultLevel, levels, policies }: SetComparison, print: Print): void {
  if (equal) {
    print('Nothing changes for anybody.');
    return;
  }
  if (defaultLevel !== undefined)
    print(`The default level becomes ${defaultLevel.after}; it was ${defaultLevel.before}.`);
  for (const level of levels) printLevel(level, print);
  for (const policy of policies) printPolicy(policy, print);
}

function printLevel({ kind, name, gained, lost, usedBy }: LevelChange, print: Print): void {
  const parts = [
    ...(gained.length === 0 ? [] : [`gains ${gained.join(', ')}`]),
    ...(lost.length === 0 ? [] : [`loses ${lost.join(', ')}`]),
  ];
  const users = usedBy.length === 0 ? '' : ` (used by ${usedBy.join(', ')})`;
  print(`level ${name}: ${kind}${kind === 'changed' ? `, ${parts.join('; ')}` : ''}${users}`);
}

function printPolicy({ kind, id, version, differences, consequences, warnings }: PolicyChange, print: Print): void {
  print(`${id}: ${kind}${kind === 'new' ? `, version ${version}` : ''}`);
  const shown = kind === 'changed' ? differences : kind === 'new' ? differences.filter(isWhoOrWhat) : [];
  for (const difference of shown) print(`  ${written(difference, kind === 'new')}`);
  for (const consequence of consequences) print(`  -> ${consequence}`);
  for (const warning of warnings) print(`  warning: ${warning}`);
}

/** Of a new policy only whom it asks and what, or what it keeps. */
const isWhoOrWhat = ({ key }: Difference): boolean =>
  /^(trigger|applies|message|keep|storeOn|notify|options\.[^.]*$|atLogin\.(message|options\.[^.]*$))/.test(key);

function written({ key, before, after }: Difference, isNew: boolean): string {
  if (isNew) return `${key}: ${after}`;
  if (before === undefined) return `${key}: added, ${after}`;
  return after === undefined ? `${key}: removed, was ${before}` : `${key}: ${before} -> ${after}`;
}

function printLogins(logins: readonly LoginCompared[], at: number, print: Print): void {
  print(`First logins at ${new Date(at).toISOString()}, nothing accepted before:`);
  for (const { user, csp, before, after, same } of logins) {
    if (same) print(`  ${user} (CSP ${csp}): as before, ${before.says}`);
    else {
      print(`  ${user} (CSP ${csp})`);
      print(`    before: ${before.says}`);
      print(`    after:  ${after.says}${before.says === after.says ? ', with other texts' : ''}`);
    }
  }
  const changed = logins.filter(({ same }) => !same).length;
  print(`${counted(changed, 'login')} of ${logins.length} would see something else`);
}
