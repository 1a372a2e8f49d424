/** Reads the OpenTelemetry instruments of this process as Prometheus samples, whenever asked. */
import type { Attributes } from '@opentelemetry/api';
import type { ViewOptions } from '@opentelemetry/sdk-metrics';
import { AggregationType, DataPointType, MetricReader } from '@opentelemetry/sdk-metrics';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import type { BucketExemplars } from './bucket-exemplars.ts';
import { CATALOGUE, metricSpec } from './catalogue.ts';
import type { MetricSpec } from './catalogue.ts';
import { OTHER } from './label-limits.ts';
import { histogramSamples } from './sample.ts';
import type { MetricFamily, Sample } from './sample.ts';
import type { Labels } from './signal.ts';
import { gaugesWhileRead } from './temporality.ts';

/** Series of a metric, by the SDK; label limits keep below it: 10 routes x 3 methods x 15 statuses is 450. */
const SERIES_MAX = 2_000;
/** Where the SDK counts what is beyond it. Source: OpenTelemetry metrics SDK, cardinality limits. */
const OVERFLOW = 'otel.metric.overflow';

/** One view a metric: bounds from the catalogue, one aggregation shared by all readers. */
export function metricViews(): ViewOptions[] {
  return Object.entries<MetricSpec>(CATALOGUE)
    .filter(([name]) => !name.includes(':'))
    .map(([name, { bounds }]) => ({
      instrumentName: name,
      aggregationCardinalityLimit: SERIES_MAX,
      ...(bounds && {
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: [...bounds], recordMinMax: false },
        },
      }),
    }));
}

export class SampleReader extends MetricReader {
  #isBound = false;
  #isClosed = false;

  constructor() {
    super({ aggregationTemporalitySelector: gaugesWhileRead() });
  }

  /** Whether a provider reads by it. */
  get isBound(): boolean {
    return this.#isBound;
  }

  /** Everything that the SDK holds and the catalogue names, in the catalogue's order. */
  async families(exemplars: ReadonlyMap<string, BucketExemplars>): Promise<MetricFamily[]> {
    const { resourceMetrics } = await this.collect();
    const byName = new Map<string, MetricData>();
    for (const { metrics } of resourceMetrics.scopeMetrics) {
      for (const metric of metrics) byName.set(metric.descriptor.name, metric);
    }
    return Object.entries<MetricSpec>(CATALOGUE).flatMap(([name, spec]) => {
      const metric = byName.get(name);
      if (!metric) return [];
      const samples = samplesOf(name, metric, exemplars.get(name));
      return [{ name, kind: spec.kind, help: spec.help, samples }];
    });
  }

  /** Takes what the SDK holds back for this reader; nothing once it is closed. */
  async drain(): Promise<void> {
    if (this.#isBound && !this.#isClosed) await this.collect();
  }

  protected override onInitialized(): void {
    this.#isBound = true;
  }

  protected override onShutdown(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

/** A family of single values. */
export function familyOf(
  name: string,
  { kind, help }: MetricSpec,
  values: readonly { readonly labels: Labels; readonly value: number }[],
): MetricFamily {
  return { name, kind, help, samples: values.map((each) => ({ name, ...each })) };
}

function samplesOf(name: string, metric: MetricData, exemplars?: BucketExemplars): Sample[] {
  switch (metric.dataPointType) {
    case DataPointType.HISTOGRAM:
      return metric.dataPoints.flatMap(({ attributes, value: { buckets, sum = 0 } }) => {
        const labels = labelsOf(name, attributes);
        const { boundaries: bounds, counts } = buckets;
        return histogramSamples(name, labels, { bounds, counts, sum }, exemplars?.of(labels));
      });
    case DataPointType.SUM:
    case DataPointType.GAUGE:
      return metric.dataPoints.map(({ attributes, value }) => ({
        name,
        labels: labelsOf(name, attributes),
        value,
      }));
    case DataPointType.EXPONENTIAL_HISTOGRAM:
    default:
      throw new Error(`${name}: the views ask for explicit bounds`);
  }
}

function labelsOf(name: string, attributes: Attributes): Labels {
  const isOverflow = attributes[OVERFLOW] === true;
  return Object.fromEntries(
    Object.keys(metricSpec(name)?.labels ?? {}).map((label) => [
      label,
      isOverflow ? OTHER : String(attributes[label] ?? ''),
    ]),
  );
}
