/**
 * The table that every benchmark prints, and the rule by which a benchmark fails: a measured value on the wrong side
 * of its floor. A goal is what we want, a floor is what we refuse to fall below.
 */

export interface Row {
  readonly name: string;
  /** Absent when it could not be measured: `note` says why. A floor is then missed, a goal is not. */
  readonly value: number | undefined;
  readonly unit: string;
  /** What the value is to another's, measured in the same rounds, and whose. */
  readonly ratio?: { readonly value: number; readonly to: string };
  readonly goal?: number;
  readonly floor?: number;
  readonly better: 'higher' | 'lower';
  readonly note?: string;
}

/** Prints the rows as a table, or as JSON lines; false when any row misses its floor. */
export function printTable(rows: readonly Row[], asJson: boolean): boolean {
  for (const line of asJson ? rows.map(jsonOf) : tableLines(rows)) console.log(line);
  return keepsFloors(rows);
}

/** Whether no row is on the wrong side of its floor. */
export function keepsFloors(rows: readonly Row[]): boolean {
  return rows.every((row) => !misses(row, row.floor));
}

/** A row for programs: one JSON object, with the verdict. */
export function jsonOf(row: Row): string {
  return JSON.stringify({ ...row, verdict: verdictOf(row) });
}

function misses(row: Row, limit: number | undefined): boolean {
  if (limit === undefined) return false;
  if (row.value === undefined) return true;
  return row.better === 'higher' ? !(row.value >= limit) : !(row.value <= limit);
}

function verdictOf(row: Row): string {
  if (misses(row, row.floor)) return row.value === undefined ? 'NOT MEASURED' : 'BELOW FLOOR';
  if (row.value === undefined) return 'not measured';
  if (misses(row, row.goal)) return 'goal missed';
  return row.goal === undefined && row.floor === undefined ? '' : 'ok';
}

/** The table, a line for each row below its head. */
export function tableLines(rows: readonly Row[]): string[] {
  const cells = rows.map((row) => [
    row.name,
    row.value === undefined ? '-' : shown(row.value),
    row.unit,
    row.ratio === undefined ? '' : `${shown(row.ratio.value)} x ${row.ratio.to}`,
    limitText(row, row.goal),
    limitText(row, row.floor),
    verdictOf(row),
    row.note ?? '',
  ]);
  const head = ['benchmark', 'value', 'unit', 'ratio', 'goal', 'floor', 'verdict', ''];
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  return [head, ...cells].map((line) => {
    const text = line.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 1 ? cell.padStart(width) : cell.padEnd(width);
    });
    return text.join('  ').trimEnd();
  });
}

function limitText(row: Row, limit: number | undefined): string {
  return limit === undefined ? '' : `${row.better === 'higher' ? '>=' : '<='} ${shown(limit)}`;
}

function shown(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  if (Math.abs(value) >= 1000) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 100 ? 1 : 2);
}
