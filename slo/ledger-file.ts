/** The ledger in a folder: a file a month, a JSON line an hour of an SLO, appended and never rewritten. */
import { appendFile, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeDataFolder } from '../runtime/index.ts';
import type { LedgerRow, SloLedger } from './ledger.ts';

/** Two years and the month under way; at 20 SLOs that is 25 · 744 · 20 lines of about 170 bytes: 63 MB. */
const MONTHS_MAX = 25;
const rowSchema: z.ZodType<LedgerRow> = z.object({
  slo: z.string(),
  revision: z.string(),
  startAtMs: z.number(),
  objectivePercentText: z.string(),
  budgetRatio: z.number(),
  goodCount: z.number(),
  validCount: z.number(),
});
const FILE = /^ledger-(\d{4}-\d\d)\.ndjson$/;

/**
 * Opens the ledger of a folder, which is made where it is missing; months beyond the limit are removed.
 * @throws AppError `invalid_config` where the folder cannot be made
 */
export async function openLedgerFile(dir: string): Promise<SloLedger> {
  makeDataFolder(dir);
  for (const month of (await monthsIn(dir)).slice(0, -MONTHS_MAX)) await rm(fileOf(dir, month));
  /** Rows read so far, by month, SLO and hour: a month is read once. */
  const months = new Map<string, Promise<Map<string, LedgerRow>>>();
  const open = (month: string) => {
    const known = months.get(month) ?? readMonth(fileOf(dir, month));
    months.set(month, known);
    return known;
  };

  return {
    async append(rows) {
      for (const row of rows) {
        const month = monthOf(row.startAtMs);
        const kept = await open(month);
        if (kept.has(keyOf(row))) continue;
        kept.set(keyOf(row), row);
        await appendFile(fileOf(dir, month), `${JSON.stringify(row)}\n`);
      }
    },
    async read(slo, fromMs, toMs) {
      const found: LedgerRow[] = [];
      for (const month of await monthsIn(dir)) {
        if (month < monthOf(fromMs) || month > monthOf(toMs)) continue;
        for (const row of (await open(month)).values()) {
          if (row.slo === slo && row.startAtMs >= fromMs && row.startAtMs < toMs) found.push(row);
        }
      }
      return found.toSorted((a, b) => a.startAtMs - b.startAtMs);
    },
    async newest(slo) {
      for (const month of (await monthsIn(dir)).toReversed()) {
        const starts = [...(await open(month)).values()]
          .filter((row) => row.slo === slo)
          .map((row) => row.startAtMs);
        if (starts.length > 0) return Math.max(...starts);
      }
      return undefined;
    },
  };
}

async function readMonth(path: string): Promise<Map<string, LedgerRow>> {
  const rows = new Map<string, LedgerRow>();
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  for (const line of text.split('\n')) {
    const row = parseRow(line);
    if (row && !rows.has(keyOf(row))) rows.set(keyOf(row), row);
  }
  // A line that a crash cut short must not swallow the one that is appended next.
  if (text !== '' && !text.endsWith('\n')) await appendFile(path, '\n');
  return rows;
}

/** The row of a line, or `undefined` where a crash cut it short. */
function parseRow(line: string): LedgerRow | undefined {
  try {
    return rowSchema.safeParse(JSON.parse(line)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function monthsIn(dir: string): Promise<string[]> {
  const months = (await readdir(dir)).map((file) => FILE.exec(file)?.[1]);
  return months.filter((month) => month !== undefined).toSorted();
}

function fileOf(dir: string, month: string): string {
  return join(dir, `ledger-${month}.ndjson`);
}

function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

function keyOf({ slo, startAtMs }: LedgerRow): string {
  return `${slo} ${startAtMs}`;
}
