/** Rows into a table of DuckDB, a chunk at a time; what a failed append still holds is thrown away. */
import { DuckDBDataChunk } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';

export interface AppendShape {
  readonly types: readonly DuckDBType[];
  readonly rowCount: number;
  /** Rows that are held in memory at once. */
  readonly chunkRowsMax: number;
}

/** Appends within the transaction under way; `fill` puts the rows from `from` to `to` (exclusive) into a chunk. */
export async function appendChunks(
  connection: DuckDBConnection,
  table: string,
  { types, rowCount, chunkRowsMax }: AppendShape,
  fill: (chunk: DuckDBDataChunk, from: number, to: number) => void,
): Promise<void> {
  const appender = await connection.createAppender(table);
  try {
    for (let from = 0; from < rowCount; from += chunkRowsMax) {
      const to = Math.min(rowCount, from + chunkRowsMax);
      const chunk = DuckDBDataChunk.create(types, to - from);
      fill(chunk, from, to);
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  } catch (error) {
    // What it holds it would write when it is collected, into whatever transaction runs then, and break that.
    appender.clear();
    throw error;
  }
}
