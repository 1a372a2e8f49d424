/** What DuckDB and SQLite report, as the codes that callers branch on. */
import { AppError, messageOf } from '../runtime/index.ts';

/** Source: SQLite result codes SQLITE_CORRUPT, SQLITE_FULL and SQLITE_NOTADB. */
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** An AppError for whatever DuckDB or SQLite threw; an AppError is returned as it is. */
export function toAppError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const message = messageOf(error);
  if (isDiskFull(error)) {
    return new AppError(
      'disk_full',
      `The disk that holds ${path} is full: nothing was lost; free some space and it goes on`,
      { cause: error },
    );
  }
  if (/could not set lock|conflicting lock/i.test(message)) {
    const pid = /PID (\d+)/.exec(message)?.[1];
    return lockedError(path, pid === undefined ? 'another process' : `process ${pid}`, error);
  }
  return new AppError('warehouse_unavailable', `The warehouse ${path} failed; try again later`, {
    cause: error,
    detail: { error: message },
  });
}

/** The warehouse file has a holder already. */
export function lockedError(path: string, holder: string, cause?: unknown): AppError {
  return new AppError(
    'locked',
    `${path} is held by ${holder}. One process holds an embedded warehouse: run all parts in one ` +
      'with `highwater start`, or stop the other process, or set HIGHWATER_WAREHOUSE=bigquery',
    { cause },
  );
}

/** Whether DuckDB refuses any further work until the file is opened again. */
export function isFatal(error: unknown): boolean {
  return /FATAL Error|database has been invalidated/i.test(messageOf(error));
}

/** Whether the fault is in a row and not in the warehouse: the same row would be refused again. */
export function isRowFault(error: unknown): boolean {
  if (error instanceof AppError || isDiskFull(error) || isFatal(error)) return false;
  return !/IO Error|Out of Memory|TransactionContext|transaction is aborted|Connection Error|Interrupt|Catalog Error/i.test(
    messageOf(error),
  );
}

/** The file of the event-id index does not hold what it says. */
export class DamagedIndexError extends Error {}

/** Whether the event-id index is damaged and has to be built again. */
export function isIndexDamaged(error: unknown): boolean {
  if (error instanceof DamagedIndexError) return true;
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

function isDiskFull(error: unknown): boolean {
  return (
    sqliteCode(error) === SQLITE_FULL ||
    /no space left on device|disk is full|not enough space/i.test(messageOf(error))
  );
}

function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}
