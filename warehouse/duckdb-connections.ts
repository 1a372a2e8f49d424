/** The open DuckDB file: one writer, a few readers, and opening it again after a fatal error. */
import { resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../runtime/index.ts';
import type { Logger } from '../runtime/index.ts';
import { isFatal, lockedError, toAppError } from './duckdb-errors.ts';

/** Two cores serve reads beside one writer; more would only share them. */
const READERS_MAX = 4;
/** Reads or writes that wait their turn; past it, callers are told to come back. */
const WAITING_MAX = 1_000;
/**
 * These plan with the least and greatest values stored at that moment. DuckDB 1.5 plans a statement with parameters at
 * each run, but one without only when it is prepared: kept over a commit, it missed nulls that came since and crashed
 * the process on values outside the range. Reads are no slower without them.
 */
const DATA_BOUND_OPTIMIZERS = 'statistics_propagation,compressed_materialization';

/** DuckDB's file lock does not keep one process from opening a file twice, and both would corrupt it. */
const openPaths = new Set<string>();

interface Opened {
  readonly instance: DuckDBInstance;
  readonly writer: DuckDBConnection;
  readonly idleReaders: DuckDBConnection[];
}

export class DuckdbConnections {
  readonly path: string;
  readonly #options: Record<string, string>;
  readonly #logger: Logger;
  #opened: Opened | undefined;
  #opening: Promise<Opened> | undefined;
  #isClosed = false;
  #writeTail: Promise<unknown> = Promise.resolve();
  #writesWaiting = 0;
  #activeReads = 0;
  /** Pieces of work that hold a connection now. */
  #leasedCount = 0;
  #onLeaseEnd: (() => void) | undefined;
  readonly #readsWaiting: (() => void)[] = [];
  #isDraining = false;

  private constructor(path: string, memoryBytesMax: number, logger: Logger) {
    this.path = path;
    this.#options = { memory_limit: `${Math.ceil(memoryBytesMax / 2 ** 20)}MiB` };
    this.#logger = logger;
  }

  /** @throws AppError `locked` where a process holds the file, this one included. */
  static async open(
    path: string,
    memoryBytesMax: number,
    logger: Logger,
  ): Promise<DuckdbConnections> {
    const connections = new DuckdbConnections(path, memoryBytesMax, logger);
    if (path !== ':memory:') {
      if (openPaths.has(resolve(path))) throw lockedError(path, 'this process itself');
      openPaths.add(resolve(path));
    }
    try {
      await connections.#ensureOpen();
    } catch (error) {
      openPaths.delete(resolve(path));
      throw toAppError(error, path);
    }
    return connections;
  }

  /** Runs alone among writers, in the order of the calls. */
  async write<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#writesWaiting >= WAITING_MAX) throw this.#busy();
    this.#writesWaiting++;
    const result = this.#writeTail.then(async () => {
      try {
        const { writer } = await this.#ensureOpen();
        this.#leasedCount++;
        try {
          return await work(writer);
        } catch (error) {
          throw await this.#failed(writer, error);
        } finally {
          this.#endLease();
        }
      } catch (error) {
        throw toAppError(error, this.path);
      } finally {
        this.#writesWaiting--;
      }
    });
    this.#writeTail = result.catch(() => undefined);
    return result;
  }

  /** Runs beside writers and other readers, on committed data. */
  async read<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    await this.#takeReadTurn();
    let opened: Opened | undefined;
    let connection: DuckDBConnection | undefined;
    let isLeased = false;
    try {
      opened = await this.#ensureOpen();
      this.#leasedCount++;
      isLeased = true;
      connection = opened.idleReaders.pop() ?? (await opened.instance.connect());
      return await work(connection);
    } catch (error) {
      if (isFatal(error)) this.#isDraining = true;
      throw toAppError(error, this.path);
    } finally {
      if (connection && opened) {
        if (opened === this.#opened) opened.idleReaders.push(connection);
        else connection.closeSync();
      }
      if (isLeased) this.#endLease();
      this.#endReadTurn();
    }
  }

  /** Waits for work under way, writes a checkpoint and lets go of the file. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.#writeTail;
    this.#isClosed = true;
    await this.#leasesEnded();
    try {
      if (this.path !== ':memory:') await this.#opened?.writer.run('checkpoint');
    } catch (error) {
      // The log of changes holds everything; the next open replays it.
      this.#logger.warn('warehouse_checkpoint_failed', { path: this.path, error });
    }
    this.#release();
    openPaths.delete(resolve(this.path));
  }

  async #failed(writer: DuckDBConnection, error: unknown): Promise<AppError> {
    if (isFatal(error)) this.#isDraining = true;
    else {
      // Where the statement failed before the transaction did, the connection would stay in it.
      await writer.run('rollback').catch(() => undefined);
    }
    return toAppError(error, this.path);
  }

  async #ensureOpen(): Promise<Opened> {
    if (this.#isClosed) throw new AppError('warehouse_unavailable', `${this.path} is closed`);
    if (this.#opened && !this.#isDraining) return this.#opened;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #open(): Promise<Opened> {
    if (this.#opened) {
      this.#logger.warn('warehouse_reopening', { path: this.path });
      // Whoever still works on the broken file fails soon; closing it later would drop the new file's lock.
      await this.#leasesEnded();
      this.#release();
    }
    const instance = await DuckDBInstance.create(this.path, this.#options);
    const writer = await instance.connect();
    // Instants are stored in UTC; the machine's zone must not show in what a query casts to text.
    await writer.run("set global TimeZone = 'UTC'");
    await writer.run(`set global disabled_optimizers = '${DATA_BOUND_OPTIMIZERS}'`);
    this.#opened = { instance, writer, idleReaders: [] };
    this.#isDraining = false;
    return this.#opened;
  }

  #release(): void {
    if (!this.#opened) return;
    for (const reader of this.#opened.idleReaders) reader.closeSync();
    this.#opened.writer.closeSync();
    this.#opened.instance.closeSync();
    this.#opened = undefined;
  }

  async #takeReadTurn(): Promise<void> {
    if (this.#activeReads < READERS_MAX) {
      this.#activeReads++;
      return;
    }
    if (this.#readsWaiting.length >= WAITING_MAX) throw this.#busy();
    await new Promise<void>((go) => this.#readsWaiting.push(go));
  }

  #endReadTurn(): void {
    const next = this.#readsWaiting.shift();
    if (next) return next();
    this.#activeReads--;
  }

  #endLease(): void {
    this.#leasedCount--;
    this.#onLeaseEnd?.();
  }

  async #leasesEnded(): Promise<void> {
    while (this.#leasedCount > 0) await new Promise<void>((done) => (this.#onLeaseEnd = done));
  }

  #busy(): AppError {
    return new AppError(
      'warehouse_unavailable',
      `${this.path} has ${WAITING_MAX} requests waiting; try again later`,
    );
  }
}
