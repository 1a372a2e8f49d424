/** How an SLO's error budget was spent over its window: what remained of it at each step, from the begin until now. */
import type { SignalReader } from '../telemetry/index.ts';
import { badCount, tidy } from './counts.ts';
import { countsOf, countSignals } from './indicator-signals.ts';
import type { SloStatus } from './slo-status.ts';

export interface BurnDownPoint {
  /** End of the step. */
  readonly atMs: number;
  readonly badCount: number;
  readonly validCount: number;
  /** Of the budget of the whole window as its traffic is known now; the last one is the status's own figure. */
  readonly remainingRatio: number;
}

export interface BurnDown {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly points: readonly BurnDownPoint[];
}

/** Steps of a picture: enough for its width, and few enough to be asked of a remote Prometheus. */
const STEPS = 120;
/** A step holds a few samples of a source that has one every 15 s. */
const STEP_MS_MIN = 60_000;

/**
 * The burn-down of a status: bad events step by step, added up and set against what the whole window allows. Counts of the steps
 * are extrapolated one by one, so they are scaled to add up to the status's own spent count.
 * Errors: `metrics_unavailable`.
 */
export async function burnDown(reader: SignalReader, status: SloStatus): Promise<BurnDown> {
  const { slo, fromAtMs: fromMs, atMs: toMs, budget } = status;
  const sliceMs = slo.indicator.kind === 'slices' ? slo.indicator.sliceMs : STEP_MS_MIN;
  const unitMs = Math.max(sliceMs, STEP_MS_MIN);
  const stepMs = Math.max(1, Math.ceil((toMs - fromMs) / STEPS / unitMs)) * unitMs;
  const { part, counted, valid } = countSignals(slo.indicator, stepMs);
  const count = Math.ceil((toMs - fromMs) / stepMs);
  if (!budget || count === 0) return { fromMs, toMs, stepMs, points: [] };
  const instants = { fromMs: toMs - (count - 1) * stepMs, toMs, stepMs };
  const [countedRange, validRange] = await Promise.all([
    reader.readRange(counted, instants),
    reader.readRange(valid, instants),
  ]);
  const countedAt = new Map((countedRange[0]?.points ?? []).map((each) => [each.atMs, each.value]));
  const validAt = new Map((validRange[0]?.points ?? []).map((each) => [each.atMs, each.value]));
  const steps = Array.from({ length: count }, (_, index) => {
    const atMs = instants.fromMs + index * stepMs;
    const answer = countsOf(part, valueAt(countedAt, atMs), valueAt(validAt, atMs));
    const counts = answer.kind === 'counts' ? answer.counts : { goodCount: 0, validCount: 0 };
    return { atMs, badCount: badCount(counts), validCount: counts.validCount };
  });
  const total = steps.reduce((sum, each) => sum + each.badCount, 0);
  const scale = total > 0 ? budget.spentCount / total : 0;
  let spent = 0;
  const points = steps.map((step, index) => {
    spent += step.badCount * scale;
    const isLast = index === steps.length - 1;
    const remaining = budget.allowedCount > 0 ? tidy(1 - spent / budget.allowedCount) : 1;
    return { ...step, remainingRatio: isLast ? budget.remainingRatio : remaining };
  });
  return { fromMs, toMs, stepMs, points };
}

function valueAt(values: ReadonlyMap<number, number>, atMs: number) {
  const value = values.get(atMs);
  return value === undefined ? [] : [{ labels: {}, value }];
}
