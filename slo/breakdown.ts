/** Which part of the service an SLO's bad events come from: by route, by stream, whatever its metric tells apart. */
import { metricSpec } from '../telemetry/index.ts';
import type { Signal, SignalReader } from '../telemetry/index.ts';
import { countsOf, countSignals } from './indicator-signals.ts';
import { badCount } from './counts.ts';
import type { Slo } from './slo.ts';

export interface BreakdownRow {
  /** Value of the label, a route or a stream. */
  readonly value: string;
  readonly badCount: number;
  readonly validCount: number;
}

export interface Breakdown {
  readonly label: string;
  readonly windowMs: number;
  /** Rows with a bad event, the most first. */
  readonly rows: readonly BreakdownRow[];
}

/** Labels that say where, the most telling first. */
const WHERE = ['http_route', 'stream', 'subscription_id'] as const;
/** More rows are a query's work. */
const ROWS_MAX = 8;

/**
 * Bad events of the window by the label that says where; `undefined` for an indicator that has no such label, or that counts
 * slices of time, which are of one series.
 * Errors: `metrics_unavailable`.
 */
export async function breakdown(
  reader: SignalReader,
  slo: Slo,
  windowMs: number,
  atMs: number,
): Promise<Breakdown | undefined> {
  const { indicator } = slo;
  if (indicator.kind === 'slices') return undefined;
  const { metric } = indicator.kind === 'ratio' ? indicator.valid : indicator.histogram;
  const labels = metricSpec(metric)?.labels ?? {};
  const label = WHERE.find((each) => Object.hasOwn(labels, each));
  if (label === undefined) return undefined;
  const { part, counted, valid } = countSignals(indicator, windowMs);
  const [countedBy = [], validBy = []] = await reader.read(
    [grouped(counted, label), grouped(valid, label)],
    atMs,
  );
  const rows = validBy.flatMap((whole) => {
    const name = whole.labels[label] ?? '';
    const same = countedBy.filter((each) => (each.labels[label] ?? '') === name);
    const answer = countsOf(part, same, [whole]);
    if (answer.kind !== 'counts') return [];
    const row = {
      value: name,
      badCount: badCount(answer.counts),
      validCount: answer.counts.validCount,
    };
    return row.badCount > 0 ? [row] : [];
  });
  return {
    label,
    windowMs,
    rows: rows.toSorted((a, b) => b.badCount - a.badCount).slice(0, ROWS_MAX),
  };
}

function grouped(signal: Signal, label: string): Signal {
  return 'by' in signal ? { ...signal, by: [label] } : signal;
}
