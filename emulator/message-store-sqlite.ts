/** A store in one SQLite file of a data folder; a process that dies loses nothing that was committed. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { AppError, messageOf } from '../runtime/index.ts';
import type { MessageStore, StoreBatch, StoredKind, StoredState } from './message-store.ts';
import type { Segment } from './segment.ts';

/** Payloads of recent segments, so that fresh messages are delivered without reading them back. */
const CACHE_BYTES_MAX = 32 * 2 ** 20;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS resources (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS segments (
  id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, first_message_id INTEGER NOT NULL,
  publish_at_ms REAL NOT NULL, offsets BLOB NOT NULL, ordering_keys TEXT, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS holdings (
  holder_id INTEGER NOT NULL, segment_id INTEGER NOT NULL, unacked BLOB NOT NULL,
  PRIMARY KEY (holder_id, segment_id)) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('next_resource', 1), ('next_segment', 1), ('next_message', 1), ('run', 0);
UPDATE meta SET value = value + 1 WHERE key = 'run';
`;

export class SqliteMessageStore implements MessageStore {
  readonly #folder: string;
  readonly #database: DatabaseSync;
  readonly #cache = new Map<number, Buffer>();
  #cacheBytes = 0;
  readonly #statements = new Map<string, StatementSync>();

  /**
   * Opens or creates `<folder>/pubsub.sqlite` and holds it alone. `pagesMax` caps the file, 4 KiB a page: beyond it
   * the store behaves as on a full disk.
   * @throws AppError `locked` where another process holds it; `invalid_config` where it cannot be opened
   */
  constructor(folder: string, pagesMax?: number) {
    this.#folder = resolve(folder);
    let database: DatabaseSync | undefined;
    try {
      mkdirSync(this.#folder, { recursive: true });
      database = new DatabaseSync(join(this.#folder, 'pubsub.sqlite'), { timeout: 0 });
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;');
      database.exec('PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864;');
      database.exec(`BEGIN EXCLUSIVE; ${SCHEMA} COMMIT;`);
      if (pagesMax !== undefined) database.exec(`PRAGMA max_page_count = ${pagesMax}`);
      this.#database = database;
    } catch (error) {
      database?.close();
      throw openingError(this.#folder, error);
    }
  }

  load(): StoredState {
    const meta = new Map(
      this.#rows('SELECT key, value FROM meta').map((row) => [String(row.key), Number(row.value)]),
    );
    return {
      resources: this.#rows('SELECT id, kind, json FROM resources ORDER BY id').map((row) => ({
        id: Number(row.id),
        kind: String(row.kind) as StoredKind,
        json: String(row.json),
      })),
      segments: this.#rows(
        'SELECT id, topic_id, first_message_id, publish_at_ms, offsets, ordering_keys FROM segments ORDER BY id',
      ).map((row) => ({
        id: Number(row.id),
        topicId: Number(row.topic_id),
        firstMessageId: Number(row.first_message_id),
        publishAtMs: Number(row.publish_at_ms),
        offsets: new Uint32Array(Uint8Array.from(row.offsets as Uint8Array).buffer),
        orderingKeys:
          typeof row.ordering_keys === 'string'
            ? (JSON.parse(row.ordering_keys) as string[])
            : undefined,
        holderCount: 0,
      })),
      holdings: this.#rows(
        'SELECT holder_id, segment_id, unacked FROM holdings ORDER BY segment_id',
      ).map((row) => ({
        holderId: Number(row.holder_id),
        segmentId: Number(row.segment_id),
        unacked: row.unacked as Uint8Array,
      })),
      nextIds: {
        resource: meta.get('next_resource') ?? 1,
        segment: meta.get('next_segment') ?? 1,
        message: meta.get('next_message') ?? 1,
      },
      runId: meta.get('run') ?? 1,
    };
  }

  commit(batch: StoreBatch): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      this.#write(batch);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      if (resultCode(error) !== SQLITE_FULL) throw error;
      throw new AppError(
        'disk_full',
        `The disk of the data folder ${this.#folder} is full: nothing more can be published until space is freed there.`,
        { cause: error },
      );
    }
    for (const id of batch.deletedSegmentIds ?? []) this.#forget(id);
    for (const { segment, payload } of batch.segments ?? []) this.#remember(segment.id, payload);
  }

  payload(segment: Segment): Buffer {
    const cached = this.#cache.get(segment.id);
    if (cached !== undefined) return cached;
    const row = this.#statement('SELECT payload FROM segments WHERE id = ?').get(segment.id);
    if (row === undefined) throw new Error(`Segment ${segment.id} is not stored`);
    const bytes = row.payload as Uint8Array;
    const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#remember(segment.id, payload);
    return payload;
  }

  close(): void {
    this.#cache.clear();
    this.#statements.clear();
    this.#database.close();
  }

  #write(batch: StoreBatch): void {
    for (const { segment, payload } of batch.segments ?? []) {
      this.#statement('INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?)').run(
        segment.id,
        segment.topicId,
        segment.firstMessageId,
        segment.publishAtMs,
        new Uint8Array(segment.offsets.buffer),
        segment.orderingKeys ? JSON.stringify(segment.orderingKeys) : null,
        payload,
      );
    }
    for (const id of batch.deletedHolderIds ?? []) {
      this.#statement('DELETE FROM holdings WHERE holder_id = ?').run(id);
    }
    for (const { holderId, segmentId } of batch.releasedHoldings ?? []) {
      this.#statement('DELETE FROM holdings WHERE holder_id = ? AND segment_id = ?').run(
        holderId,
        segmentId,
      );
    }
    for (const { holderId, segmentId, unacked } of batch.holdings ?? []) {
      this.#statement('INSERT OR REPLACE INTO holdings VALUES (?, ?, ?)').run(
        holderId,
        segmentId,
        unacked,
      );
    }
    for (const id of batch.deletedSegmentIds ?? []) {
      this.#statement('DELETE FROM segments WHERE id = ?').run(id);
    }
    for (const { id, kind, json } of batch.resources ?? []) {
      this.#statement('INSERT OR REPLACE INTO resources VALUES (?, ?, ?)').run(id, kind, json);
    }
    for (const id of batch.deletedResourceIds ?? []) {
      this.#statement('DELETE FROM resources WHERE id = ?').run(id);
    }
    for (const [name, value] of Object.entries(batch.nextIds ?? {})) {
      this.#statement('UPDATE meta SET value = ? WHERE key = ?').run(
        value as number,
        `next_${name}`,
      );
    }
  }

  #remember(id: number, payload: Buffer): void {
    if (payload.length > CACHE_BYTES_MAX) return;
    this.#forget(id);
    this.#cache.set(id, payload);
    this.#cacheBytes += payload.length;
    for (const oldest of this.#cache.keys()) {
      if (this.#cacheBytes <= CACHE_BYTES_MAX) return;
      this.#forget(oldest);
    }
  }

  #forget(id: number): void {
    const payload = this.#cache.get(id);
    if (payload === undefined) return;
    this.#cache.delete(id);
    this.#cacheBytes -= payload.length;
  }

  #rows(sql: string): Record<string, unknown>[] {
    return this.#database.prepare(sql).all();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function openingError(folder: string, error: unknown): AppError {
  const code = resultCode(error);
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED) {
    return new AppError(
      'locked',
      `The data folder ${folder} is held by another running Pub/Sub server: stop that one, or set HIGHWATER_DATA_DIR to another folder.`,
      { cause: error },
    );
  }
  const why = code === SQLITE_NOTADB ? 'pubsub.sqlite in it is not a database' : messageOf(error);
  return new AppError('invalid_config', `The data folder ${folder} cannot be used: ${why}`, {
    cause: error,
  });
}

/** SQLite's primary result code. */
function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}
