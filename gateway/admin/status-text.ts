/** Writes a status report as text that reads well in a terminal: names in one column, lists of things as tables. */

export type StatusValue = string | number | boolean;
export type StatusRow = Readonly<Record<string, StatusValue>>;

/** A few lines about the whole, and sections of rows or of single values. */
export interface StatusReport {
  readonly [name: string]: StatusValue | StatusRow | readonly StatusRow[];
}

export function statusText(report: StatusReport): string {
  const entries = Object.entries(report);
  const lines = pairs(entries.flatMap(([name, value]) => (isSingle(value) ? [[name, value] as const] : [])));
  for (const [name, value] of entries) {
    if (isSingle(value)) continue;
    lines.push('', name);
    const section = isRows(value) ? table(value) : pairs(Object.entries(value));
    lines.push(...(section.length === 0 ? ['none'] : section).map((line) => `  ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

function pairs(entries: readonly (readonly [string, StatusValue])[]): string[] {
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function table(rows: readonly StatusRow[]): string[] {
  if (rows.length === 0) return [];
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '-')))];
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function isSingle(value: StatusReport[string]): value is StatusValue {
  return typeof value !== 'object';
}

function isRows(value: StatusRow | readonly StatusRow[]): value is readonly StatusRow[] {
  return Array.isArray(value);
}
