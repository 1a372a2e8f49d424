/** Which event ids are stored: a file beside the warehouse, from the hash of an id to its rows' sequences. */
import { hash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Logger } from '../runtime/index.ts';
import { isIndexDamaged } from './duckdb-errors.ts';
import { KeyPages, PAGE_BYTES, PAGES_SCHEMA } from './key-pages.ts';
import { KeyRuns } from './key-runs.ts';

/** Runs are written and merged from end to end; the system's own cache holds what is read again. */
const PAGE_CACHE_KIBIBYTES = 8_192;
/** Pages of the log beyond which SQLite moves it into the file: 4 MiB. */
const LOG_PAGES_MAX = 256;
/** Another one is thrown away, and the index built again. */
const FORMAT = '2';
/** 13 hexadecimal digits are 52 bits: exact in a JS number, and twins are told apart by the stored id. */
const KEY_DIGITS = 13;
const SALT_CHARS = 16;

/**
 * Written after the warehouse's own commit, so it may be behind but never ahead; `highWater` says how far it is. The
 * newest keys are in memory alone: the file is behind by at most `RECENT_KEYS_MAX` of them, and by none once closed. It
 * syncs to disk only on close: after a crash of the machine (not of the process) it counts as lost.
 */
export class EventIdIndex {
  readonly #path: string;
  readonly #warehouseId: string;
  readonly #salt: string;
  readonly #logger: Logger;
  #database: DatabaseSync;
  #pages: KeyPages;
  readonly #runs = new Map<string, KeyRuns>();
  readonly #highWaters = new Map<string, number>();

