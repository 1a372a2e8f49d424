/** Which event ids are stored: a SQLite file beside the warehouse, from the hash of an id to its rows' sequences. */
import { hash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { Logger } from '../runtime/index.ts';
import { isIndexDamaged } from './duckdb-errors.ts';
import { KeyFilter } from './key-filter.ts';

const PAGE_CACHE_KIBIBYTES = 65_536;
/** 13 hexadecimal digits are 52 bits: exact in a JS number, and twins are told apart by the stored id. */
const KEY_DIGITS = 13;

/** One stream's table, and what in memory says that a key is not in it. */
interface Statements {
  readonly filter: KeyFilter;
  readonly find: StatementSync;
  readonly insert: StatementSync;
}

/**
 * Written after the warehouse's own commit, so it may be behind but never ahead; `highWater` says how far it is. It
 * syncs to disk only on close: after a crash of the machine (not of the process) it counts as lost.
 */
export class EventIdIndex {
  readonly #path: string;
  readonly #warehouseId: string;
  readonly #logger: Logger;
  #database: DatabaseSync;
  readonly #statements = new Map<string, Statements>();
  readonly #highWaters = new Map<string, number>();

  /** Opens the index of one warehouse; one that is damaged, of another warehouse or lost starts empty. */
  constructor(path: string, warehouseId: string, logger: Logger) {
    this.#path = path;
    this.#warehouseId = warehouseId;
    this.#logger = logger;
    this.#database = this.#open();
  }

  /** Sequences of the rows whose id has this key: candidates, mostly none or one. */
  find(stream: string, key: number): readonly number[] {
    const { filter, find } = this.#of(stream);
    if (!filter.mayHave(key)) return NONE;
    const rows = find.all(key);
    return rows.length === 0 ? NONE : rows.map((row) => Number(row['sequence']));
  }

  /** Adds keys of ids with their rows' sequences; `highWater`, where given, is set in the same transaction. */
  insert(
    stream: string,
    keys: readonly number[],
    sequences: readonly number[],
    highWater?: number,
  ): void {
    const { filter, insert } = this.#of(stream);
    this.#transaction(() => {
      for (const [index, key] of keys.entries()) {
        filter.add(key);
        insert.run(key, sequences[index]!);
      }
      if (highWater !== undefined) this.#setMeta(`high_water:${stream}`, String(highWater));
    });
    if (highWater !== undefined) this.#highWaters.set(stream, highWater);
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

  /** Forgets everything of a stream. */
  clear(stream: string): void {
    this.#of(stream);
    this.#transaction(() => {
      this.#database.exec(`delete from "ids_${stream}"`);
      this.#setMeta(`high_water:${stream}`, '0');
    });
    this.#highWaters.set(stream, 0);
    this.#statements.delete(stream);
  }

  /** Throws a damaged file away and starts empty. */
  recreate(): void {
    this.#closeQuietly();
    this.#remove();
    this.#database = this.#open();
  }

  close(): void {
    // From here the file survives a crash of the machine too, so it may be called clean.
    this.#database.exec('pragma synchronous = full');
    this.#setMeta('is_clean', '1');
    this.#database.exec('pragma wal_checkpoint(truncate)');
    this.#statements.clear();
    this.#database.close();
  }

  #open(): DatabaseSync {
    this.#statements.clear();
    this.#highWaters.clear();
    for (let isRetry = false; ; isRetry = true) {
      let database: DatabaseSync | undefined;
      try {
        database = new DatabaseSync(this.#path);
        this.#database = database;
        database.exec(
          `pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -${PAGE_CACHE_KIBIBYTES};` +
            'create table if not exists meta (name text primary key, value text) without rowid',
        );
        const storedId = this.#meta('warehouse_id');
        const bootId = readBootId();
        const isClean = this.#meta('is_clean') === '1';
        const isSameBoot = bootId !== '' && this.#meta('boot_id') === bootId;
        const isUsable = storedId === this.#warehouseId && (isClean || isSameBoot);
        if (storedId === undefined || isUsable) {
          this.#setMeta('warehouse_id', this.#warehouseId);
          this.#setMeta('boot_id', bootId);
          this.#setMeta('is_clean', '0');
          return database;
        }
        this.#logger.warn('event_id_index_discarded', { path: this.#path, isClean, isSameBoot });
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

  #of(stream: string): Statements {
    const known = this.#statements.get(stream);
    if (known) return known;
    const table = `"ids_${stream}"`;
    this.#database.exec(
      `create table if not exists ${table} (key integer, sequence integer, primary key (key, sequence)) without rowid`,
    );
    const filter = new KeyFilter();
    for (const { key } of this.#database.prepare(`select key from ${table}`).iterate()) {
      filter.add(Number(key));
    }
    const statements = {
      filter,
      find: this.#database.prepare(`select sequence from ${table} where key = ?`),
      insert: this.#database.prepare(`insert or ignore into ${table} values (?, ?)`),
    };
    this.#statements.set(stream, statements);
    return statements;
  }

  #transaction(work: () => void): void {
    this.#database.exec('begin');
    try {
      work();
      this.#database.exec('commit');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
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

const NONE: readonly number[] = [];

/**
 * What the index knows an event id by. A cryptographic hash, so that no producer can choose ids that share a key and
 * make every look-up long.
 */
export function keyOf(eventId: string): number {
  return Number.parseInt(hash('sha1', eventId, 'hex').slice(0, KEY_DIGITS), 16);
}

/** Changes with every start of the machine; empty where the system does not tell. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
