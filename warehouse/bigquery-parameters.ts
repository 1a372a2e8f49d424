/** Values on their way into a query of BigQuery: named, typed, never text of the query. */
import type { Cell, ColumnType } from '../streams/index.ts';

/** A value on its way to BigQuery, with the type that it is compared as. */
export interface BigqueryParameter {
  readonly type: ColumnType;
  readonly value: string | readonly string[];
}

/** Gives each value its name: `parameters.integer(7)` is `@p1`. */
export class BigqueryParameters {
  readonly values: BigqueryParameter[] = [];

  integer(value: number): string {
    return this.#add('INT64', String(value));
  }

  real(value: number): string {
    return this.#add('FLOAT64', String(value));
  }

  text(value: string): string {
    return this.#add('STRING', value);
  }

  texts(value: readonly string[]): string {
    return this.#add('STRING', value);
  }

  timestamp(micros: number): string {
    return this.#add('TIMESTAMP', timestampText(clampedMicros(micros)));
  }

  /** A cell that is not null, as its column has it. */
  cell(type: ColumnType, cell: NonNullable<Cell>): string {
    return type === 'TIMESTAMP' ? this.timestamp(Number(cell)) : this.#add(type, String(cell));
  }

  #add(type: ColumnType, value: string | readonly string[]): string {
    this.values.push({ type, value });
    return `@p${this.values.length}`;
  }
}

export const DAY_MICROS = 86_400_000_000;
/** Source: BigQuery's TIMESTAMP, 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z. */
export const TIMESTAMP_MICROS_MIN = -62_135_596_800_000_000;
/** The last whole second: a number holds no more digits. */
const TIMESTAMP_MICROS_MAX = 253_402_300_799_000_000;

/** A name from a definition as GoogleSQL. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

export function tablePath(dataset: string, table: string): string {
  return `${quoteName(dataset)}.${quoteName(table)}`;
}

/** `YYYY-MM-DDTHH:MM:SS.ffffffZ`. */
export function timestampText(micros: number): string {
  const secondMs = Math.floor(micros / 1_000_000) * 1_000;
  const fraction = String(micros - secondMs * 1_000).padStart(6, '0');
  return `${new Date(secondMs).toISOString().slice(0, 19)}.${fraction}Z`;
}

function clampedMicros(micros: number): number {
  return Math.max(TIMESTAMP_MICROS_MIN, Math.min(TIMESTAMP_MICROS_MAX, micros));
}