  /** Opens the index of one warehouse; one that is damaged, of another warehouse or lost starts empty. */
  constructor(path: string, warehouseId: string, logger: Logger) {
    this.#path = path;
    this.#warehouseId = warehouseId;
    this.#salt = warehouseId.slice(0, SALT_CHARS);
    this.#logger = logger;
    [this.#database, this.#pages] = this.#open();
  }

  /**
   * What the index knows an event id by. A cryptographic hash with a salt that only this warehouse knows, so that no
   * producer can choose ids that share a key, or a place in a table, and make every look-up long.
   */
  keyOf(eventId: string): number {
    return Number.parseInt(hash('sha1', this.#salt + eventId, 'hex').slice(0, KEY_DIGITS), 16);
  }

  /** Sequences of the rows whose id has this key: candidates, mostly none or one. */
  find(stream: string, key: number): readonly number[] {
    return this.#of(stream).find(key);
  }

  /** Adds keys of ids with their rows' sequences; `highWater`, where given, holds from then on. */
  insert(
    stream: string,
    keys: readonly number[],
    sequences: readonly number[],
    highWater?: number,
  ): void {
    const runs = this.#of(stream);
    for (const [at, key] of keys.entries()) {
      // Rows beyond the high-water that are on disk already do no harm: after a crash they are added again.
      if (runs.roomCount === 0) this.#flush(stream, runs);
      runs.add(key, sequences[at]!);
    }
    if (highWater !== undefined) this.#highWaters.set(stream, highWater);
    if (runs.isMergeDue) this.#transaction(runs, () => runs.merge(keys.length));
  }

  /** Moves into the file what is in memory. */
  flush(stream: string): void {
    this.#flush(stream, this.#of(stream));
  }

  /** The highest sequence up to which every row of the stream is in the index; 0 where none is. */
  highWater(stream: string): number {
    let highWater = this.#highWaters.get(stream);
    if (highWater === undefined) {
      highWater = Number(this.#meta(`high_water:${stream}`) ?? 0);
      this.#highWaters.set(stream, highWater);
    }
    return highWater;
  }

  /** Sorted runs of a stream's keys on disk; each look-up asks them all. */
  runCount(stream: string): number {
    return this.#of(stream).runCount;
  }

  /** What the keys of all streams hold in memory, SQLite's own cache aside. */
  get memoryBytes(): number {
    return [...this.#runs.values()].reduce((sum, runs) => sum + runs.memoryBytes, 0);
  }

  /** Throws a damaged file away and starts empty. */
  recreate(): void {
    this.#closeQuietly();
    this.#remove();
    [this.#database, this.#pages] = this.#open();
  }

  close(): void {
    for (const [stream, runs] of this.#runs) this.#flush(stream, runs);
    // From here the file survives a crash of the machine too, so it may be called clean.
    this.#database.exec('pragma synchronous = full');
    this.#setMeta('is_clean', '1');
    this.#database.exec('pragma wal_checkpoint(truncate)');
    this.#runs.clear();
    this.#database.close();
  }

  #open(): [DatabaseSync, KeyPages] {
    this.#runs.clear();
    this.#highWaters.clear();
    for (let isRetry = false; ; isRetry = true) {
      let database: DatabaseSync | undefined;
      try {
        database = new DatabaseSync(this.#path);
        this.#database = database;
        database.exec(
          `pragma page_size = ${PAGE_BYTES}; pragma journal_mode = wal; pragma synchronous = off;` +
            `pragma cache_size = -${PAGE_CACHE_KIBIBYTES}; pragma wal_autocheckpoint = ${LOG_PAGES_MAX};` +
            `create table if not exists meta (name text primary key, value text) without rowid;${PAGES_SCHEMA}`,
        );
        const storedId = this.#meta('warehouse_id');
        const bootId = readBootId();
        const isClean = this.#meta('is_clean') === '1';
        const isSameBoot = bootId !== '' && this.#meta('boot_id') === bootId;
        const format = this.#meta('format');
        const isOurs = storedId === this.#warehouseId && format === FORMAT;
        if (storedId === undefined || (isOurs && (isClean || isSameBoot))) {
          this.#setMeta('warehouse_id', this.#warehouseId);
          this.#setMeta('format', FORMAT);
          this.#setMeta('boot_id', bootId);
          this.#setMeta('is_clean', '0');
          return [database, new KeyPages(database)];
        }
        this.#logger.warn('event_id_index_discarded', {
          path: this.#path,
          isOurs,
          isClean,
          isSameBoot,
        });
      } catch (error) {
        if (isRetry || !isIndexDamaged(error)) {
          database?.close();
          throw error;
        }
        this.#logger.warn('event_id_index_damaged', { path: this.#path, error });
      }
      database?.close();
      this.#remove();
    }
  }

  #remove(): void {
    if (this.#path === ':memory:') return;
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.#path + suffix, { force: true });
  }

  #closeQuietly(): void {
    try {
      this.#database.close();
    } catch (error) {
      this.#logger.debug('event_id_index_close_failed', { path: this.#path, error });
    }
  }

  #of(stream: string): KeyRuns {
    let runs = this.#runs.get(stream);
    if (!runs) {
      runs = new KeyRuns(stream, this.#pages);
      this.#runs.set(stream, runs);
    }
    return runs;
  }

  #flush(stream: string, runs: KeyRuns): void {
    const run = this.#transaction(runs, () => {
      this.#setMeta(`high_water:${stream}`, String(this.highWater(stream)));
      return runs.writeRecent();
    });
    if (run) runs.forgetRecent(run);
  }

  #transaction<T>(runs: KeyRuns, work: () => T): T {
    this.#database.exec('begin');
    try {
      const result = work();
      this.#database.exec('commit');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      if (!isIndexDamaged(error)) runs.abandonMerges();
      throw error;
    }
  }

  #meta(name: string): string | undefined {
    const row = this.#database.prepare('select value from meta where name = ?').get(name);
    return row === undefined ? undefined : String(row['value']);
  }

  #setMeta(name: string, value: string): void {
    this.#database
      .prepare('insert into meta values (?, ?) on conflict do update set value = excluded.value')
      .run(name, value);
  }
}

/** Changes with every start of the machine; empty where the system does not tell. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
