/** Opens a SQLite file that one process holds alone; says in one sentence why not; sets a damaged one aside. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError, messageOf } from './errors.ts';

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
/** READONLY, IOERR, FULL, CANTOPEN: the disk, not the statement. Source: SQLite, "Result and Error Codes". */
const DISK_CODES: readonly number[] = [8, 10, 13, 14];

export interface SqliteFileOptions {
  /** Made where it is not there, with its folder. `:memory:` is none. */
  readonly path: string;
  /** The setting that chooses its folder, for the message of a refusal. */
  readonly setting: string;
  /** Makes the tables; throws where they are of another format. A file for which it throws counts as damaged. */
  readonly prepare: (database: DatabaseSync) => void;
  /** Told where the file was damaged, with the name that it has now. */
  readonly onDamaged: (asidePath: string, error: unknown) => void;
}

/**
 * The file, in WAL mode, held exclusively; a commit is on disk when it returns.
 * @throws AppError `locked` where another process holds it; `invalid_config` where its folder cannot be made
 */
export function openSqliteFile(options: SqliteFileOptions): DatabaseSync {
  const { path, setting, onDamaged } = options;
  makeFolder(path, setting);
  try {
    return open(options);
  } catch (error) {
    const code = sqliteCode(error);
    if (code === SQLITE_BUSY || code === SQLITE_LOCKED) {
      throw new AppError(
        'locked',
        `${path} is held by another process. Stop it, or set ${setting} to another folder.`,
        { cause: error },
      );
    }
    if (path === ':memory:' || DISK_CODES.includes(code)) throw error;
    const aside = `${path}.damaged`;
    setAside(path, aside);
    onDamaged(aside, error);
    return open(options);
  }
}

/** Whether a statement failed for the disk (full, read-only, broken) and may succeed later. */
export function isDiskFailure(error: unknown): boolean {
  return DISK_CODES.includes(sqliteCode(error));
}

function open({ path, prepare }: SqliteFileOptions): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;');
    database.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;');
    database.exec('BEGIN EXCLUSIVE');
    prepare(database);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function makeFolder(path: string, setting: string): void {
  if (path === ':memory:') return;
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new AppError(
      'invalid_config',
      `${setting}: expected a folder that can be written; got ${dirname(path)} (${messageOf(error)})`,
      { cause: error },
    );
  }
}

/** With what SQLite keeps beside it; an older one set aside goes. */
function setAside(path: string, aside: string): void {
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(`${aside}${suffix}`, { force: true });
    try {
      renameSync(`${path}${suffix}`, `${aside}${suffix}`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
}

/** SQLite's primary result code; 0 where the error is not SQLite's. */
function sqliteCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return code & 0xff;
}
