/** SLOs of every kind, on names of the catalogue, and a month of minute samples for them, the same for the local store and for a Prometheus. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { parseSlos } from '../slo/index.ts';
import type { Slo } from '../slo/index.ts';
import { MetricStore } from '../telemetry/index.ts';
import type { StoredSample } from '../telemetry/index.ts';

const MINUTE_MS = 60_000;
/** A little more than the window, so that its left end has a sample before it. */
const DAYS = 30;
export const SAMPLE_COUNT = DAYS * 24 * 60 + 10;
export const END_MS = Date.UTC(2026, 0, 31, 12);
export const START_MS = END_MS - (SAMPLE_COUNT - 1) * MINUTE_MS;

export interface HistorySeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: StoredSample['kind'];
  readonly values: Float64Array;
}

/** Of ten SLOs four count requests, three latencies, three slices of time; all have the four shipped tiers. */
export function historySlos(count: number): readonly Slo[] {
  const items = Array.from({ length: count }, (_, index) => {
    const own = `{stream="${index}"}`;
    const kind = index % 10;
    const indicator =
      kind < 4
        ? `ratio: { bad: 'ingest_messages_total{stream="${index}",outcome="quarantined"}', valid: 'ingest_messages_total${own}' }`
        : kind < 7
          ? `at_or_below: { histogram: 'ingest_commit_duration_seconds${own}', at_most: 300ms }`
          : `slices: { gauge: 'ingest_watermark_lag_seconds${own}', at_most: 60s, presence: highwater_build_info }`;
    return `  - name: slo-${index}
    title: A title
    description: A description.
    user_impact: None.
    playbook: none.md
    objective: 99.9
    window: ${DAYS}d
    indicator: { ${indicator} }`;
  });
  return parseSlos(`service: bench\nowner: bench\nslos:\n${items.join('\n')}\n`, 'bench.yaml', []);
}

/** A month of each series; the same numbers each time. */
export function historySeries(sloCount: number): readonly HistorySeries[] {
  const random = randomOf(1);
  const counter = (perMinute: number) => {
    const values = new Float64Array(SAMPLE_COUNT);
    let value = 0;
    for (let at = 0; at < SAMPLE_COUNT; at++) {
      // A restart a week or so.
      if (random() < 0.0001) value = 0;
      value += Math.floor(random() * 2 * perMinute);
      values[at] = value;
    }
    return values;
  };
  const gauge = (size: number) =>
    Float64Array.from({ length: SAMPLE_COUNT }, () => Math.round(random() * size));
  const series: HistorySeries[] = [
    {
      name: 'highwater_build_info',
      labels: {},
      kind: 'gauge',
      values: new Float64Array(SAMPLE_COUNT).fill(1),
    },
  ];
  for (let index = 0; index < sloCount; index++) {
    const stream = String(index);
    const add = (name: string, labels: Readonly<Record<string, string>>, values: Float64Array) =>
      series.push({
        name,
        labels: { stream, ...labels },
        kind: name === 'ingest_watermark_lag_seconds' ? 'gauge' : 'counter',
        values,
      });
    const kind = index % 10;
    if (kind < 4) {
      add('ingest_messages_total', { outcome: 'committed' }, counter(1_000));
      add('ingest_messages_total', { outcome: 'quarantined' }, counter(1));
    } else if (kind < 7) {
      const fast = counter(950);
      const all = fast.map((value) => Math.ceil(value * 1.001));
      add('ingest_commit_duration_seconds_bucket', { le: '0.3' }, fast);
      add('ingest_commit_duration_seconds_bucket', { le: '+Inf' }, all);
      add('ingest_commit_duration_seconds_count', {}, all);
    } else {
      add('ingest_watermark_lag_seconds', {}, gauge(61));
    }
  }
  return series;
}

/** A store that sampled them all, minute by minute. */
export function storeOf(all: readonly HistorySeries[]): MetricStore {
  const store = new MetricStore();
  for (let at = 0; at < SAMPLE_COUNT; at++) {
    const samples = all.map(({ name, labels, kind, values }) => ({
      name,
      labels,
      kind,
      value: values[at]!,
    }));
    const { storedCount } = store.append('bench', START_MS + at * MINUTE_MS, samples);
    if (storedCount !== all.length) throw new Error(`stored ${storedCount} of ${all.length}`);
  }
  return store;
}

/** The same as OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads it. */
export async function writeOpenMetrics(path: string, all: readonly HistorySeries[]): Promise<void> {
  const file = createWriteStream(path);
  for (const { name, labels, values } of all) {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const head = `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''}`;
    let text = '';
    for (const [at, value] of values.entries()) {
      text += `${head} ${value} ${(START_MS + at * MINUTE_MS) / 1_000}\n`;
    }
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end('# EOF\n');
  await once(file, 'finish');
}

/** Numbers from 0 to 1 that are always the same for a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
