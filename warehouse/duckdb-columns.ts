/** The columns of a stream's table as an append fills them: the event's own, then the metadata. */
import { BIGINT, TIMESTAMP, VARCHAR } from '@duckdb/node-api';
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { Stream } from '../streams/index.ts';
import { DUCKDB_TYPE_OF, timestampValue, toDuckdb } from './duckdb-cells.ts';
import type { NewRow } from './warehouse.ts';

/** The rows of one append with their event ids and the index's keys of them, by index. */
export interface Batch {
  readonly rows: readonly NewRow[];
  readonly ids: readonly string[];
  readonly keys: readonly number[];
  readonly ingestTimeMicros: number;
}

/** The value of a column for one row of a batch. */
export type Fill = (batch: Batch, index: number, sequence: number) => DuckDBValue;

/** DuckDB's type of a column, by its name in the table, and what fills it. */
export function columnOf(
  stream: Stream,
  name: string,
): { readonly type: DuckDBType; readonly fill: Fill } {
  switch (name) {
    case 'message_id':
      return { type: VARCHAR, fill: (batch, index) => batch.rows[index]!.messageId };
    case 'publish_time':
      return {
        type: TIMESTAMP,
        fill: (batch, index) => timestampValue(batch.rows[index]!.publishTimeMicros),
      };
    case 'ingest_time':
      return { type: TIMESTAMP, fill: (batch) => timestampValue(batch.ingestTimeMicros) };
    case 'ingest_sequence':
      return { type: BIGINT, fill: (_batch, _index, sequence) => BigInt(sequence) };
    default: {
      const at = stream.columns.findIndex((column) => column.name === name);
      const { type } = stream.columns[at]!;
      return {
        type: DUCKDB_TYPE_OF[type],
        fill: (batch, index) => toDuckdb(type, batch.rows[index]!.row[at]),
      };
    }
  }
}
