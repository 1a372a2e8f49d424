/** The warehouse port: tables and views from stream definitions, deduplicating append, a closed set of queries. */
import type { Cell, Row, Stream } from '../streams/index.ts';

/** A validated event with what is known of its message. Times in microseconds since 1970. */
export interface NewRow {
  readonly row: Row;
  readonly messageId: string;
  readonly publishTimeMicros: number;
}

export interface AppendResult {
  readonly committedCount: number;
  /** Rows whose event id was stored already, or stands twice in this append: the first one wins. */
  readonly duplicateCount: number;
  /** Rows that the warehouse itself refuses, by index; all others are committed. */
  readonly rejected: readonly { readonly index: number; readonly reason: string }[];
}

/** A refused message, in the shape of Dataflow's error records plus our reason code. */
export interface QuarantineRecord {
  readonly stream: string;
  readonly messageId: string;
  readonly subscription: string;
  readonly publishTimeMicros: number;
  readonly quarantineTimeMicros: number;
  /** Text where the payload is valid UTF-8, else empty; the bytes are always there. */
  readonly payloadText: string;
  readonly payload: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  readonly reasonCode: string;
  readonly reason: string;
  readonly deliveryAttempt: number;
}

/** As stored: with its key and whether it was published again. */
export interface StoredQuarantineRecord extends QuarantineRecord {
  readonly quarantineId: string;
  readonly replayTimeMicros: number | null;
}

/** A stored event: the stream's cells in column order, then the metadata. */
export interface StoredRow extends NewRow {
  readonly ingestTimeMicros: number;
}

/** Half-open `[fromMicros, toMicros)` of event time. */
export interface TimeRange {
  readonly fromMicros: number;
  readonly toMicros: number;
}

export type Order = 'asc' | 'desc';

export interface EventsQuery extends TimeRange {
  readonly filters: Readonly<Record<string, Cell>>;
  readonly order: Order;
  /** At most `PAGE_ROWS_MAX`. */
  readonly limit: number;
  /** Rows strictly beyond this one in the query's order; order is by event time, then event id. */
  readonly after?: { readonly eventTimeMicros: number; readonly eventId: string };
}

export interface WindowsQuery extends TimeRange {
  readonly order: Order;
  readonly limit: number;
  /** Windows strictly beyond this start in the query's order. */
  readonly after?: { readonly windowStartMicros: number; readonly group: readonly Cell[] };
}

export interface WindowRow {
  readonly windowStartMicros: number;
  /** Values of the stream's `groupBy`, in order. */
  readonly group: readonly Cell[];
  /** Values of the stream's measures, in order; `null` where a window has no value for one. */
  readonly measures: readonly (number | null)[];
}

/** A run of windows without an event between two that have some, per group. Half-open. */
export interface WindowGap {
  readonly group: readonly Cell[];
  readonly gapStartMicros: number;
  readonly gapEndMicros: number;
  readonly missingWindowCount: number;
}

/** A window that exceeds `factor` times the mean of the ten windows with data before it; fewer than ten: no verdict. */
export interface WindowSpike {
  readonly windowStartMicros: number;
  readonly group: readonly Cell[];
  readonly value: number;
  readonly movingAverage: number;
}

export interface QuarantineQuery {
  readonly reasonCode?: string;
  readonly limit: number;
  /** Newest first; records strictly older than this id in that order. */
  readonly afterId?: string;
  readonly isReplayed?: boolean;
}

export const PAGE_ROWS_MAX = 10_000;

/**
 * Every method rejects with AppError `warehouse_unavailable` where trying again later can help (sink down, disk full
 * as `disk_full`), and with another code where it cannot.
 */
export interface Warehouse {
  /**
   * Creates tables and views; adds new nullable columns.
   * @throws AppError `schema_conflict` for any other change, with what to do.
   */
  prepare(streams: readonly Stream[]): Promise<void>;
  /** Commits durably; when it resolves, the rows are readable. */
  append(stream: Stream, rows: readonly NewRow[]): Promise<AppendResult>;
  /** Stores refused messages; DuckDB leaves out those whose subscription, message id and publish time are stored. */
  quarantine(records: readonly QuarantineRecord[]): Promise<void>;
  markReplayed(
    stream: string,
    quarantineIds: readonly string[],
    replayTimeMicros: number,
  ): Promise<void>;

  events(stream: Stream, query: EventsQuery): Promise<readonly StoredRow[]>;
  event(stream: Stream, eventId: string): Promise<StoredRow | undefined>;
  windows(stream: Stream, query: WindowsQuery): Promise<readonly WindowRow[]>;
  windowContinuity(stream: Stream, range: TimeRange): Promise<readonly WindowGap[]>;
  windowSpikes(stream: Stream, range: TimeRange): Promise<readonly WindowSpike[]>;
  /** `null` while the stream is empty. */
  newestEvent(
    stream: Stream,
  ): Promise<{ readonly eventTimeMicros: number; readonly ingestTimeMicros: number } | null>;
  rowCount(stream: Stream): Promise<number>;
  quarantined(stream: string, query: QuarantineQuery): Promise<readonly StoredQuarantineRecord[]>;
  quarantineCount(stream: string): Promise<number>;

  /** Resolves where a query and a write would succeed now. */
  check(): Promise<void>;
  close(): Promise<void>;
}
