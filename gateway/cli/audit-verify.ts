/** `sapgw audit verify`: whether the chain of records is as the gateway wrote it, in the store or in an export. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { contradiction, formatHead, type NotedHead, parseHead } from '../audit/noted-head.ts';
import { LinesCheck, type LinesReport } from '../audit/verify-lines.ts';
import type { AuditProblem, AuditReport } from '../audit-ports.ts';
import { errorCode } from '../error-code.ts';
import { type ConfigOptions, configFromOptions, EXIT_CONFIGURATION, withConfigOptions } from './config.ts';
import { example } from './help.ts';
import { EXIT_FAILED, type Output, openConfigured } from './stored.ts';

interface VerifyOptions extends ConfigOptions {
  readonly head?: string;
  readonly file?: string;
  readonly json?: boolean;
}

/** What is told of a store and of a file alike. */
interface Verdict {
  readonly entries: number;
  readonly erased: number;
  readonly head: string | null;
  readonly problems: readonly AuditProblem[];
  readonly moreProblems: number;
  /** What is no problem and has to be known. */
  readonly notes: readonly string[];
}

const MAX_PROBLEMS = 1000;

export function registerAuditVerify(audit: Command, output: Output): void {
  withConfigOptions(audit.command('verify'))
    .description('find every changed, missing, reordered, inserted or cut-off record')
    .option('--head <n:hash>', 'a head noted earlier: finds a store that was put back from an old copy')
    .option('--file <export>', 'verify an export (JSON lines) instead of the store')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('sapgw audit verify --config gateway.yaml', 'sapgw audit verify --file records.jsonl'),
    )
    .action(async ({ head, file, json, ...options }: VerifyOptions) => {
      const noted = head === undefined ? undefined : parseHead(head);
      if (head !== undefined && noted === undefined) {
        output.printError(
          '--head: must be N:HASH as `sapgw audit verify` prints it, the hash in 64 hexadecimal digits',
        );
        process.exitCode = EXIT_CONFIGURATION;
        return;
      }
      const verdict = file === undefined ? await ofStore(options, noted, output) : await ofFile(file, noted, output);
      if (verdict === undefined) return;
      await output.write(json === true ? jsonOf(verdict) : textOf(verdict));
      if (verdict.problems.length > 0) process.exitCode = EXIT_FAILED;
    });
}

async function ofStore(
  options: ConfigOptions,
  noted: NotedHead | undefined,
  output: Output,
): Promise<Verdict | undefined> {
  const config = configFromOptions(options);
  const opened = config === undefined ? undefined : await openConfigured(config, output);
  if (opened === undefined) return undefined;
  const { audit } = opened.store;
  try {
    const report = await audit.verify((checked, of) => output.progress?.(`${checked} of ${of} entries`));
    output.progress?.('');
    const problems = [...report.problems];
    if (noted !== undefined) {
      const [entry] = await audit.read(noted.sequence, 1);
      const at = entry?.sequence === noted.sequence && entry.kind !== 'damaged' ? entry.hash : undefined;
      const difference = headDifference(noted, report, at);
      if (difference !== undefined) problems.push({ sequence: undefined, code: 'head-differs', message: difference });
    }
    const { head } = report;
    const notes =
      head !== undefined && head.first > 1 ? [`entries before ${head.first} were dropped by retention`] : [];
    return {
      entries: report.entries,
      erased: report.erased,
      head: head === undefined ? null : formatHead({ sequence: head.next - 1, hash: head.hash }),
      problems,
      moreProblems: report.moreProblems,
      notes,
    };
  } finally {
    await opened.store.close();
  }
}

function headDifference(noted: NotedHead, { head }: AuditReport, hashAt: string | undefined): string | undefined {
  if (head === undefined) return 'the noted head has nothing to be compared with';
  const difference = contradiction(noted, {
    first: head.first,
    last: head.next - 1,
    hashAt: (sequence) => hashAt ?? (sequence === head.first - 1 ? head.before : undefined),
  });
  return difference === undefined ? undefined : `the chain ${difference}`;
}

async function ofFile(file: string, noted: NotedHead | undefined, output: Output): Promise<Verdict | undefined> {
  const problems: AuditProblem[] = [];
  let moreProblems = 0;
  const found = (problem: AuditProblem): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
    else moreProblems++;
  };
  const check = new LinesCheck(found, noted?.sequence);
  let lines = 0;
  try {
    const input = createReadStream(file, 'utf8');
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      check.check(line);
      if (++lines % 1000 === 0) output.progress?.(`${lines} lines`);
    }
    output.progress?.('');
  } catch (error) {
    output.printError(`${file}: cannot be read: ${errorCode(error)}`);
    process.exitCode = EXIT_CONFIGURATION;
    return undefined;
  }
  const report = check.end();
  if (noted !== undefined) {
    const { first = 1, last } = report;
    const hashAt = () => report.hashAtWatched;
    const difference = contradiction(noted, { first, last: last?.sequence ?? 0, hashAt });
    if (difference !== undefined)
      found({ sequence: undefined, code: 'head-differs', message: `the export ${difference}` });
  }
  const { entries, erased, last } = report;
  const notes = notesOnFile(report, noted !== undefined);
  return { entries, erased, head: last === undefined ? null : formatHead(last), problems, moreProblems, notes };
}

/** What the export alone cannot prove. */
function notesOnFile({ first, last, hasGaps }: LinesReport, isCompared: boolean): string[] {
  const notes: string[] = [];
  if (hasGaps) {
    notes.push(
      'an export made with a filter is not a whole chain: it cannot be told from one that entries were taken out of; export without a filter to verify',
    );
  }
  if (first !== undefined && first > 1) {
    notes.push(`begins with ${first}: what came before was dropped by retention, or left out by a filter`);
  }
  if (last !== undefined && !isCompared) {
    notes.push(
      `whether anything came after ${last.sequence} an export does not prove; compare a noted head with --head`,
    );
  }
  return notes;
}

function textOf({ entries, erased, head, problems, moreProblems, notes }: Verdict): string {
  const count = `${entries} ${entries === 1 ? 'entry' : 'entries'}${erased > 0 ? `, ${erased} of them erased` : ''}`;
  const total = problems.length + moreProblems;
  const lines = [
    count,
    ...(head === null ? [] : [`head ${head}`]),
    ...notes.map((note) => `note: ${note}`),
    ...problems.map(({ sequence, message }) => (sequence === undefined ? message : `entry ${sequence} ${message}`)),
    ...(moreProblems > 0 ? [`and ${moreProblems} more`] : []),
    total === 0 ? 'nothing is wrong' : `${total} ${total === 1 ? 'problem' : 'problems'}`,
  ];
  return `${lines.join('\n')}\n`;
}

function jsonOf(verdict: Verdict): string {
  const problems = verdict.problems.map(({ sequence, code, message }) => ({
    sequence: sequence ?? null,
    code,
    message,
  }));
  return `${JSON.stringify({ valid: problems.length === 0, ...verdict, problems })}\n`;
}
