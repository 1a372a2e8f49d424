/** Cells between the domain and DuckDB's values. */
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBDateValue,
  DuckDBTimestampValue,
  TIMESTAMP,
  VARCHAR,
  DATE,
} from '@duckdb/node-api';
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { Cell, ColumnType, Stream } from '../streams/index.ts';
import type { Bound } from './duckdb-queries.ts';
import type { TypedValue } from './duckdb-statements.ts';

const DAY_MS = 86_400_000;

/** DuckDB's type of a column; JSON travels as text. */
export const DUCKDB_TYPE_OF: Readonly<Record<ColumnType, DuckDBType>> = {
  STRING: VARCHAR,
  JSON: VARCHAR,
  INT64: BIGINT,
  FLOAT64: DOUBLE,
  BOOL: BOOLEAN,
  TIMESTAMP,
  DATE,
};

/** Throws a TypeError or RangeError where the cell is not of the type: the row is at fault. */
export function toDuckdb(type: ColumnType, cell: Cell | undefined): DuckDBValue {
  if (cell === null || cell === undefined) return null;
  switch (type) {
    case 'STRING':
    case 'JSON':
      return typeof cell === 'string' ? cell : refuse(type, cell);
    case 'INT64':
      return typeof cell === 'number' ? BigInt(cell) : refuse(type, cell);
    case 'FLOAT64':
      return typeof cell === 'number' ? cell : refuse(type, cell);
    case 'BOOL':
      return typeof cell === 'boolean' ? cell : refuse(type, cell);
    case 'TIMESTAMP':
      return typeof cell === 'number' ? timestampValue(cell) : refuse(type, cell);
    case 'DATE':
      break;
  }
  const days = typeof cell === 'string' ? Date.parse(`${cell}T00:00:00Z`) / DAY_MS : Number.NaN;
  return Number.isInteger(days) ? new DuckDBDateValue(days) : refuse(type, cell);
}

/** The cell of a value that DuckDB returned. */
export function fromDuckdb(type: ColumnType, value: DuckDBValue | undefined): Cell {
  if (value === null || value === undefined) return null;
  if (value instanceof DuckDBTimestampValue) return Number(value.micros);
  if (value instanceof DuckDBDateValue) {
    return new Date(value.days * DAY_MS).toISOString().slice(0, 10);
  }
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  throw new TypeError(`DuckDB returned no ${type}`);
}

export function timestampValue(micros: number): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(micros));
}

/**
 * A query's value with the type that DuckDB compares it as; a filter's cell has its column's. Without a type the
 * driver guesses one from the value: a whole number of a FLOAT64 column would be an integer, and fail beyond 64 bits.
 */
export function bindable(stream: Stream | undefined, bound: Bound): TypedValue {
  if ('timestampMicros' in bound) {
    return { type: TIMESTAMP, value: timestampValue(bound.timestampMicros) };
  }
  if ('text' in bound) return { type: VARCHAR, value: bound.text };
  if ('integer' in bound) return { type: BIGINT, value: BigInt(bound.integer) };
  if ('real' in bound) return { type: DOUBLE, value: bound.real };
  const column = stream?.columns.find(({ name }) => name === bound.column);
  if (!column) throw new TypeError(`${bound.column} is no column`);
  return { type: DUCKDB_TYPE_OF[column.type], value: toDuckdb(column.type, bound.cell) };
}

/** A number, or null where there is none or none that is finite. */
export function toNumber(value: DuckDBValue | undefined): number | null {
  if (value === null || value === undefined) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function refuse(type: ColumnType, cell: Cell): never {
  throw new TypeError(
    `expected a value of ${type}; got ${typeof cell} ${String(cell).slice(0, 60)}`,
  );
}
