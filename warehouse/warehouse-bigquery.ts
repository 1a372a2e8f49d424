/** The warehouse on Google Cloud: BigQuery, written at least once and read with each event once. */
import { AppError } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { toAppError } from './bigquery-errors.ts';
import { readEvent, readEvents, readNewestEvent } from './bigquery-events.ts';
import { insertWriter } from './bigquery-insert-writer.ts';
import { countQuarantine, quarantineRow, readQuarantine } from './bigquery-quarantine.ts';
import { ANSWER_GRACE_MS, BigqueryQueries } from './bigquery-query.ts';
import { BigqueryReader } from './bigquery-reader.ts';
import { bigqueryRest } from './bigquery-rest.ts';
import { BigqueryRowCounts } from './bigquery-row-counts.ts';
import type { BigqueryRecord } from './bigquery-rows.ts';
import { quarantineTable, replaysTable, tableOf, viewsOf } from './bigquery-schema.ts';
import type { BigqueryTable } from './bigquery-schema.ts';
import { storageWriter } from './bigquery-storage-writer.ts';
import {
  prepareDataset,
  prepareTable,
  prepareView,
  tableConflictError,
  tableConflicts,
} from './bigquery-tables.ts';
import type { BigqueryDataset } from './bigquery-tables.ts';
import { readContinuity, readSpikes, readWindows } from './bigquery-windows.ts';
import type { BigqueryWindows } from './bigquery-windows.ts';
import type { BigqueryWriter } from './bigquery-writer.ts';
import type { AppendResult, EventsQuery, NewRow, QuarantineQuery } from './warehouse.ts';
import type { QuarantineRecord, TimeRange, Warehouse, WindowsQuery } from './warehouse.ts';

export interface BigqueryWarehouseOptions {
  readonly projectId: string;
  readonly dataset: string;
  /** Where a dataset that is not there yet is created. */
  readonly location: string;
  /** By the Storage Write API, or by the REST insert. */
  readonly writer: 'storage' | 'insert';
  /** Connections of the Storage Write API per table. */
  readonly writeConnectionsMax: number;
  readonly queryTimeoutMs: number;
  readonly bytesBilledMax: number;
  /** Of the REST API, such as `http://127.0.0.1:9050`; empty is Google Cloud. */
  readonly endpoint: string;
  /** Of the Storage Write API, such as `127.0.0.1:9060`; empty is Google Cloud. */
  readonly storageEndpoint: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A readiness check looks at BigQuery at most this often. */
const CHECK_INTERVAL_MS = 5_000;

/** Connects to nothing yet: `prepare` is the first to. */
export function openBigqueryWarehouse(options: BigqueryWarehouseOptions): Warehouse {
  return new BigqueryWarehouse(options);
}

class BigqueryWarehouse implements Warehouse {
  readonly #dataset: BigqueryDataset;
  readonly #writer: BigqueryWriter;
  readonly #reader: BigqueryReader;
  readonly #rowCounts: BigqueryRowCounts;
  readonly #clock: Clock;
  readonly #tables = new Map<string, BigqueryTable>();
  #lastSequence = 0;
  #checkedAtMs = -Infinity;
  #isClosed = false;

  constructor(options: BigqueryWarehouseOptions) {
    const { projectId, dataset, clock, queryTimeoutMs } = options;
    const requestTimeoutMs = queryTimeoutMs + ANSWER_GRACE_MS;
    const send = bigqueryRest({ projectId, endpoint: options.endpoint, requestTimeoutMs });
    const queries = new BigqueryQueries({ ...options, send });
    this.#clock = clock;
    this.#dataset = { send, projectId, id: dataset, location: options.location };
    this.#reader = new BigqueryReader(dataset, queries, () => clock.nowMs());
    this.#rowCounts = new BigqueryRowCounts(this.#reader, clock);
    this.#writer =
      options.writer === 'insert'
        ? insertWriter({ send, dataset, clock })
        : storageWriter({
            ...options,
            endpoint: options.storageEndpoint,
            connectionsMax: options.writeConnectionsMax,
          });
  }

