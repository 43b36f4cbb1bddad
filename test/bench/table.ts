/**
 * The table that every benchmark prints, and the rule by which a benchmark fails: a measured value on the wrong side
 * of its floor. A goal is what we want, a floor is what we refuse to fall below.
 */

export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
  readonly floor?: number;
  readonly better: 'higher' | 'lower';
}

/** Prints the rows as a table, or as JSON lines; false when any row misses its floor. */
export function printTable(rows: readonly Row[], asJson: boolean): boolean {
  if (asJson) {
    for (const row of rows) console.log(JSON.stringify({ ...row, verdict: verdictOf(row) }));
  } else {
    printText(rows);
  }
  return rows.every((row) => !misses(row, row.floor));
}

function misses(row: Row, limit: number | undefined): boolean {
  if (limit === undefined) return false;
  return row.better === 'higher' ? !(row.value >= limit) : !(row.value <= limit);
}

function verdictOf(row: Row): string {
  if (misses(row, row.floor)) return 'BELOW FLOOR';
  if (misses(row, row.goal)) return 'goal missed';
  return row.goal === undefined && row.floor === undefined ? '' : 'ok';
}

function printText(rows: readonly Row[]): void {
  const cells = rows.map((row) => [
    row.name,
    shown(row.value),
    row.unit,
    limitText(row, row.goal),
    limitText(row, row.floor),
    verdictOf(row),
  ]);
  const head = ['benchmark', 'value', 'unit', 'goal', 'floor', 'verdict'];
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  for (const line of [head, ...cells]) {
    const text = line.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 1 ? cell.padStart(width) : cell.padEnd(width);
    });
    console.log(text.join('  ').trimEnd());
  }
}

function limitText(row: Row, limit: number | undefined): string {
  return limit === undefined ? '' : `${row.better === 'higher' ? '>=' : '<='} ${shown(limit)}`;
}

function shown(value: number): string {
  if (Math.abs(value) >= 1000) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 100 ? 1 : 2);
}
