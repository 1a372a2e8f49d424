export { breakdown } from './breakdown.ts';
export type { Breakdown } from './breakdown.ts';
export { burnDown } from './burn-down.ts';
export type { BurnDown } from './burn-down.ts';
export { burnRate, isBurning, isGuarded, remainingAfter, timeToExhaustionMs } from './burn-rate.ts';
export type { Course } from './burn-rate.ts';
export { deriveTier, SHIPPED_TIERS } from './burn-rate-tier.ts';
export { badCount, errorRatio, sli } from './counts.ts';
export type { Counts } from './counts.ts';
export { errorBudget, remainingRatio, spentRatio } from './error-budget.ts';
export type { ErrorBudget } from './error-budget.ts';
export { countsOf, countSignals } from './indicator-signals.ts';
export type { CountsAnswer, CountSignals } from './indicator-signals.ts';
export { loadSlos, parseSlos } from './load-slos.ts';
export type { StreamNames } from './load-slos.ts';
export { recordedCounts } from './recorded-counts.ts';
export type { RecordedCount } from './recorded-counts.ts';
export { withTarget } from './with-target.ts';
export { parseObjective } from './objective.ts';
export { formatSelector, parseSelector } from './selector.ts';
export { decideGate } from './gate.ts';
export type { GateOptions, GateVerdict } from './gate.ts';
export { lintSelector } from './lint-selector.ts';
export type { SelectorRule } from './lint-selector.ts';
export { lintSlos, oneErrorTraffic } from './lint.ts';
export type { LintContext, LintFinding, LintRule } from './lint.ts';
export { exportOpenSlo } from './openslo-export.ts';
export type { OpenSloExport } from './openslo-export.ts';
export { importOpenSlo } from './openslo-import.ts';
export type { OpenSloImport } from './openslo-import.ts';
export { reportHtml } from './report-html.ts';
export { reportMarkdown } from './report-markdown.ts';
export { parseMonth, sloReport } from './report.ts';
export type { Month, SloReport } from './report.ts';
export { parseHistoryAnswer, parseSloAnswer, parseSlosAnswer } from './slos-answer.ts';
export {
  breakdownJson,
  burnDownJson,
  evaluationJson,
  ledgerRowJson,
  statusJson,
} from './status-json.ts';
export type { BreakdownJson, BurnDownJson, SloJson, SlosJson } from './status-json.ts';
export { isStale, SloEvaluator } from './slo-evaluator.ts';
export type { SloEvaluation, SloEvaluatorOptions } from './slo-evaluator.ts';
export { openLedgerFile } from './ledger-file.ts';
export type { LedgerRow, SloLedger } from './ledger.ts';
export { sloStatus } from './slo-status.ts';
export type { SloReading, SloState, SloStatus, TierStatus, WindowStatus } from './slo-status.ts';
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
