/** What both ways of writing to BigQuery offer: rows in, the rows that it refuses out. */
import type { BigqueryRecord } from './bigquery-rows.ts';
import type { BigqueryTable } from './bigquery-schema.ts';

/** A row that is at fault, by its index in the append. */
export interface RowError {
  readonly index: number;
  readonly reason: string;
}

export interface BigqueryWriter {
  /**
   * Stores every row but those returned, at least once: where an answer is lost, rows are sent again.
   * @throws AppError `warehouse_unavailable` where nothing is known of a row's fault, `internal` where BigQuery refuses the
   * append as a whole and names no row.
   */
  append(table: BigqueryTable, rows: readonly BigqueryRecord[]): Promise<readonly RowError[]>;
  /** Rejects where a write to the table would. */
  check(table: BigqueryTable): Promise<void>;
  /** The table's columns have changed. */
  forget(table: BigqueryTable): void;
  close(): Promise<void>;
}

/** Cuts a list into runs within both limits; an item beyond `bytesMax` stands alone. */
export function runsWithin<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  limits: { readonly bytesMax: number; readonly rowsMax: number },
): readonly (readonly T[])[] {
  const runs: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const run = runs.at(-1);
    if (!run || run.length >= limits.rowsMax || bytes + size > limits.bytesMax) {
      runs.push([item]);
      bytes = size;
    } else {
      run.push(item);
      bytes += size;
    }
  }
  return runs;
}
