/** The samples of a store's file as they are now, though the service that writes it runs: a copy is read. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../runtime/index.ts';
import type { Logger } from '../runtime/index.ts';
import { openMetricStore } from './metric-store-file.ts';
import type { MetricStore } from './metric-store.ts';

/** The file itself changes only at a checkpoint of its log, every few minutes: two in a row do not meet five copies. */
const ATTEMPTS_MAX = 5;

/**
 * What the file holds; later changes of it are not seen.
 * @throws AppError `not_found` where there is no file; `locked` where it never stood still
 */
export function readMetricStore(path: string, logger: Logger): MetricStore {
  if (!existsSync(path)) {
    throw new AppError(
      'not_found',
      `${path}: expected the metric store of a service that ran here`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'highwater-history-'));
  try {
    const copy = join(folder, 'metrics.sqlite');
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (!copyStill(path, copy)) continue;
      const file = openMetricStore({ path: copy, logger });
      file.close();
      return file.store;
    }
    throw new AppError('locked', `${path} is written all the time; try again`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies the file and its log; whether the file stood still meanwhile, and the copy is whole. */
function copyStill(path: string, copy: string): boolean {
  const before = statSync(path);
  rmSync(`${copy}-wal`, { force: true });
  copyFileSync(path, copy);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
  const after = statSync(path);
  if (after.mtimeMs !== before.mtimeMs || after.size !== before.size) return false;
  const database = new DatabaseSync(copy);
  try {
    return database.prepare('PRAGMA quick_check').get()?.['quick_check'] === 'ok';
  } finally {
    database.close();
  }
}
