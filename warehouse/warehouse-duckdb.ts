/** The embedded warehouse: a DuckDB file with an index of event ids beside it. */
import { AppError } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import type { Stream, Windows } from '../streams/index.ts';
import { StreamTable } from './duckdb-append.ts';
import { DuckdbConnections } from './duckdb-connections.ts';
import { isIndexDamaged, toAppError } from './duckdb-errors.ts';
import { readEvent, readEvents } from './duckdb-events.ts';
import { markReplayed, readQuarantine, storeQuarantine } from './duckdb-quarantine.ts';
import {
  prepareInternal,
  prepareStream,
  schemaConflictError,
  schemaConflicts,
} from './duckdb-schema.ts';
import { readContinuity, readSpikes, readWindows } from './duckdb-windows.ts';
import type { WindowSource } from './duckdb-windows.ts';
import { EventIdIndex } from './event-id-index.ts';
import type { EventsQuery, NewRow, QuarantineQuery, QuarantineRecord } from './warehouse.ts';
import type { StoredRow, TimeRange, Warehouse, WindowsQuery } from './warehouse.ts';

/** A readiness check writes at most this often: each write is a sync to disk. */
const WRITE_PROBE_INTERVAL_MS = 5_000;

export interface DuckdbWarehouseOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  readonly memoryBytesMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the embedded warehouse holds in memory, as far as it can tell. */
export interface EmbeddedMemory {
  /** DuckDB's own account, which `memoryBytesMax` bounds. */
  readonly duckdbBytes: number;
  /** Of the event-id index: two bytes an event and some. */
  readonly indexBytes: number;
}

export interface EmbeddedWarehouse extends Warehouse {
  memory(): Promise<EmbeddedMemory>;
}

/**
 * Opens or creates the warehouse file and the index `{path}.ids.sqlite`.
 * @throws AppError `locked` where a process holds the file, `disk_full`, `warehouse_unavailable`.
 */
export async function openDuckdbWarehouse(
  options: DuckdbWarehouseOptions,
): Promise<EmbeddedWarehouse> {
  const { path, logger } = options;
  const connections = await DuckdbConnections.open(path, options.memoryBytesMax, logger);
  try {
    const warehouseId = await connections.write(prepareInternal);
    const indexPath = path === ':memory:' ? path : `${path}.ids.sqlite`;
    const index = new EventIdIndex(indexPath, warehouseId, logger);
    return new DuckdbWarehouse(connections, index, options);
  } catch (error) {
    await connections.close();
    throw toAppError(error, path);
  }
}

class DuckdbWarehouse implements EmbeddedWarehouse {
  readonly #connections: DuckdbConnections;
  readonly #index: EventIdIndex;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tables = new Map<string, StreamTable>();
  #probedAtMs = -Infinity;
  #isClosed = false;

