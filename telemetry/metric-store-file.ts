/** The metric store with a SQLite file beside it: each append is on disk when it returns, chunks follow every 15 minutes. */
import { dirname } from 'node:path';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { AppError, makeDataFolder } from '../runtime/index.ts';
import type { Logger } from '../runtime/index.ts';
import type { Chunk } from './metric-store-chunk.ts';
import { chunkFromBytes, chunkToBytes } from './metric-store-codec.ts';
import { bufferOf, bytesOf, isHeld, openStoreDatabase, setAside } from './metric-store-database.ts';
import type { Series } from './metric-store-series.ts';
import { MetricStore } from './metric-store.ts';
import type { AppendRecord, MetricStoreLimits } from './metric-store.ts';
import type { Labels } from './signal.ts';

/** Appends that opening has to repeat: 90 at 10 s; of 1,000 series 12 KB each. */
const CHECKPOINT_EVERY_MS = 15 * 60_000;
/** Of 4 KiB: 512 MiB, three times what the store takes in memory. Beyond it the file is as on a full disk. */
const FILE_PAGES_MAX = 131_072;

export interface MetricStoreFile {
  readonly store: MetricStore;
  close(): void;
}

export interface MetricStoreFileOptions {
  /** Made where it is not there, with its folder. */
  readonly path: string;
  readonly limits?: Partial<MetricStoreLimits>;
  readonly filePagesMax?: number;
  readonly logger: Logger;
}

/**
 * Opens the store with what the file holds. A file that cannot be read is set aside as `<path>.damaged`, which is logged, and
 * an empty one begun. Where the disk fails later, the store goes on in memory and says so.
 * @throws AppError `locked` where another process holds the file; `invalid_config` where its folder cannot be written
 */
export function openMetricStore(options: MetricStoreFileOptions): MetricStoreFile {
  const { path, logger } = options;
  makeDataFolder(dirname(path));
  try {
    return new OpenFile(options);
  } catch (error) {
    if (isHeld(error)) {
      throw new AppError(
        'locked',
        `${path} is held by another process. Stop it, or set HIGHWATER_DATA_DIR to another folder.`,
        { cause: error },
      );
    }
    const aside = `${path}.damaged`;
    setAside(path, aside);
    logger.error('metric_store_damaged', {
      message: `${path} cannot be read and was set aside as ${aside}; measuring begins anew`,
      error,
    });
    return new OpenFile(options);
  }
}

/** What the file has of a series. */
interface Filed {
  readonly id: number;
  readonly chunkIds: Map<Chunk, number>;
  endCount: number;
}

class OpenFile implements MetricStoreFile {
  readonly store: MetricStore;
  readonly #database: DatabaseSync;
  readonly #logger: Logger;
  readonly #filed = new Map<Series, Filed>();
  /** Takes back what a transaction under way noted in `#filed`. */
  #undo: (() => void)[] = [];
  #checkpointAtMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(options: MetricStoreFileOptions) {
    const { path, limits, filePagesMax = FILE_PAGES_MAX, logger } = options;
    this.#logger = logger;
    this.store = new MetricStore(limits);
    this.#database = openStoreDatabase(path, filePagesMax);
    try {
      this.#load();
    } catch (error) {
      this.#database.close();
      throw error;
    }
    this.store.onAppend = (record) => {
      this.#write(() => this.#append(record));
      if (record.atMs - this.#checkpointAtMs < CHECKPOINT_EVERY_MS) return;
      this.#checkpointAtMs = record.atMs;
      this.#write(() => this.#checkpoint());
    };
  }

  close(): void {
    this.store.onAppend = undefined;
    this.#write(() => this.#checkpoint());
    this.#database.close();
  }

