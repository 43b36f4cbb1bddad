/** What `sapgw store migrate` shows: how far it is, and what came of it, for people and as JSON. */
import type { TableResult } from '../migration/comparing.ts';
import type { MigrationResult } from '../migration/migrate.ts';
import type { Progress } from '../migration/progress.ts';

export type Compared = Extract<MigrationResult, { readonly kind: 'compared' }>;

export interface Ends {
  readonly from: string;
  readonly to: string;
  /** Whether the configuration names the target already. */
  readonly isConfigured: boolean;
}

const number = (value: number): string => Math.round(value).toLocaleString('en');

/** Such as `copying sessions: 120,000 of 330,000 rows (36%), 24,000 a second, 9 s left`. */
export function progressLine({ step, table, done, of, rowsPerSecond, secondsLeft }: Progress): string {
  const what = table === undefined ? `${step} the audit chain` : `${step} ${table}`;
  const share = of === 0 ? 100 : Math.floor((100 * done) / of);
  const rate = rowsPerSecond === undefined ? '' : `, ${number(rowsPerSecond)} a second`;
  const left = secondsLeft === undefined ? '' : `, ${timeOf(secondsLeft)} left`;
  return `${what}: ${number(done)} of ${number(of)} rows (${share}%)${rate}${left}`;
}

function timeOf(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export function isEqual({ tables, isAuditEqual }: Compared): boolean {
  return isAuditEqual && tables.every((table) => table.isEqual);
}

/** For people, to standard output. */
export function resultText(result: Compared, { from, to, isConfigured }: Ends): string {
  const { tables, audit, copied, seconds, finishedBefore } = result;
  const entries = `${number(audit.entries)} ${audit.entries === 1 ? 'entry' : 'entries'}`;
  const problems = audit.problems.length + audit.moreProblems;
  const chain = problems === 0 ? 'nothing is wrong' : `${number(problems)} ${problems === 1 ? 'problem' : 'problems'}`;
  const done =
    finishedBefore === undefined
      ? `${number(copied)} rows in ${seconds.toFixed(1)} s`
      : `nothing was copied: it was finished on ${new Date(finishedBefore).toISOString()}`;
  const next = isConfigured ? 'Now start the gateway' : `Now set \`store: ${to}\` and start the gateway`;
  const lines = [
    ...tables.map(tableLine),
    `audit chain: ${entries}, ${chain}`,
    done,
    ...(isEqual(result) ? [`Both stores hold the same. ${next}; ${from} is as it was.`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function tableLine({ table, source, target, isEqual: isSame }: TableResult): string {
  const rows = isSame
    ? number(target)
    : `${number(source)} in the source, ${number(target)} in the target: not the same`;
  return `${table.padEnd(16)} ${isSame ? rows.padStart(13) : rows}`;
}

/** One line. */
export function resultJson(result: Compared, { from, to }: Ends): string {
  const { tables, audit, isAuditEqual, unreadable, copied, seconds, finishedBefore } = result;
  const told = {
    equal: isEqual(result),
    from,
    to,
    tables: tables.map(({ table, source, target, isEqual: equal }) => ({ table, source, target, equal })),
    audit: { entries: audit.entries, problems: audit.problems.length + audit.moreProblems, equal: isAuditEqual },
    unreadable,
    copied,
    seconds: Math.round(1000 * seconds) / 1000,
    finishedBefore: finishedBefore === undefined ? null : new Date(finishedBefore).toISOString(),
  };
  return `${JSON.stringify(told)}\n`;
}

/** What is to be known beside it, a line each, to standard error. */
export function warningsOf(result: Compared, { from, to }: Ends): readonly string[] {
  const { audit, isAuditEqual, unreadable } = result;
  const lines: string[] = [];
  if (unreadable > 0)
    lines.push(`${number(unreadable)} records of ${from} cannot be read by any gateway, and were left out`);
  if (audit.problems.length > 0 && isAuditEqual)
    lines.push('what is wrong with the audit chain was so before: `sapgw audit verify` tells what it is');
  if (audit.problems.length > 0 && !isAuditEqual) lines.push('what is wrong with the audit chain was not so before');
  if (!isEqual(result))
    lines.push(
      result.finishedBefore === undefined
        ? `the stores do not hold the same: ${from} has changed since the migration began, or ${to} has; empty ${to} and begin again with no gateway running`
        : `the stores do not hold the same any more: a gateway has used one of them since`,
    );
  return lines;
}

/** Why nothing was done, a line each. */
export function refusalOf(
  result: Extract<MigrationResult, { readonly kind: 'occupied' | 'other-migration' }>,
  { to }: Ends,
): readonly string[] {
  if (result.kind === 'occupied') {
    const tables = result.tables.map(({ table, rows }) => `${table} ${number(rows)}`).join(', ');
    return [`${to}: holds something already (rows: ${tables}); ${elsewhere(to)}`];
  }
  if (result.because === 'keys')
    return [`${to}: was begun to be filled with other keys than those of this secret file; name the same ones`];
  const other = result.from === undefined ? 'another migration' : `the migration from ${result.from}`;
  return [`${to}: holds a part of ${other}, which has not finished; go on with that, or ${elsewhere(to)}`];
}

/** What is never done for the operator. */
function elsewhere(to: string): string {
  return to.startsWith('lmdb:')
    ? 'name another directory, or remove that one'
    : 'name another prefix (?prefix=NAME) or database, or empty that one';
}
