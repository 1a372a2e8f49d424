/** Runs the named queries of one dataset, and turns their answers into cells. */
import type { Cell, ColumnType, Stream } from '../streams/index.ts';
import { BigqueryParameters } from './bigquery-parameters.ts';
import type { BigqueryQueries, BigqueryRow } from './bigquery-query.ts';
import type { StoredRow } from './warehouse.ts';

export class BigqueryReader {
  readonly dataset: string;
  readonly #queries: Pick<BigqueryQueries, 'rows'>;
  readonly #nowMs: () => number;

  constructor(dataset: string, queries: Pick<BigqueryQueries, 'rows'>, nowMs: () => number) {
    this.dataset = dataset;
    this.#queries = queries;
    this.#nowMs = nowMs;
  }

  get nowMicros(): number {
    return Math.trunc(this.#nowMs()) * 1_000;
  }

  /** Runs the query that `toSql` writes, with the values that it binds. */
  rows(
    name: string,
    toSql: (bound: BigqueryParameters) => string,
  ): Promise<readonly BigqueryRow[]> {
    const bound = new BigqueryParameters();
    const sql = toSql(bound);
    return this.#queries.rows({ name, sql, parameters: bound.values });
  }
}

/** The cell of a value in BigQuery's JSON. */
export function toCell(type: ColumnType, value: string | null | undefined): Cell {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'STRING':
    case 'DATE':
      return value;
    case 'JSON':
      return compactJson(value);
    case 'BOOL':
      return value === 'true';
    case 'INT64':
    case 'FLOAT64':
    case 'TIMESTAMP':
      break;
  }
  return Number(value);
}

/** A number, or null where there is none or none that is finite. */
export function toNumber(value: string | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** A row of `eventsSql`. */
export function toStoredRow(stream: Stream, row: BigqueryRow): StoredRow {
  const at = stream.columns.length;
  return {
    row: stream.columns.map(({ type }, index) => toCell(type, row[index])),
    messageId: String(row[at]),
    publishTimeMicros: Number(row[at + 1]),
    ingestTimeMicros: Number(row[at + 2]),
  };
}

/** BigQuery keeps the value of a JSON and not its text: numbers are written here as the validator writes them. */
function compactJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
