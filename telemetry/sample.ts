/** Samples as Prometheus has them: what the local metric store keeps and what `/metrics` prints. */
import type { MetricKind } from './catalogue.ts';
import type { Labels } from './signal.ts';

/** A trace in which a value of a bucket was observed. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  readonly atMs: number;
}

/** One value; a histogram has `_bucket` (cumulative, label `le`), `_sum` and `_count` of its name. */
export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  readonly exemplar?: Exemplar;
}

/** All samples of one metric, in the order in which they are printed. */
export interface MetricFamily {
  readonly name: string;
  readonly kind: MetricKind | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The cumulative samples of one histogram series. `counts` has one entry a bound and one above them all. */
export function histogramSamples(
  name: string,
  labels: Labels,
  value: { readonly bounds: readonly number[]; readonly counts: readonly number[]; sum: number },
  exemplars: readonly (Exemplar | undefined)[] = [],
): Sample[] {
  let cumulative = 0;
  const samples: Sample[] = value.counts.map((count, index) => {
    cumulative += count;
    const exemplar = exemplars[index];
    return {
      name: `${name}_bucket`,
      labels: { ...labels, le: boundText(value.bounds[index]) },
      value: cumulative,
      ...(exemplar ? { exemplar } : {}),
    };
  });
  samples.push({ name: `${name}_sum`, labels, value: value.sum });
  samples.push({ name: `${name}_count`, labels, value: cumulative });
  return samples;
}

/** The text of the label `le`: `0.3`, `1`, `+Inf`. */
export function boundText(bound: number | undefined): string {
  return bound === undefined || bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
}
