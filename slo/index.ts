export { burnRate, isBurning, isGuarded, timeToExhaustionMs } from './burn-rate.ts';
export { deriveTier, SHIPPED_TIERS } from './burn-rate-tier.ts';
export { badCount, errorRatio, sli } from './counts.ts';
export type { Counts } from './counts.ts';
export { errorBudget, remainingRatio, spentRatio } from './error-budget.ts';
export type { ErrorBudget } from './error-budget.ts';
export { countsOf, countSignals } from './indicator-signals.ts';
export type { CountsAnswer, CountSignals } from './indicator-signals.ts';
export { loadSlos, parseSlos } from './load-slos.ts';
export type { StreamNames } from './load-slos.ts';
export { parseObjective } from './objective.ts';
export { formatSelector, parseSelector } from './selector.ts';
export type {
  Budgeting,
  BurnRateTier,
  Exact,
  Indicator,
  LowTrafficGuard,
  Objective,
  Place,
  Severity,
  Slo,
} from './slo.ts';
