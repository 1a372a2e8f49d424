/** What a stream is, as read from its YAML file: the one source of its validator, tables, routes and topics. */

export type ColumnType = 'STRING' | 'INT64' | 'FLOAT64' | 'BOOL' | 'TIMESTAMP' | 'DATE' | 'JSON';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly isRequired: boolean;
  readonly description: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  /** Longest text in characters; every STRING and JSON column has one. */
  readonly lengthMax?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

export type MeasureFunction = 'count' | 'sum' | 'avg' | 'max' | 'min';

export interface Measure {
  readonly name: string;
  readonly function: MeasureFunction;
  /** The aggregated column; absent for `count`. */
  readonly column?: string;
}

/** Tumbling windows over event time, `[start, start + size)`, aligned to 1970-01-01T00:00:00Z. */
export interface Windows {
  readonly sizeMs: number;
  /** A window is final once the watermark (newest event time) has passed its end by this much. */
  readonly allowedLatenessMs: number;
  readonly groupBy: readonly string[];
  readonly measures: readonly Measure[];
  /** A window is a spike where `measure` exceeds `factor` times its mean over the ten windows before. */
  readonly spike: { readonly measure: string; readonly factor: number };
}

export interface Stream {
  readonly name: string;
  readonly description: string;
  readonly topic: string;
  readonly subscription: string;
  readonly deadLetterTopic: string;
  readonly columns: readonly Column[];
  readonly eventId: string;
  readonly eventTime: string;
  /** An event whose time is further ahead of the clock than this is refused. */
  readonly futureToleranceMs: number;
  /** Columns that the API filters by (equality). */
  readonly filters: readonly string[];
  readonly clustering: readonly string[];
  readonly windows?: Windows;
  /** Longest time between two messages that is still in order; absent where silence says nothing. */
  readonly expectEveryMs?: number;
}

/**
 * One cell, by column type: STRING text; INT64 and FLOAT64 number; BOOL boolean; TIMESTAMP whole microseconds since
 * 1970 as a number (exact up to year 2255); DATE `YYYY-MM-DD`; JSON its compact text.
 */
export type Cell = string | number | boolean | null;

/** A validated event: one cell a column, in the stream's column order. */
export type Row = readonly Cell[];

/** Why a message was refused; stable, stored in quarantine. */
export const REFUSAL_CODES = [
  'bad_encoding',
  'not_json',
  'not_an_object',
  'missing_field',
  'unknown_field',
  'wrong_type',
  'out_of_range',
  'bad_timestamp',
  'future_timestamp',
  'too_large',
  'refused_by_warehouse',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

export interface Refusal {
  readonly code: RefusalCode;
  /** The field at fault; absent where the message as a whole is. */
  readonly field?: string;
  /** What was expected and what was got, the value shortened. */
  readonly reason: string;
}

/** `nowMs` bounds the event time. `problems` names every fault of the event, the first one first. */
export type Validate = (
  event: unknown,
  nowMs: number,
) =>
  | { readonly ok: true; readonly row: Row }
  | { readonly ok: false; readonly problems: readonly [Refusal, ...Refusal[]] };

/** Names that the warehouse adds to every row; no stream column may use them. */
export const METADATA_COLUMNS = [
  'message_id',
  'publish_time',
  'ingest_time',
  'ingest_sequence',
] as const;
