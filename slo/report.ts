/** The report of a month: what each SLO came to, hour by hour from the ledger, each hour by the objective of its time. */
import { badCount, sli, tidy } from './counts.ts';
import type { Counts } from './counts.ts';
import { LEDGER_HOUR_MS } from './ledger.ts';
import type { LedgerRow } from './ledger.ts';

export interface Month {
  /** `2026-11`. */
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ReportPoint {
  readonly atMs: number;
  readonly remainingRatio: number;
}

export interface SloReport {
  readonly name: string;
  readonly title: string;
  readonly counts: Counts;
  readonly badCount: number;
  readonly sliRatio: number | undefined;
  /** As they were in force within the month, in order of time. */
  readonly objectives: readonly { readonly percentText: string; readonly fromAtMs: number }[];
  /** Sum over hours of budget ratio · valid events. */
  readonly allowedCount: number;
  readonly remainingRatio: number | undefined;
  /** Hours with a valid event, and hours of the month that are over. */
  readonly hoursCounted: number;
  readonly hoursOver: number;
  readonly worst: readonly LedgerRow[];
  /** What remains of the month's budget, at each hour's end. */
  readonly course: readonly ReportPoint[];
}

/** Hours shown as the worst; more belong into a query. */
const WORST_MAX = 5;

/** The month of a text `2026-11` in UTC, or `undefined` where it is none. */
export function parseMonth(name: string): Month | undefined {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(name) ?? [];
  if (year === undefined) return undefined;
  const [y, m] = [Number(year), Number(month)];
  return { name, fromMs: Date.UTC(y, m - 1), toMs: Date.UTC(y, m) };
}

/** The report of one SLO from its hours of the month. */
export function sloReport(
  slo: { readonly name: string; readonly title: string },
  rows: readonly LedgerRow[],
  month: Month,
  nowMs: number,
): SloReport {
  const counts = {
    goodCount: sum(rows, (row) => row.goodCount),
    validCount: sum(rows, (row) => row.validCount),
  };
  const allowedCount = tidy(sum(rows, (row) => row.budgetRatio * row.validCount));
  let spent = 0;
  const course = rows.map((row) => {
    spent += badCount(row);
    return { atMs: row.startAtMs + LEDGER_HOUR_MS, remainingRatio: tidy(1 - spent / allowedCount) };
  });
  const over = Math.min(month.toMs, Math.max(month.fromMs, nowMs)) - month.fromMs;
  return {
    ...slo,
    counts,
    badCount: badCount(counts),
    sliRatio: sli(counts),
    objectives: rows
      .filter((row, index) => row.objectivePercentText !== rows[index - 1]?.objectivePercentText)
      .map((row) => ({ percentText: row.objectivePercentText, fromAtMs: row.startAtMs })),
    allowedCount,
    remainingRatio: course.at(-1)?.remainingRatio,
    hoursCounted: rows.length,
    hoursOver: Math.floor(over / LEDGER_HOUR_MS),
    worst: rows
      .filter((row) => badCount(row) > 0)
      .toSorted((a, b) => badCount(b) - badCount(a))
      .slice(0, WORST_MAX),
    course,
  };
}

function sum(rows: readonly LedgerRow[], value: (row: LedgerRow) => number): number {
  return tidy(rows.reduce((total, row) => total + value(row), 0));
}
