/** Compares a text with the file that holds what it should be; `UPDATE_GOLDENS=1` writes it anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

export function isGolden(t: ExecutionContext, name: string, text: string): void {
  const path = join(import.meta.dirname, 'goldens', `${name}.golden`);
  if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(path, text);
  t.true(existsSync(path), `${path} is missing: run with UPDATE_GOLDENS=1 and read it`);
  t.is(text, readFileSync(path, 'utf8'), name);
}
