/** Metrics as the service records them: typed by the catalogue, kept by OpenTelemetry instruments, read as samples. */
import type { Attributes, Meter, ObservableResult } from '@opentelemetry/api';
import type { Clock } from '../runtime/index.ts';
import { boundedRead } from './bounded-read.ts';
import { CATALOGUE, metricSpec } from './catalogue.ts';
import type { LabelsOf, MetricName, MetricSpec, NameOf } from './catalogue.ts';
import { BucketExemplars } from './bucket-exemplars.ts';
import type { NotedExemplar, TraceIds } from './bucket-exemplars.ts';
import { LabelLimits } from './label-limits.ts';
import type { MetricFamily, Sample } from './sample.ts';
import { familyOf } from './sample-reader.ts';
import type { SampleReader } from './sample-reader.ts';

export interface CounterSeries {
  add(value: number): void;
}

export interface HistogramSeries {
  /** `trace` is kept as the exemplar of the value's bucket. */
  observe(value: number, trace?: TraceIds): void;
}

/** A value read when metrics are collected. */
export interface Observation<N extends MetricName> {
  readonly labels: LabelsOf<N>;
  readonly value: number;
}
export type Read<N extends MetricName> = () =>
  readonly Observation<N>[] | Promise<readonly Observation<N>[]>;

export interface Metrics {
  /** The series with these labels; it exists with 0 from now on. Hot paths keep it instead of asking again. */
  counter<N extends NameOf<'counter'>>(name: N, labels: LabelsOf<N>): CounterSeries;
  histogram<N extends NameOf<'histogram'>>(name: N, labels: LabelsOf<N>): HistogramSeries;
  /** Calls `read` whenever metrics are collected, until the returned function is called. */
  observe<N extends NameOf<'gauge' | 'counter'>>(name: N, read: Read<N>): () => void;
  /** Everything as Prometheus has it, in the catalogue's order. */
  families(): Promise<readonly MetricFamily[]>;
  samples(): Promise<readonly Sample[]>;
  /** Traced observations of a histogram, the newest of each bucket and series; the newest first. */
  exemplars(name: string): readonly NotedExemplar[];
}

interface Observed {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * `meter` is of the provider that `reader` reads. Names with a colon are Cloud Monitoring's own: shown at `/metrics` and
 * to the local store, never exported.
 */
export function createMetrics(meter: Meter, reader: SampleReader, clock: Clock): Metrics {
  const series = new Map<string, CounterSeries | HistogramSeries>();
  const instruments = new Map<string, (value: number, attributes: Attributes) => void>();
  const limits = new Map<string, LabelLimits>();
  const reads = new Map<string, Set<() => Promise<readonly Observed[]>>>();
  const exemplars = new Map<string, BucketExemplars>();

  const limitOf = (name: string, spec: MetricSpec) =>
    cached(limits, name, () => new LabelLimits(spec.labels));

  const instrument = (name: string, spec: MetricSpec) =>
    cached(instruments, name, () => {
      const options = { description: spec.help, unit: spec.unit };
      if (spec.kind === 'histogram') {
        const histogram = meter.createHistogram(name, options);
        return (value, attributes) => histogram.record(value, attributes);
      }
      const counter = meter.createCounter(name, options);
      return (value, attributes) => counter.add(value, attributes);
    });

  const observations = async (name: string, spec: MetricSpec): Promise<readonly Observed[]> => {
    const answers = await Promise.all([...(reads.get(name) ?? [])].map((read) => read()));
    return answers
      .flat()
      .map(({ labels, value }) => ({ labels: limitOf(name, spec).apply(labels), value }));
  };

  const openSeries = (name: string, given: Readonly<Record<string, string>>) => {
    const spec = specOf(name);
    const labels = limitOf(name, spec).apply(given);
    return cached(series, `${name}\u0001${Object.values(labels).join('\u0001')}`, () => {
      const record = instrument(name, spec);
      if (spec.kind === 'counter') {
        record(0, labels);
        return { add: (value: number) => record(value, labels) } satisfies CounterSeries;
      }
      // The SDK counts no NaN, yet the series exists from then on: a first observation is an increase and not a birth.
      record(Number.NaN, labels);
      const bounds = spec.bounds ?? [];
      const kept = cached(exemplars, name, () => new BucketExemplars(bounds));
      return {
        observe(value: number, trace?: TraceIds) {
          record(value, labels);
          if (trace) kept.note(labels, value, trace);
        },
      } satisfies HistogramSeries;
    });
  };

  const families = async (): Promise<readonly MetricFamily[]> => {
    const collected = await reader.families(exemplars);
    const local = await Promise.all(
      Object.entries<MetricSpec>(CATALOGUE)
        .filter(([name]) => isLocal(name) && reads.has(name))
        .map(async ([name, spec]) => familyOf(name, spec, await observations(name, spec))),
    );
    return [...collected, ...local];
  };

  for (const name of Object.keys(CATALOGUE)) openKnown(name, openSeries);

  return {
    counter: (name, labels) => openSeries(name, labels) as CounterSeries,
    histogram: (name, labels) => openSeries(name, labels) as HistogramSeries,
    observe(name, read) {
      const spec = specOf(name);
      const known = reads.get(name);
      const set = known ?? new Set();
      const bounded = boundedRead<Observed>(read, clock);
      set.add(bounded);
      if (!known) {
        reads.set(name, set);
        if (!isLocal(name)) {
          const options = { description: spec.help, unit: spec.unit };
          const observable =
            spec.kind === 'counter'
              ? meter.createObservableCounter(name, options)
              : meter.createObservableGauge(name, options);
          observable.addCallback(async (result: ObservableResult) => {
            for (const { labels, value } of await observations(name, spec)) {
              result.observe(value, labels);
            }
          });
        }
      }
      return () => void set.delete(bounded);
    },
    families,
    samples: async () => (await families()).flatMap((family) => family.samples),
    exemplars: (name) => exemplars.get(name)?.all() ?? [],
  };
}

/** Counters whose every label has known values start at 0. */
function openKnown(name: string, open: (name: string, labels: Record<string, string>) => unknown) {
  const { kind, labels } = specOf(name);
  if (kind !== 'counter') return;
  let combinations: Record<string, string>[] = [{}];
  for (const [label, { values }] of Object.entries(labels)) {
    if (!values) return;
    combinations = combinations.flatMap((some) =>
      values.map((value) => ({ ...some, [label]: value })),
    );
  }
  for (const combination of combinations) open(name, combination);
}

function specOf(name: string): MetricSpec {
  const spec = metricSpec(name);
  if (!spec) throw new Error(`no metric ${name} in the catalogue`);
  return spec;
}

function isLocal(name: string): boolean {
  return name.includes(':');
}

function cached<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
