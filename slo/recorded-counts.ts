/** What was counted of an SLO, step by step, from the metrics that are kept: what another objective would be tried on. */
import type { Instants, SignalReader } from '../telemetry/index.ts';
import { badCount } from './counts.ts';
import { countsOf, countSignals } from './indicator-signals.ts';
import type { Slo } from './slo.ts';

export interface RecordedCount {
  /** Start of the step. */
  readonly atMs: number;
  readonly badCount: number;
  readonly validCount: number;
}

/** A step without data has no element. Errors: `metrics_unavailable`. */
export async function recordedCounts(
  reader: SignalReader,
  { indicator }: Slo,
  { fromMs, toMs, stepMs }: Instants,
): Promise<readonly RecordedCount[]> {
  const { part, counted, valid } = countSignals(indicator, stepMs);
  const instants = { fromMs: fromMs + stepMs, toMs, stepMs };
  const countedRange = await reader.readRange(counted, instants);
  const validRange = await reader.readRange(valid, instants);
  const countedAt = new Map((countedRange[0]?.points ?? []).map((each) => [each.atMs, each.value]));
  return (validRange[0]?.points ?? []).flatMap(({ atMs, value }) => {
    const good = countedAt.get(atMs);
    const answer = countsOf(part, good === undefined ? [] : [{ labels: {}, value: good }], [
      { labels: {}, value },
    ]);
    if (answer.kind !== 'counts') return [];
    const { counts } = answer;
    return [{ atMs: atMs - stepMs, badCount: badCount(counts), validCount: counts.validCount }];
  });
}
