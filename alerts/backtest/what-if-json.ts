/** The answer to a what-if as the API says it: two objectives side by side. */
import { errorBudget, withTarget } from '../../slo/index.ts';
import type { Counts, Slo } from '../../slo/index.ts';
import { candidateJson } from './backtest-json.ts';
import type { CandidateResult } from './backtest.ts';
import type { WhatIfAnswer } from './what-if.ts';

export interface WhatIfParts {
  readonly slo: Slo;
  readonly targetText: string;
  /** Of the SLO's whole window. */
  readonly period: Counts;
  readonly answer: WhatIfAnswer;
}

export function whatIfJson({ slo, targetText, period, answer }: WhatIfParts) {
  const { fromMs, toMs, stepMs, notes, current, proposed } = answer;
  const other = withTarget(slo, targetText) ?? slo;
  return {
    slo: slo.name,
    window_seconds: slo.windowMs / 1_000,
    from: time(fromMs),
    to: time(toMs),
    step_seconds: stepMs / 1_000,
    notes,
    good_count: period.goodCount,
    valid_count: period.validCount,
    current: sideJson(slo, period, current),
    proposed: sideJson(other, period, proposed),
  };
}

export type WhatIfJson = ReturnType<typeof whatIfJson>;

function sideJson({ objective }: Slo, period: Counts, result: CandidateResult) {
  const { percent, budgetRatio } = objective;
  const { allowedCount, remainingRatio } = errorBudget(period, budgetRatio.value, 0);
  const { candidate: _, ...alerts } = candidateJson(result);
  return {
    objective_percent: percent.value,
    budget_ratio: budgetRatio.value,
    allowed_count: allowedCount,
    remaining_ratio: remainingRatio,
    ...alerts,
  };
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
