/** The evidence of an incident as the API says it. */
import type { IncidentEvidence } from './incident-evidence.ts';

export function evidenceJson(incident: string, evidence: IncidentEvidence) {
  const { title, unit, lines, threshold, query, cost, fromMs, toMs, stepMs } = evidence;
  return {
    incident,
    title,
    unit,
    query: query ?? null,
    from: time(fromMs),
    to: time(toMs),
    step_seconds: stepMs / 1_000,
    threshold: threshold ? { value: threshold.value, bad_when: threshold.badWhen } : null,
    lines: lines.map(({ name, points }) => ({
      name,
      points: points.map(({ atMs, value }) => ({
        at: time(atMs),
        // JSON has no NaN.
        value: Number.isFinite(value) ? value : null,
      })),
    })),
    budget: cost
      ? {
          slo: cost.slo,
          from: time(cost.fromMs),
          to: time(cost.toMs),
          bad_count: cost.badCount,
          valid_count: cost.validCount,
          budget_spent_ratio: cost.budgetSpentRatio,
        }
      : null,
  };
}

export type EvidenceJson = ReturnType<typeof evidenceJson>;

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
