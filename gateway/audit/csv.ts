/**
 * Entries as comma-separated values (RFC 4180), for spreadsheets: one row an entry under a header. What a spreadsheet would
 * take for a formula gets an apostrophe before it; to verify an export, JSON lines are the format.
 */
import type { AuditEntry } from '../audit-ports.ts';
import { entryFields } from './line.ts';

const COLUMNS = [
  ...['sequence', 'id', 'user', 'vasp', 'policy', 'version', 'outcome', 'option', 'text', 'language', 'presentedAt'],
  ...['decidedAt', 'tries', 'way', 'level', 'granted', 'csp', 'chargeAmount', 'chargeCurrency', 'chargePer'],
  ...['chargeEstimate', 'erased', 'content', 'previous', 'hash'],
] as const;

/** The header; with the texts a last column more. */
export function csvHeader(withTexts: boolean): string {
  return row(withTexts ? [...COLUMNS, 'shown'] : COLUMNS);
}

/** @param shown the text of a record; undefined leaves the column out. */
export function csvRow(entry: Exclude<AuditEntry, { readonly kind: 'damaged' }>, shown?: string): string {
  const fields: Readonly<Record<string, unknown>> = { ...entryFields(entry) };
  const charge = entry.kind === 'record' ? entry.record.charge : undefined;
  const flat: Readonly<Record<string, unknown>> = {
    ...fields,
    granted: entry.kind === 'record' ? entry.record.granted.join(' ') : '',
    chargeAmount: charge?.amount,
    chargeCurrency: charge?.currency,
    chargePer: charge?.per,
    chargeEstimate: charge?.estimate,
  };
  const cells = COLUMNS.map((column) => String(flat[column] ?? ''));
  return row(shown === undefined ? cells : [...cells, shown]);
}

function row(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}

function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
