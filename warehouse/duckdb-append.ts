/** One stream's table: what is stored in it, and the append that stores each event id once. */
import { BIGINT } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { Clock, Logger } from '../runtime/index.ts';
import { messageOf } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { appendChunks } from './duckdb-appender.ts';
import { bindable, toNumber } from './duckdb-cells.ts';
import { columnOf } from './duckdb-columns.ts';
import type { Batch, Fill } from './duckdb-columns.ts';
import { isIndexDamaged, isRowFault } from './duckdb-errors.ts';
import { Parameters, quote, statisticsSql, storedIdsSql } from './duckdb-queries.ts';
import type { Bound } from './duckdb-queries.ts';
import { readRowsOnce } from './duckdb-statements.ts';
import { EventPace } from './duckdb-events.ts';
import type { EventIdIndex } from './event-id-index.ts';
import type { AppendResult, NewRow } from './warehouse.ts';

/** Source: DuckDB's vector size; a data chunk holds no more. */
const CHUNK_ROWS_MAX = 2_048;
/** Sequences in one look-up of possible duplicates. */
const LOOKUP_SEQUENCES_MAX = 1_024;
const REASON_LENGTH_MAX = 300;

/** Kept in memory, as one process holds the file and each commit passes here. */
export interface Statistics {
  readonly rowCount: number;
  readonly oldestMicros: number;
  readonly newestMicros: number;
  readonly newestIngestMicros: number;
}

type Rejected = { readonly index: number; readonly reason: string };
export class StreamTable {
  readonly stream: Stream;
  readonly #index: EventIdIndex;
  /** How far apart this stream's events lie, for the next page. */
  readonly pace = new EventPace();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #types: readonly DuckDBType[];
  readonly #fills: readonly Fill[];
  readonly #eventIdAt: number;
  readonly #eventTimeAt: number;
  #lastSequence = 0;
  #nextSequence = 1;
  #isSynced = false;
  #statistics: Statistics | undefined;

  /** `columnNames` are the table's, in stored order: columns added later stand last there. */
  constructor(
    stream: Stream,
    columnNames: readonly string[],
    deps: { index: EventIdIndex; clock: Clock; logger: Logger },
  ) {
    this.stream = stream;
    this.#index = deps.index;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    const columns = columnNames.map((name) => columnOf(stream, name));
    this.#types = columns.map(({ type }) => type);
    this.#fills = columns.map(({ fill }) => fill);
    this.#eventIdAt = stream.columns.findIndex(({ name }) => name === stream.eventId);
    this.#eventTimeAt = stream.columns.findIndex(({ name }) => name === stream.eventTime);
  }

  /** `undefined` while the table is empty. */
  get statistics(): Statistics | undefined {
    return this.#statistics;
  }

  /** False after a failure: what is stored has to be read again first. */
  get isSynced(): boolean {
    return this.#isSynced && this.#index.highWater(this.stream.name) === this.#lastSequence;
  }

  /** Reads what is stored and brings the index up to it. Runs as a write, alone. */
  async sync(connection: DuckDBConnection): Promise<void> {
    if (this.isSynced) return;
    try {
      await this.#sync(connection);
    } catch (error) {
      if (!isIndexDamaged(error)) throw error;
      this.#index.recreate();
      await this.#sync(connection);
    }
  }

  /** Runs as a write, alone. */
  async append(connection: DuckDBConnection, rows: readonly NewRow[]): Promise<AppendResult> {
    await this.sync(connection);
    try {
      return await this.#append(connection, rows);
    } catch (error) {
      this.#isSynced = false;
      if (isIndexDamaged(error)) this.#index.recreate();
      throw error;
    }
  }

