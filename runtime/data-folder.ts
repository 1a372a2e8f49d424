/** The data folder, and folders in it: made where they are missing, refused by the name of their setting. */
import { mkdirSync } from 'node:fs';
import { AppError, messageOf } from './errors.ts';

/**
 * Makes `path`, which is returned.
 * @throws AppError `invalid_config` where it cannot be a folder
 */
export function makeDataFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new AppError(
      'invalid_config',
      `HIGHWATER_DATA_DIR: expected a folder that can be written; got ${path} (${messageOf(error)})`,
      { cause: error },
    );
  }
  return path;
}
