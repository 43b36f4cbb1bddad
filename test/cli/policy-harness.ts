/**
 * Runs `sapgw policy` in this process, with the judge of real logins, over folders that tests write. Paths are cut off
 * what was printed, so that expectations hold everywhere.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { registerPolicy } from '../../gateway/cli/policy.ts';

export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly status: unknown;
}

/** A folder that is gone after the tests. */
export class Workspace {
  readonly path = mkdtempSync(join(tmpdir(), 'sapgw-cli-'));

  /** Writes files below the folder; their names may hold a folder of their own. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.path, name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, text);
    }
  }

  /** A path below the folder. */
  at(name: string): string {
    return join(this.path, name);
  }

  /** What `sapgw policy …words` prints at noon on 1 June 2026, and its exit status. */
  async run(words: readonly string[], stdin = ''): Promise<Ran> {
    const out: string[] = [];
    const err: string[] = [];
    const program = new Command('sapgw').exitOverride();
    const output = { writeOut: (text: string) => out.push(text), writeErr: (text: string) => err.push(text) };
    program.configureOutput(output);
    registerPolicy(program, {
      print: (line) => out.push(line),
      printError: (line) => err.push(line),
      now: () => Date.parse('2026-06-01T12:00:00Z'),
      stdin: oneChunk(stdin),
    });
    for (const command of program.commands.flatMap((one) => [one, ...one.commands])) {
      command.exitOverride().configureOutput(output);
    }
    process.exitCode = 0;
    try {
      await program.parseAsync(['policy', ...words], { from: 'user' });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      process.exitCode = error.exitCode;
    }
    const status = process.exitCode;
    process.exitCode = 0;
    const plain = (lines: readonly string[]): string => lines.join('\n').replaceAll(`${this.path}/`, '');
    return { out: plain(out), err: plain(err), status };
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

export const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
  quiet: { grant: [FundamentalFeat, PresenceFeat] }
`;

export const FEES = `kind: off-line-service
id: fees
version: 2
purpose: advice-of-charge
order: 10
applies: { users: ["wv:*@im.example"], csp: ["1.2", "1.3"] }
charge: { kind: currency, amount: "0.10", currency: EUR, per: message }
message: { en: "{amount} {currency} a message, {user}?", sv: "{amount} {currency} per meddelande, {user}?" }
options:
  - { id: pay, text: { en: Pay, sv: Betala }, grant: full }
  - { id: look, text: { en: Look, sv: Titta }, grant: quiet }
  - { id: leave, text: { en: Leave, sv: Gå }, deny: { en: "Bye.", sv: "Hej." } }
onTimeout: { grant: quiet }
withoutSystemMessages: { deny: { en: "Use a newer phone.", sv: "Byt telefon." } }
`;

export const NOTICE = `kind: off-line-service
id: notice
version: 1
purpose: notice
applies: { until: 2026-07-01T00:00:00Z }
message: { en: "Closed in July." }
withoutSystemMessages: { grant: full }
`;

/** Where a SHA-256 stands. */
export const ZEROS = '0'.repeat(64);

/** A line as `sapgw audit export` writes it: somebody accepted in May 2026. */
export function exportedLine(sequence: number, changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    sequence,
    id: 'C4mB0mbXmFpdvJXpQXJ2QA',
    user: 'n4cJ0yA1rzq8sXb2Qd7WkA',
    vasp: 'sandbox',
    version: 1,
    outcome: 'accepted',
    text: ZEROS,
    language: 'en',
    presentedAt: '2026-05-02T08:14:40.000Z',
    decidedAt: '2026-05-02T08:15:00.000Z',
    tries: 1,
    way: 'system-message',
    level: 'full',
    granted: ['full'],
    csp: '1.3',
    charge: null,
    previous: ZEROS,
    hash: ZEROS,
    ...changes,
  });
}
