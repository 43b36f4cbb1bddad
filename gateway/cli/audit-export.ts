/** `sapgw audit export`: the records as JSON lines or CSV on standard output, all or those that are asked for. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { csvHeader, csvRow } from '../audit/csv.ts';
import { type ExportFilter, exported } from '../audit/export.ts';
import { entryLine } from '../audit/line.ts';
import { errorCode } from '../error-code.ts';
import { type ConfigOptions, configFromOptions, EXIT_CONFIGURATION, withConfigOptions } from './config.ts';
import { example } from './help.ts';
import { EXIT_FAILED, type OpenedStore, type Output, openConfigured, vaspsAsked } from './stored.ts';

interface ExportOptions extends ConfigOptions {
  readonly format: string;
  readonly from?: string;
  readonly until?: string;
  readonly policy?: string;
  readonly vasp?: string;
  readonly user?: string;
  readonly texts?: string;
  readonly withTexts?: boolean;
}

/** Characters collected before they are written. */
const CHUNK = 64 * 1024;

export function registerAuditExport(audit: Command, output: Output): void {
  withConfigOptions(audit.command('export'))
    .description('write the records to standard output')
    .option('--format <format>', 'jsonl or csv', 'jsonl')
    .option('--from <time>', 'decided then or later, such as 2026-01-01 or 2026-01-01T08:00:00Z')
    .option('--until <time>', 'decided before that time, written likewise')
    .option('--policy <id>', 'of one policy')
    .option('--vasp <name>', 'of one VASP')
    .option('--user <id>', 'of one user')
    .option('--texts <directory>', 'write each text that was shown as HASH.txt')
    .option('--with-texts', 'put the text that was shown into every record')
    .addHelpText(
      'after',
      example(
        'sapgw audit export --config gateway.yaml > records.jsonl',
        'sapgw audit export --config gateway.yaml --format csv --policy aoc-messaging --from 2026-01-01 > charges.csv',
      ),
    )
    .action(async (options: ExportOptions) => {
      const times = timesOf(options);
      if (typeof times === 'string') return wrongUse(times, output);
      const { format } = options;
      if (format !== 'jsonl' && format !== 'csv')
        return wrongUse(`--format: must be jsonl or csv, not ${format}`, output);
      const { from, until, policy, vasp, user, texts, withTexts, format: _, ...configOptions } = options;
      const config = configFromOptions(configOptions);
      const opened = config === undefined ? undefined : await openConfigured(config, output);
      if (opened === undefined) return;
      try {
        const users = user === undefined ? undefined : userKeys(opened, user, vasp, output);
        if (user !== undefined && users === undefined) return;
        const filter = { ...times, policy, vasp, users };
        await writeAll(opened, filter, { isCsv: format === 'csv', texts, withTexts: withTexts === true }, output);
      } finally {
        await opened.store.close();
      }
    });
}

function wrongUse(problem: string, { printError }: Output): void {
  printError(problem);
  process.exitCode = EXIT_CONFIGURATION;
}

/** A user id is hashed here and goes no further. */
function userKeys(
  { vasps, userKey }: OpenedStore,
  user: string,
  vasp: string | undefined,
  output: Output,
): readonly string[] | undefined {
  return vaspsAsked(vasps, vasp, output)?.map((name) => userKey(name, user));
}

/** A sentence when a time cannot be read. */
function timesOf({ from, until }: ExportOptions): Pick<ExportFilter, 'from' | 'until'> | string {
  const read = (text: string | undefined) => (text === undefined ? undefined : timeOf(text));
  const times = { from: read(from), until: read(until) };
  const wrong = (['from', 'until'] as const).find((key) => Number.isNaN(times[key]));
  return wrong === undefined ? times : `--${wrong}: must be a time such as 2026-01-01 or 2026-01-01T08:00:00Z`;
}

/** Without a zone the time would be another one on another machine. */
function timeOf(text: string): number {
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  return isTime ? Date.parse(text) : Number.NaN;
}

interface Form {
  readonly isCsv: boolean;
  readonly texts: string | undefined;
  readonly withTexts: boolean;
}

async function writeAll({ store }: OpenedStore, filter: ExportFilter, form: Form, output: Output): Promise<void> {
  if (form.texts !== undefined && !makeDirectory(form.texts, output)) return;
  const written = new Set<string>();
  let chunk = form.isCsv ? csvHeader(form.withTexts) : '';
  let count = 0;
  for await (const entry of exported(store.audit, filter)) {
    if (entry.kind === 'damaged') {
      output.printError(`entry ${entry.sequence} cannot be read and is left out; see sapgw audit verify`);
      process.exitCode = EXIT_FAILED;
      continue;
    }
    const hash = entry.kind === 'record' ? entry.record.text : undefined;
    const isNew = hash !== undefined && form.texts !== undefined && !written.has(hash);
    const text = hash !== undefined && (form.withTexts || isNew) ? await store.texts.get(hash) : undefined;
    if (isNew && text !== undefined && form.texts !== undefined) writeFileSync(join(form.texts, `${hash}.txt`), text);
    if (isNew) written.add(hash);
    const shown = form.withTexts ? text : undefined;
    chunk += form.isCsv ? csvRow(entry, form.withTexts ? (shown ?? '') : undefined) : entryLine(entry, shown);
    if (chunk.length > CHUNK) {
      await output.write(chunk);
      chunk = '';
    }
    if (++count % 1000 === 0) output.progress?.(`${count} entries`);
  }
  output.progress?.('');
  await output.write(chunk);
}

function makeDirectory(directory: string, { printError }: Output): boolean {
  try {
    mkdirSync(directory, { recursive: true });
    return existsSync(directory);
  } catch (error) {
    printError(`--texts: ${directory} cannot be made: ${errorCode(error)}`);
    process.exitCode = EXIT_CONFIGURATION;
    return false;
  }
}