  #load(): void {
    const byId = new Map<number, Series>();
    for (const row of this.#rows('SELECT id, name, labels, kind FROM series')) {
      const labels = JSON.parse(String(row['labels'])) as Labels;
      const kind = row['kind'] === 'counter' ? 'counter' : 'gauge';
      const series = this.store.openSeries(String(row['name']), labels, kind);
      if (!series) continue;
      const id = Number(row['id']);
      byId.set(id, series);
      this.#filed.set(series, { id, chunkIds: new Map(), endCount: 0 });
    }
    this.#loadChunks(byId);
    for (const row of this.#rows('SELECT at_ms, ids, samples, ended FROM appends ORDER BY id')) {
      const atMs = Number(row['at_ms']);
      const samples = new Float64Array(bufferOf(row['samples']));
      for (const [at, id] of new Uint32Array(bufferOf(row['ids'])).entries()) {
        const series = byId.get(id);
        if (series) this.store.replay(series, atMs, samples[at]!);
      }
      for (const id of new Uint32Array(bufferOf(row['ended']))) {
        const series = byId.get(id);
        if (series) this.store.replay(series, atMs, 'end');
      }
    }
  }

  #loadChunks(byId: ReadonlyMap<number, Series>): void {
    const closed = new Map<Series, Chunk[]>();
    const heads = new Map<Series, Chunk>();
    const select = this.#database.prepare('SELECT id, series_id, is_head, bytes FROM chunks');
    for (const row of select.iterate()) {
      const series = byId.get(Number(row['series_id']));
      if (!series || !(row['bytes'] instanceof Uint8Array)) continue;
      const chunk = chunkFromBytes(row['bytes']);
      if (row['is_head'] === 1) heads.set(series, chunk);
      else {
        this.#filed.get(series)?.chunkIds.set(chunk, Number(row['id']));
        const chunks = closed.get(series);
        if (chunks) chunks.push(chunk);
        else closed.set(series, [chunk]);
      }
    }
    for (const row of this.#rows('SELECT id, ends FROM series')) {
      const series = byId.get(Number(row['id']));
      if (!series) continue;
      const ends = new Float64Array(bufferOf(row['ends']));
      const chunks = closed.get(series) ?? [];
      series.restore(
        chunks.toSorted((one, other) => one.firstAtMs - other.firstAtMs),
        heads.get(series),
        [...ends],
      );
      this.#filed.get(series)!.endCount = ends.length;
      this.store.noteRestored(series);
    }
  }

  #append({ atMs, stored, ended }: AppendRecord): void {
    this.#database.exec('BEGIN IMMEDIATE');
    const ids = Uint32Array.from(stored, ({ series }) => this.#idOf(series));
    const samples = Float64Array.from(stored, ({ value }) => value);
    const endedIds = Uint32Array.from(ended, (series) => this.#idOf(series));
    this.#database
      .prepare('INSERT INTO appends (at_ms, ids, samples, ended) VALUES (?, ?, ?, ?)')
      .run(atMs, bytesOf(ids), bytesOf(samples), bytesOf(endedIds));
    this.#database.exec('COMMIT');
  }

  #idOf(series: Series): number {
    const filed = this.#filed.get(series);
    if (filed) return filed.id;
    const { lastInsertRowid } = this.#database
      .prepare('INSERT INTO series (name, labels, kind, ends) VALUES (?, ?, ?, ?)')
      .run(series.name, JSON.stringify(series.labels), series.kind, new Uint8Array());
    const id = Number(lastInsertRowid);
    this.#filed.set(series, { id, chunkIds: new Map(), endCount: 0 });
    this.#undo.push(() => this.#filed.delete(series));
    return id;
  }

  /** Makes the file what the memory is, in one transaction; repeated appends are then needed no more. */
  #checkpoint(): void {
    this.#database.exec('BEGIN IMMEDIATE; DELETE FROM appends; DELETE FROM chunks WHERE is_head;');
    const insert = this.#database.prepare(
      'INSERT INTO chunks (series_id, is_head, bytes) VALUES (?, ?, ?)',
    );
    const remove = this.#database.prepare('DELETE FROM chunks WHERE id = ?');
    const live = new Set(this.store.all());
    for (const series of live) {
      const seriesId = this.#idOf(series);
      const filed = this.#filed.get(series)!;
      const present = new Set(series.chunks);
      for (const [chunk, id] of filed.chunkIds) {
        if (present.has(chunk)) continue;
        remove.run(id);
        filed.chunkIds.delete(chunk);
        this.#undo.push(() => filed.chunkIds.set(chunk, id));
      }
      for (const chunk of series.chunks) {
        if (filed.chunkIds.has(chunk)) continue;
        const { lastInsertRowid } = insert.run(seriesId, 0, chunkToBytes(chunk));
        filed.chunkIds.set(chunk, Number(lastInsertRowid));
        this.#undo.push(() => filed.chunkIds.delete(chunk));
      }
      const head = series.packedHead();
      if (head) insert.run(seriesId, 1, chunkToBytes(head));
      this.#writeEnds(series, filed);
    }
    for (const [series, filed] of this.#filed) {
      if (live.has(series)) continue;
      for (const chunkId of filed.chunkIds.values()) remove.run(chunkId);
      this.#database.prepare('DELETE FROM series WHERE id = ?').run(filed.id);
      this.#filed.delete(series);
      this.#undo.push(() => this.#filed.set(series, filed));
    }
    this.#database.exec('COMMIT');
  }

  #writeEnds(series: Series, filed: Filed): void {
    if (series.endsAtMs.length === 0 && filed.endCount === 0) return;
    this.#database
      .prepare('UPDATE series SET ends = ? WHERE id = ?')
      .run(bytesOf(Float64Array.from(series.endsAtMs)), filed.id);
    filed.endCount = series.endsAtMs.length;
  }

  /** Measuring goes on where the disk does not: it is said once, and the next checkpoint writes what is missing. */
  #write(work: () => void): void {
    this.#undo = [];
    try {
      work();
      if (this.#isFailing) this.#logger.info('metric_store_written_again');
      this.#isFailing = false;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const undo of this.#undo.toReversed()) undo();
      if (!this.#isFailing) {
        this.#logger.error('metric_store_write_failed', {
          message: 'Samples stay in memory only until the data folder can be written again',
          error,
        });
      }
      this.#isFailing = true;
    }
  }

  #rows(sql: string): Record<string, SQLOutputValue>[] {
    return this.#database.prepare(sql).all();
  }
}
