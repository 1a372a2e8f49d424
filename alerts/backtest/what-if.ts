/** One SLO's burn-rate alerts over recorded counts, with its objective as it is and as it might be. */
import type { RecordedCount, Slo } from '../../slo/index.ts';
import { withTarget } from '../../slo/index.ts';
import { AppError } from '../../runtime/index.ts';
import { NO_DATA_RUNG, sloPolicy } from '../slo-policy.ts';
import type { Policy } from '../policy.ts';
import { backtest } from './backtest.ts';
import type { CandidateResult } from './backtest.ts';
import { historyOfCounts } from './history-counts.ts';

/** Plain data, so that another thread can take it. */
export interface WhatIfQuestion {
  readonly slo: Slo;
  /** The policy of the SLO, whose tiers and times stay. */
  readonly policy: Policy;
  readonly targetText: string;
  readonly counts: readonly RecordedCount[];
}

export interface WhatIfAnswer {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly notes: readonly string[];
  readonly current: CandidateResult;
  readonly proposed: CandidateResult;
}

/** @throws AppError `invalid_argument` for a target that is none, or fewer than two counts */
export async function whatIf(question: WhatIfQuestion): Promise<WhatIfAnswer> {
  const { slo, targetText } = question;
  const other = withTarget(slo, targetText);
  if (!other) {
    throw new AppError(
      'invalid_argument',
      `target: expected a percentage above 0 and below 100, such as 99.5; got ${targetText}`,
    );
  }
  const now = await tried(slo, question);
  const then = await tried(other, question);
  const { fromMs, toMs, stepMs, notes } = now;
  return { fromMs, toMs, stepMs, notes, current: now.result, proposed: then.result };
}

async function tried(slo: Slo, { counts, policy }: WhatIfQuestion) {
  const rows = counts.map((each) => ({ ...each, slo: slo.name, labels: {} }));
  const history = historyOfCounts(rows, [slo], 'recorded counts');
  const policies = history.slos.map((each) => sloPolicy(each, optionsOf(policy)));
  const definitions = { policies, maintenance: [], intervalMs: history.stepMs };
  const { candidates, ...rest } = await backtest(history, [
    { name: slo.objective.percent.text, definitions },
  ]);
  return { ...rest, result: candidates[0]! };
}

/** How the policy was made, read off its rungs. */
function optionsOf({ rungs }: Policy) {
  const tiers = rungs.filter(({ name }) => name !== NO_DATA_RUNG);
  return {
    tiers: tiers.map(({ name }) => name),
    forMs: tiers[0]?.forMs ?? 0,
    keepFiringForMs: tiers[0]?.keepFiringForMs ?? 0,
    noDataForMs: rungs.find(({ name }) => name === NO_DATA_RUNG)?.forMs ?? 0,
  };
}