  constructor(
    connections: DuckdbConnections,
    index: EventIdIndex,
    options: DuckdbWarehouseOptions,
  ) {
    this.#connections = connections;
    this.#index = index;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  async prepare(streams: readonly Stream[]): Promise<void> {
    await this.#connections.write(async (connection) => {
      const conflicts: string[] = [];
      for (const stream of streams) conflicts.push(...(await schemaConflicts(connection, stream)));
      if (conflicts.length > 0) throw schemaConflictError(conflicts);
      for (const stream of streams) {
        const columnNames = await prepareStream(connection, stream);
        const deps = { index: this.#index, clock: this.#clock, logger: this.#logger };
        const table = new StreamTable(stream, columnNames, deps);
        await table.sync(connection);
        this.#tables.set(stream.name, table);
      }
    });
  }

  async append(stream: Stream, rows: readonly NewRow[]) {
    const table = this.#table(stream);
    if (rows.length === 0) return { committedCount: 0, duplicateCount: 0, rejected: [] };
    return this.#connections.write((connection) => table.append(connection, rows));
  }

  async quarantine(records: readonly QuarantineRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#connections.write((connection) => storeQuarantine(connection, records));
  }

  async markReplayed(stream: string, ids: readonly string[], replayTimeMicros: number) {
    if (ids.length === 0) return;
    await this.#connections.write((connection) =>
      markReplayed(connection, stream, ids, replayTimeMicros),
    );
  }

  async events(stream: Stream, query: EventsQuery): Promise<readonly StoredRow[]> {
    if (query.fromMicros >= query.toMicros) return [];
    const { statistics, pace } = this.#table(stream);
    return this.#connections.read((connection) =>
      readEvents({ connection, stream, statistics, pace }, query),
    );
  }

  async event(stream: Stream, eventId: string): Promise<StoredRow | undefined> {
    const table = this.#table(stream);
    for (const sequence of await this.#find(table, eventId)) {
      const row = await this.#connections.read((connection) =>
        readEvent(connection, stream, sequence, eventId),
      );
      if (row) return row;
    }
    return undefined;
  }

  windows(stream: Stream, query: WindowsQuery) {
    return this.#onWindows(stream, (source) => readWindows(source, query));
  }

  windowContinuity(stream: Stream, range: TimeRange) {
    return this.#onWindows(stream, (source) => readContinuity(source, range));
  }

  windowSpikes(stream: Stream, range: TimeRange) {
    return this.#onWindows(stream, (source) => readSpikes(source, range));
  }

  async newestEvent(stream: Stream) {
    const { statistics } = this.#table(stream);
    if (!statistics) return null;
    return {
      eventTimeMicros: statistics.newestMicros,
      ingestTimeMicros: statistics.newestIngestMicros,
    };
  }

  async rowCount(stream: Stream): Promise<number> {
    return this.#table(stream).statistics?.rowCount ?? 0;
  }

  quarantined(stream: string, query: QuarantineQuery) {
    return this.#connections.read((connection) => readQuarantine(connection, stream, query));
  }

  async quarantineCount(stream: string): Promise<number> {
    const sql = 'select count(*) from highwater_quarantine where stream = $1';
    return this.#connections.read(async (connection) => {
      const result = await connection.runAndReadAll(sql, [stream]);
      return Number(result.getRows()[0]?.[0] ?? 0);
    });
  }

  async check(): Promise<void> {
    await this.#connections.read((connection) => connection.run('select 1'));
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#probedAtMs < WRITE_PROBE_INTERVAL_MS) return;
    await this.#connections.write(async (connection) => {
      await connection.run('begin');
      await connection.run("delete from highwater_meta where name = 'checked_at_ms'");
      await connection.run("insert into highwater_meta values ('checked_at_ms', $1)", [
        String(this.#clock.nowMs()),
      ]);
      await connection.run('commit');
    });
    this.#probedAtMs = nowMs;
  }

  async memory(): Promise<EmbeddedMemory> {
    const sql = 'select sum(memory_usage_bytes) from duckdb_memory()';
    const duckdbBytes = await this.#connections.read(async (connection) => {
      const result = await connection.runAndReadAll(sql);
      return Number(result.getRows()[0]?.[0] ?? 0);
    });
    return { duckdbBytes, indexBytes: this.#index.memoryBytes };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#connections.close();
    try {
      this.#index.close();
    } catch (error) {
      // It is built again from the rows at the next start.
      this.#logger.warn('event_id_index_close_failed', { error });
    }
  }

  async #onWindows<T>(
    stream: Stream,
    work: (source: WindowSource & { readonly windows: Windows }) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const { windows } = stream;
    const { statistics } = this.#table(stream);
    if (!windows || !statistics) return [];
    return this.#connections.read((connection) =>
      work({ connection, stream, windows, statistics }),
    );
  }

  async #find(table: StreamTable, eventId: string): Promise<readonly number[]> {
    const key = this.#index.keyOf(eventId);
    try {
      if (table.isSynced) return this.#index.find(table.stream.name, key);
    } catch (error) {
      if (!isIndexDamaged(error)) throw toAppError(error, this.#connections.path);
      this.#index.recreate();
    }
    await this.#connections.write((connection) => table.sync(connection));
    return this.#index.find(table.stream.name, key);
  }

  #table(stream: Stream): StreamTable {
    if (this.#isClosed) throw new AppError('warehouse_unavailable', 'The warehouse is closed');
    const table = this.#tables.get(stream.name);
    if (!table) throw new AppError('internal', `The stream ${stream.name} was not prepared`);
    return table;
  }
}