  async prepare(streams: readonly Stream[]): Promise<void> {
    const tables = [...streams.map(tableOf), quarantineTable, replaysTable];
    try {
      await prepareDataset(this.#dataset);
      const conflicts: string[] = [];
      for (const table of tables) conflicts.push(...(await tableConflicts(this.#dataset, table)));
      if (conflicts.length > 0) throw tableConflictError(conflicts);
      for (const table of tables) await prepareTable(this.#dataset, table);
      for (const view of streams.flatMap((each) => viewsOf(each, this.#dataset.id))) {
        await prepareView(this.#dataset, view);
      }
    } catch (error) {
      throw toAppError(error, 'the tables of the stream definitions');
    }
    for (const table of tables) {
      this.#tables.set(table.id, table);
      this.#writer.forget(table);
    }
  }

  async append(stream: Stream, rows: readonly NewRow[]): Promise<AppendResult> {
    try {
      return await this.#append(stream, rows);
    } finally {
      // One that failed may be written all the same.
      this.#rowCounts.wrote(stream, oldestMicrosOf(stream, rows));
    }
  }

  async #append(stream: Stream, rows: readonly NewRow[]): Promise<AppendResult> {
    const table = this.#table(stream);
    const at = stream.columns.findIndex(({ name }) => name === stream.eventId);
    const ids = rows.map(({ row }) => row[at]);
    const rejected: { index: number; reason: string }[] = [];
    let pending: number[] = [];
    for (const [index, id] of ids.entries()) {
      if (typeof id === 'string' && id !== '') pending.push(index);
      else rejected.push({ index, reason: 'expected an event id; got none' });
    }
    let committedCount = 0;
    let duplicateCount = 0;
    while (pending.length > 0) {
      const seen = new Set<unknown>();
      const firsts = pending.filter((index) => !seen.has(ids[index]) && seen.add(ids[index]));
      const refused = await this.#writer.append(
        table,
        firsts.map((index) => this.#recordOf(rows[index]!)),
      );
      const turned = refused.map(({ index, reason }) => ({ index: firsts[index]!, reason }));
      rejected.push(...turned);
      committedCount += firsts.length - turned.length;
      // A twin of a refused row is no duplicate: it gets its own turn.
      const refusedIds = new Set(turned.map(({ index }) => ids[index]));
      const written = new Set(firsts);
      const twins = pending.filter((index) => !written.has(index));
      pending = twins.filter((index) => refusedIds.has(ids[index]));
      duplicateCount += twins.length - pending.length;
    }
    rejected.sort((a, b) => a.index - b.index);
    return { committedCount, duplicateCount, rejected };
  }

  async quarantine(records: readonly QuarantineRecord[]): Promise<void> {
    await this.#write(quarantineTable, records.map(quarantineRow));
  }

  async markReplayed(stream: string, ids: readonly string[], replayTimeMicros: number) {
    await this.#write(
      replaysTable,
      ids.map((id) => [stream, id, replayTimeMicros]),
    );
  }

  async events(stream: Stream, query: EventsQuery) {
    this.#table(stream);
    return readEvents(this.#reader, stream, query);
  }

  async event(stream: Stream, eventId: string) {
    this.#table(stream);
    return readEvent(this.#reader, stream, eventId);
  }

  async windows(stream: Stream, query: WindowsQuery) {
    const source = this.#windowsOf(stream);
    return source ? readWindows(source, query) : [];
  }

  async windowContinuity(stream: Stream, range: TimeRange) {
    const source = this.#windowsOf(stream);
    return source ? readContinuity(source, range) : [];
  }

  async windowSpikes(stream: Stream, range: TimeRange) {
    const source = this.#windowsOf(stream);
    return source ? readSpikes(source, range) : [];
  }

  async newestEvent(stream: Stream) {
    this.#table(stream);
    return readNewestEvent(this.#reader, stream);
  }

  async rowCount(stream: Stream): Promise<number> {
    this.#table(stream);
    return this.#rowCounts.count(stream);
  }

  async quarantined(stream: string, query: QuarantineQuery) {
    this.#refuseClosed();
    return readQuarantine(this.#reader, stream, query);
  }

  async quarantineCount(stream: string): Promise<number> {
    this.#refuseClosed();
    return countQuarantine(this.#reader, stream);
  }

  async check(): Promise<void> {
    this.#refuseClosed();
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#checkedAtMs < CHECK_INTERVAL_MS) return;
    await this.#reader.rows('check', () => 'select 1');
    await this.#writer.check(quarantineTable);
    this.#checkedAtMs = nowMs;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#writer.close();
  }

  async #write(table: BigqueryTable, rows: readonly BigqueryRecord[]): Promise<void> {
    this.#refuseClosed();
    if (rows.length === 0) return;
    const [refused] = await this.#writer.append(table, rows);
    if (refused) {
      throw new AppError('internal', `BigQuery refuses a row of ${table.id}`, {
        detail: { reason: refused.reason },
      });
    }
  }

  /** In the order of the table's columns. */
  #recordOf({ row, messageId, publishTimeMicros }: NewRow): BigqueryRecord {
    const ingestTimeMicros = Math.trunc(this.#clock.nowMs()) * 1_000;
    // Rises within a process and, by the clock, across them.
    this.#lastSequence = Math.max(this.#lastSequence + 1, ingestTimeMicros);
    return [...row, messageId, publishTimeMicros, ingestTimeMicros, this.#lastSequence];
  }

  #windowsOf(stream: Stream): BigqueryWindows | undefined {
    this.#table(stream);
    const { windows } = stream;
    return windows && { reader: this.#reader, stream, windows };
  }

  #table(stream: Stream): BigqueryTable {
    this.#refuseClosed();
    const table = this.#tables.get(stream.name);
    if (!table) throw new AppError('internal', `The stream ${stream.name} was not prepared`);
    return table;
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new AppError('warehouse_unavailable', 'The warehouse is closed');
  }
}

function oldestMicrosOf(stream: Stream, rows: readonly NewRow[]): number {
  const at = stream.columns.findIndex(({ name }) => name === stream.eventTime);
  return rows.reduce((oldest, { row }) => Math.min(oldest, Number(row[at])), Infinity);
}
