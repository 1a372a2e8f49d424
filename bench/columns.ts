/** Rows of cells in columns for a terminal. */

/** Columns as wide as their widest cell, two spaces between, a line each; those of `toTheRight` are aligned to the right. */
export function columns(
  rows: readonly (readonly string[])[],
  toTheRight: readonly number[] = [],
): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const cellOf = (cell: string, column: number) =>
    toTheRight.includes(column)
      ? cell.padStart(widths[column] ?? 0)
      : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => `${row.map(cellOf).join('  ').trimEnd()}\n`).join('');
}
