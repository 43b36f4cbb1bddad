/**
 * `sapgw audit`: what users accepted, as proof. `verify` checks the chain in the store, or an export by itself; `export` writes
 * it as JSON lines or CSV. Exit status: 0 all is well, 1 something is wrong with the chain, 2 wrong use or no store.
 */
import type { Command } from 'commander';
import { registerAuditExport } from './audit-export.ts';
import { registerAuditVerify } from './audit-verify.ts';
import { type Output, processOutput } from './stored.ts';

export function registerAudit(program: Command, output: Output = processOutput()): void {
  const audit = program.command('audit').description('records of what users accepted: verify and export them');
  registerAuditVerify(audit, output);
  registerAuditExport(audit, output);
}
