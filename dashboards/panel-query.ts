/** A query as it is written, read into a signal and checked against the catalogue of metrics. */
import type { Path } from '../runtime/index.ts';
import { isPattern, metricSpec, toPromQL } from '../telemetry/index.ts';
import type { MetricKind, Selector, Signal } from '../telemetry/index.ts';
import type { PanelFile, QueryFile } from './dashboard-schema.ts';
import type { Query } from './dashboard.ts';
import type { Scope } from './scope.ts';
import { sloQuery } from './slo-query.ts';

export type Report = (path: Path, message: string) => void;

/** Lookback of a query that names none: five samples of Cloud Monitoring's own metrics. */
const WINDOW_MS = 300_000;
const KINDS = [
  'rate',
  'increase',
  'ratio',
  'mean',
  'quantile',
  'share',
  'max',
  'last',
  'sum',
  'slo',
] as const;

/** The query, or `undefined` where it is reported why not. */
export function readQuery(file: QueryFile, scope: Scope, report: Report): Query | undefined {
  const given = KINDS.filter((kind) => file[kind] !== undefined);
  if (given.length !== 1) {
    report([], `expected exactly one of ${KINDS.join(', ')}`);
    return undefined;
  }
  const legend = file.legend === undefined ? {} : { legend: file.legend };
  if (file.slo !== undefined) {
    if (!scope.slo) {
      report(['slo'], 'expected for_each: slo on the panel or its section');
      return undefined;
    }
    const windowMs = file.over ?? scope.slo.windowMs;
    return { ...sloQuery(scope.slo, file.slo, windowMs), ...legend };
  }
  const signal = toSignal(file, report);
  return signal && { promql: toPromQL(signal), signals: [signal], ...legend };
}

/** Observations by bucket, which a heat map is drawn from. */
export function readHeatmap(
  { histogram, over }: NonNullable<PanelFile['heatmap']>,
  report: Report,
): Query | undefined {
  if (!isKnown(histogram, ['histogram'], (message) => report(['histogram'], message))) {
    return undefined;
  }
  const counter = { ...histogram, metric: `${histogram.metric}_bucket` };
  const signal: Signal = { kind: 'increase', counter, by: ['le'], windowMs: over };
  return { promql: toPromQL(signal), signals: [signal] };
}

function toSignal(file: QueryFile, report: Report): Signal | undefined {
  const common = { by: file.by, windowMs: file.over ?? WINDOW_MS };
  let isFit = true;
  const fits = (path: string, selector: Selector, kinds: readonly MetricKind[]) => {
    const found = isKnown(selector, kinds, (message) => report([path], message), file.by);
    isFit &&= found;
    return selector;
  };
  const counters: readonly MetricKind[] = ['counter', 'histogram'];
  const signal = ((): Signal | undefined => {
    for (const kind of ['rate', 'increase'] as const) {
      const counter = file[kind];
      if (counter) return { kind, counter: fits(kind, counter, counters), ...common };
    }
    for (const kind of ['max', 'last', 'sum'] as const) {
      const gauge = file[kind];
      if (gauge) return { kind, gauge: fits(kind, gauge, ['gauge']), ...common };
    }
    if (file.ratio) {
      const { part, whole } = file.ratio;
      return {
        kind: 'ratio',
        part: fits('ratio', part, counters),
        whole: fits('ratio', whole, counters),
        ...common,
      };
    }
    if (file.mean) {
      return { kind: 'mean', histogram: fits('mean', file.mean, ['histogram']), ...common };
    }
    if (file.quantile) {
      const quantile = file.at ?? 0;
      if (quantile <= 0 || quantile >= 1) {
        report(['at'], 'expected a quantile above 0 and below 1, such as 0.95');
        return undefined;
      }
      const histogram = fits('quantile', file.quantile, ['histogram']);
      return { kind: 'quantile', quantile, histogram, ...common };
    }
    if (!file.share) return undefined;
    const histogram = fits('share', file.share, ['histogram']);
    const bounds = metricSpec(histogram.metric)?.bounds ?? [];
    if (file.at_most === undefined || !bounds.includes(file.at_most)) {
      report(['at_most'], `expected a bucket bound of the histogram, one of ${bounds.join(', ')}`);
      return undefined;
    }
    return { kind: 'shareAtOrBelow', bound: file.at_most, histogram, ...common };
  })();
  return isFit ? signal : undefined;
}

/** Whether the catalogue has such a metric of one of these kinds, with these labels. */
function isKnown(
  { metric, matchers }: Selector,
  kinds: readonly MetricKind[],
  report: (message: string) => void,
  by: readonly string[] = [],
): boolean {
  const spec = metricSpec(metric);
  if (!spec) {
    report(`expected a metric of the catalogue, such as ingest_messages_total (${metric} is none)`);
    return false;
  }
  const problems: string[] = [];
  if (!kinds.includes(spec.kind)) {
    problems.push(`expected a ${kinds.join(' or ')}; ${metric} is a ${spec.kind}`);
  }
  const known = Object.keys(spec.labels);
  for (const label of [...by, ...matchers.map((each) => each.label)]) {
    if (known.includes(label)) continue;
    problems.push(
      `expected a label of ${metric}, of ${known.join(', ') || 'none'} (${label} is none)`,
    );
  }
  for (const { op, value } of matchers) {
    if ((op === '=~' || op === '!~') && !isPattern(value)) {
      problems.push(`expected a regular expression that compiles (${value} does not)`);
    }
  }
  for (const problem of problems) report(problem);
  return problems.length === 0;
}