  async #append(connection: DuckDBConnection, rows: readonly NewRow[]): Promise<AppendResult> {
    const rejected: Rejected[] = [];
    let committedCount = 0;
    let duplicateCount = 0;
    const ids = rows.map(({ row }) => {
      const id = row[this.#eventIdAt];
      return typeof id === 'string' ? id : '';
    });
    const keys = ids.map((id) => this.#index.keyOf(id));
    const batch = { rows, ids, keys, ingestTimeMicros: Math.trunc(this.#clock.nowMs()) * 1_000 };
    let pending: number[] = [];
    for (let index = 0; index < rows.length; index++) {
      if (ids[index] !== '') pending.push(index);
      else rejected.push({ index, reason: 'expected an event id; got none' });
    }
    while (pending.length > 0) {
      const { firsts, twins } = splitTwins(ids, pending);
      const fresh = await this.#withoutStored(connection, batch, firsts);
      const refused = await this.#commit(connection, batch, fresh);
      rejected.push(...refused);
      committedCount += fresh.length - refused.length;
      duplicateCount += firsts.length - fresh.length;
      // A twin of a refused row is no duplicate: it gets its own turn.
      const refusedIds = new Set(refused.map(({ index }) => ids[index]));
      pending = refusedIds.size === 0 ? [] : twins.filter((index) => refusedIds.has(ids[index]));
      duplicateCount += twins.length - pending.length;
    }
    rejected.sort((a, b) => a.index - b.index);
    return { committedCount, duplicateCount, rejected };
  }

  /** Those rows whose event id is not stored; what the index finds is compared with the stored id itself. */
  async #withoutStored(
    connection: DuckDBConnection,
    { ids, keys }: Batch,
    indices: readonly number[],
  ): Promise<readonly number[]> {
    const sequences: number[] = [];
    for (const index of indices) {
      for (const sequence of this.#index.find(this.stream.name, keys[index]!)) {
        sequences.push(sequence);
      }
    }
    if (sequences.length === 0) return indices;
    const storedIds = new Set<DuckDBValue>();
    for (let start = 0; start < sequences.length; start += LOOKUP_SEQUENCES_MAX) {
      const bound = new Parameters<Bound>();
      const part = sequences.slice(start, start + LOOKUP_SEQUENCES_MAX);
      const sql = storedIdsSql(this.stream, part, bound);
      const values = bound.values.map((value) => bindable(this.stream, value));
      for (const [id] of await readRowsOnce(connection, sql, values)) storedIds.add(id ?? null);
    }
    return indices.filter((index) => !storedIds.has(ids[index]!));
  }

  /** Commits all rows but those that DuckDB refuses, found by halving. */
  async #commit(
    connection: DuckDBConnection,
    batch: Batch,
    indices: readonly number[],
  ): Promise<readonly Rejected[]> {
    if (indices.length === 0) return [];
    try {
      await this.#transaction(connection, batch, indices);
      return [];
    } catch (error) {
      if (!isRowFault(error)) throw error;
      const reason = messageOf(error).slice(0, REASON_LENGTH_MAX);
      if (indices.length === 1) return [{ index: indices[0]!, reason }];
      const middle = indices.length >> 1;
      return [
        ...(await this.#commit(connection, batch, indices.slice(0, middle))),
        ...(await this.#commit(connection, batch, indices.slice(middle))),
      ];
    }
  }

  async #transaction(
    connection: DuckDBConnection,
    batch: Batch,
    indices: readonly number[],
  ): Promise<void> {
    const firstSequence = this.#nextSequence;
    this.#nextSequence += indices.length;
    await connection.run('begin');
    const shape = {
      types: this.#types,
      rowCount: indices.length,
      chunkRowsMax: CHUNK_ROWS_MAX,
    };
    try {
      await appendChunks(connection, this.stream.name, shape, (chunk, from, to) => {
        const part = indices.slice(from, to);
        chunk.setColumns(
          this.#fills.map((fill) =>
            part.map((index, offset) => fill(batch, index, firstSequence + from + offset)),
          ),
        );
      });
      await connection.run('commit');
    } catch (error) {
      // A failed commit has ended the transaction itself, and rolling back says so.
      await connection.run('rollback').catch(() => undefined);
      throw error;
    }
    this.#lastSequence = this.#nextSequence - 1;
    this.#count(batch, indices);
    this.#index.insert(
      this.stream.name,
      indices.map((index) => batch.keys[index]!),
      indices.map((_, offset) => firstSequence + offset),
      this.#lastSequence,
    );
  }

  #count(batch: Batch, indices: readonly number[]): void {
    const before = this.#statistics;
    let oldestMicros = before?.oldestMicros ?? Infinity;
    let newestMicros = before?.newestMicros ?? -Infinity;
    let newestIngestMicros = before?.newestIngestMicros ?? 0;
    for (const index of indices) {
      const eventTimeMicros = Number(batch.rows[index]!.row[this.#eventTimeAt]);
      if (eventTimeMicros < oldestMicros) oldestMicros = eventTimeMicros;
      if (eventTimeMicros > newestMicros) {
        newestMicros = eventTimeMicros;
        newestIngestMicros = batch.ingestTimeMicros;
      }
    }
    const rowCount = (before?.rowCount ?? 0) + indices.length;
    this.#statistics = { rowCount, oldestMicros, newestMicros, newestIngestMicros };
  }

  async #sync(connection: DuckDBConnection): Promise<void> {
    const { name, eventId } = this.stream;
    const result = await connection.runAndReadAll(statisticsSql(this.stream));
    const [rowCount, last, oldest, newest, ingest] = result.getRows()[0]!.map(toNumber);
    this.#lastSequence = last ?? 0;
    this.#nextSequence = this.#lastSequence + 1;
    this.#statistics = rowCount
      ? {
          rowCount,
          oldestMicros: oldest ?? 0,
          newestMicros: newest ?? 0,
          newestIngestMicros: ingest ?? 0,
        }
      : undefined;
    // The rows were restored from a backup.
    if (this.#index.highWater(name) > this.#lastSequence) this.#index.recreate();
    const fromSequence = this.#index.highWater(name);
    if (fromSequence < this.#lastSequence) {
      const startedAtMs = this.#clock.monotonicMs();
      const rows = await connection.stream(
        `select ${quote(eventId)}, ingest_sequence from ${quote(name)} where ingest_sequence > $1`,
        [BigInt(fromSequence)],
        [BIGINT],
      );
      for (let chunk = await rows.fetchChunk(); chunk?.rowCount; chunk = await rows.fetchChunk()) {
        const keys = chunk.getColumnValues(0).map((id) => this.#index.keyOf(String(id)));
        this.#index.insert(name, keys, chunk.getColumnValues(1).map(Number));
      }
      this.#index.insert(name, [], [], this.#lastSequence);
      this.#index.flush(name);
      const durationMs = Math.round(this.#clock.monotonicMs() - startedAtMs);
      this.#logger.info('event_id_index_caught_up', { stream: name, fromSequence, durationMs });
    }
    this.#isSynced = true;
  }
}

function splitTwins(
  ids: readonly string[],
  pending: readonly number[],
): { readonly firsts: readonly number[]; readonly twins: readonly number[] } {
  const seen = new Set<string>(pending.length === ids.length ? ids : pending.map((at) => ids[at]!));
  if (seen.size === pending.length) return { firsts: pending, twins: [] };
  seen.clear();
  const firsts: number[] = [];
  const twins: number[] = [];
  for (const index of pending) {
    const id = ids[index]!;
    if (seen.has(id)) twins.push(index);
    else {
      seen.add(id);
      firsts.push(index);
    }
  }
  return { firsts, twins };
}
