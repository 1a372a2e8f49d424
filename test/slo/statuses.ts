/** Statuses of the tests' SLOs from counts that a test writes down. */
import { evaluationJson, sloStatus } from '../../slo/index.ts';
import type { CountsAnswer, Slo, SlosJson, SloStatus } from '../../slo/index.ts';

export const AT_MS = Date.UTC(2026, 10, 20, 12);
const WINDOWS_MS = [5, 30, 60, 120, 360, 1_440, 4_320].map((minutes) => minutes * 60_000);

export const NO_DATA: CountsAnswer = { kind: 'no_data' };

/** So many bad of so many valid. */
export function counted(bad: number, validCount: number): CountsAnswer {
  return { kind: 'counts', counts: { goodCount: validCount - bad, validCount } };
}

/** A status where every tier window has the same answer. */
export function statusOf(
  slo: Slo,
  period: CountsAnswer,
  each: CountsAnswer,
  sinceAtMs?: number,
): SloStatus {
  return sloStatus(slo, {
    atMs: AT_MS,
    sinceAtMs,
    period,
    windows: new Map(WINDOWS_MS.map((windowMs) => [windowMs, each])),
  });
}

/** What `/v1/slos` answers with these statuses, `ageMs` after they were made. */
export function answerOf(statuses: readonly SloStatus[], ageMs = 0): SlosJson {
  const intervalMs = 15_000;
  return evaluationJson(
    { lastSuccessAtMs: AT_MS, durationMs: 3, intervalMs, statuses, failure: undefined },
    AT_MS + ageMs,
  );
}
