/** The SQLite file of the metric store: opened for one process alone, its tables, and what its columns hold. */
import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLOutputValue } from 'node:sqlite';

/** Set where the tables of an older version would be read wrongly. */
const FORMAT_VERSION = 1;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, labels TEXT NOT NULL, kind TEXT NOT NULL, ends BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (
  id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL, is_head INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS appends (
  id INTEGER PRIMARY KEY, at_ms REAL NOT NULL, ids BLOB NOT NULL, samples BLOB NOT NULL, ended BLOB NOT NULL);
PRAGMA user_version = ${FORMAT_VERSION};
`;

/**
 * Opens the file and its tables, and holds it until closed; writes beyond `filePagesMax` fail as on a full disk.
 * @throws what SQLite says, see `isHeld`; or where the tables are of another version
 */
export function openStoreDatabase(path: string, filePagesMax: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;');
    database.exec('PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216;');
    database.exec(`PRAGMA max_page_count = ${filePagesMax}`);
    checkVersion(database);
    database.exec(`BEGIN EXCLUSIVE; ${SCHEMA} COMMIT;`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Whether another process holds the file. */
export function isHeld(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return (code & 0xff) === SQLITE_BUSY || (code & 0xff) === SQLITE_LOCKED;
}

/** Renames the file with what SQLite keeps beside it; an older one set aside goes. */
export function setAside(path: string, aside: string): void {
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(`${aside}${suffix}`, { force: true });
    try {
      renameSync(`${path}${suffix}`, `${aside}${suffix}`);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

/** The bytes of an array, as a column keeps them. */
export function bytesOf(array: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Its own buffer, which arrays of every kind can be laid over. */
export function bufferOf(value: SQLOutputValue | undefined): ArrayBuffer {
  return value instanceof Uint8Array ? Uint8Array.from(value).buffer : new ArrayBuffer(0);
}

function checkVersion(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version === 0 || version === FORMAT_VERSION) return;
  throw new Error(`expected format ${FORMAT_VERSION}; got ${version}`);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
