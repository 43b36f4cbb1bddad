/** `sapgw policy replay`: what becomes of recorded decisions when a folder of policies comes into force. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { readLine } from '../audit/line.ts';
import type { AuditEntry } from '../audit-ports.ts';
import {
  LatestDecisions,
  type LevelChanged,
  type Reason,
  type RecordedDecision,
  type Replayed,
  replayDecision,
} from '../policy/replay.ts';
import { type PolicyTotals, type ReplayGroup, ReplayTotals } from '../policy/replay-totals.ts';
import { counted } from './counted.ts';
import { EXIT_FAILED, EXIT_UNREADABLE, type Print, readValidSet, type Terminal } from './policy-command.ts';

export interface ReplayFlags {
  /** The folder of the time of the records. */
  readonly old?: string;
  /** Wall-clock milliseconds. */
  readonly at?: number;
  readonly each?: boolean;
  readonly json?: boolean;
}

const STANDARD_INPUT = '-';
const LINES_A_PROGRESS = 50_000;
/** So many wrong lines are told; the rest are counted. */
const MOST_WRONG_LINES = 20;

export async function replay(records: string, folder: string, flags: ReplayFlags, terminal: Terminal): Promise<number> {
  const after = await readValidSet(folder, terminal);
  if (typeof after === 'number') return after;
  const before = flags.old === undefined ? undefined : await readValidSet(flags.old, terminal);
  if (typeof before === 'number') return before;
  const read = await readRecords(records, terminal);
  if (read === undefined) return EXIT_UNREADABLE;
  const now = flags.at ?? terminal.now();
  const totals = new ReplayTotals();
  const each: Replayed[] = [];
  for (const decision of read.latest.values()) {
    const replayed = replayDecision(decision, { after, before }, terminal.judge, now);
    totals.add(replayed);
    if (flags.each === true) each.push(replayed);
  }
  const { lines, erased, wrong, latest } = read;
  const policies = totals.totals();
  if (flags.json === true) {
    const summary = { hash: after.hash, at: new Date(now).toISOString(), lines, erased, wrong, decisions: latest.size };
    const records = flags.each === true ? { records: each } : {};
    terminal.print(JSON.stringify({ ...summary, policies, ...records }, null, 2));
  } else {
    for (const replayed of each) terminal.print(lineOf(replayed));
    terminal.print(
      `${counted(lines, 'line')}: ${counted(latest.size, 'decision')}, the latest of each user and policy; ${erased} erased, ${wrong} wrong`,
    );
    printTotals(policies, terminal.print);
  }
  return wrong === 0 ? 0 : EXIT_FAILED;
}

interface ReadRecords {
  readonly latest: LatestDecisions;
  readonly lines: number;
  readonly erased: number;
  readonly wrong: number;
}

async function readRecords(path: string, terminal: Terminal): Promise<ReadRecords | undefined> {
  const name = path === STANDARD_INPUT ? 'standard input' : path;
  const input = path === STANDARD_INPUT ? Readable.from(terminal.stdin, { objectMode: false }) : createReadStream(path);
  const latest = new LatestDecisions();
  const counts = { lines: 0, erased: 0, wrong: 0 };
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      if (line % LINES_A_PROGRESS === 0) terminal.progress?.(`${line} lines read`);
      if (text.trim() === '') continue;
      counts.lines++;
      const read = readLine(text);
      if (read.kind === 'wrong') {
        if (++counts.wrong <= MOST_WRONG_LINES) terminal.printError(`${name}:${line}: ${read.message}; ${EXPECTED}`);
      } else if (read.entry.kind === 'erased') counts.erased++;
      else latest.add(decisionOf(read.entry));
    }
  } catch (error) {
    const { code = 'no reason given' } = error as NodeJS.ErrnoException;
    terminal.printError(
      `${name}: cannot be read (${code}); name a file that \`sapgw audit export\` wrote, or - for standard input`,
    );
    return undefined;
  }
  if (line >= LINES_A_PROGRESS) terminal.progress?.('');
  if (counts.wrong > MOST_WRONG_LINES) {
    terminal.printError(`${name}: ${counts.wrong - MOST_WRONG_LINES} more lines are no records`);
  }
  return { latest, ...counts };
}

const EXPECTED = 'a line is one record, as `sapgw audit export` writes it';

function decisionOf({ sequence, record }: Extract<AuditEntry, { readonly kind: 'record' }>): RecordedDecision {
  const { user, vasp, policy, version, option, decidedAt, level, csp } = record;
  return { sequence, user, vasp, policy, version, option, decidedAt, level, csp };
}

const REASONS: Readonly<Record<Reason, string>> = {
  remembered: 'accepted before',
  'every-login': 'the policy asks at every login',
  'version-changed': 'the version changed',
  'too-old': 'it was accepted too long ago',
  'option-gone': 'the option is gone',
  'option-denies': 'the option denies now',
  'policy-gone': 'the policy is gone',
  'in-session': 'the policy asks in a session, not before a login',
  'while-messages-wait': 'the policy asks only while messages wait, and nothing of it is remembered',
  'only-observed': 'the policy only observes',
  'not-concerned': 'the policy does not concern the login any more (VASP, CSP or period)',
};

const FATES = { counts: 'still counts', 'asked-again': 'asked again', 'not-asked': 'not asked' } as const;

function lineOf({ decision, fate, reason, level, dependsOn }: Replayed): string {
  const { sequence, user, policy, version, option } = decision;
  const depends =
    fate === 'not-asked' || dependsOn.length === 0 ? '' : `; depends on the user (${dependsOn.join(', ')})`;
  return `${sequence} ${user} ${policy} ${version} ${option ?? '-'}: ${FATES[fate]}, ${REASONS[reason]}${levelOf(level)}${depends}`;
}

function levelOf(level: LevelChanged | undefined): string {
  if (level === undefined) return '';
  const { before = 'none', after, gained, lost } = level;
  const gains = gained === undefined || gained.length === 0 ? '' : `, gains ${gained.join(', ')}`;
  const losses = lost === undefined || lost.length === 0 ? '' : `, loses ${lost.join(', ')}`;
  return `; level ${before} -> ${after}${gains}${losses}`;
}

const COLUMNS = [
  'records',
  'still counts',
  'asked again',
  'not asked',
  'level changes',
  'depends on the user',
] as const;

function printTotals(policies: readonly PolicyTotals[], print: Print): void {
  if (policies.length === 0) return;
  const width = Math.max(...policies.map(({ policy }) => policy.length), 'policy'.length);
  print('');
  print(`${'policy'.padEnd(width)}  ${COLUMNS.join('  ')}`);
  for (const { policy, records, counts, askedAgain, notAsked, levelChanges, dependOnTheUser } of policies) {
    const cells = [records, counts, askedAgain, notAsked, levelChanges, dependOnTheUser];
    print(
      `${policy.padEnd(width)}  ${cells.map((cell, i) => String(cell).padStart(COLUMNS[i]?.length ?? 0)).join('  ')}`,
    );
  }
  for (const { policy, groups, dependsOn, dependOnTheUser } of policies) {
    print('');
    print(policy);
    for (const group of groups) print(`  ${groupOf(group)}`);
    if (dependOnTheUser > 0) {
      print(`  as far as the policy concerns the user: a record does not tell ${dependsOn.join(', ')}`);
    }
  }
}

function groupOf({ version, option, fate, reason, level, count }: ReplayGroup): string {
  return `${count} with version ${version}${option === undefined ? '' : `, ${option}`}: ${FATES[fate]}, ${REASONS[reason]}${levelOf(level)}`;
}
