/** A signal answered from the local store, with Prometheus 3's semantics: the other interpreter is `toPromQL`. */
import { AppError } from '../runtime/index.ts';
import { increaseOf } from './evaluate-counter.ts';
import { groupKey, groupsOf } from './evaluate-groups.ts';
import type { Groups, Member } from './evaluate-groups.ts';
import { bucketQuantile } from './evaluate-quantile.ts';
import { sliceCounts } from './evaluate-slices.ts';
import type { SliceCounts } from './evaluate-slices.ts';
import { ExactSum } from './evaluate-sum.ts';
import { larger } from './metric-store-chunk.ts';
import type { Series } from './metric-store-series.ts';
import type { MetricStore } from './metric-store.ts';
import { boundValue, counterSeries } from './signal-series.ts';
import type {
  HistogramSignal,
  Labels,
  Selector,
  Signal,
  SignalValue,
  SliceSignal,
} from './signal.ts';
import { LOOKBACK_MS } from './to-promql.ts';

/** A value a group, by the group's number; holes are groups without a result. */
type ByGroup = (number | undefined)[];

/** The answer to one signal at any instant. */
export type Answer = (atMs: number) => readonly SignalValue[];

/** Where the figures come from that a signal is answered with. */
export interface Figures {
  groups(selector: Selector, by: readonly string[]): Groups;
  /** `increaseOf` of the window before an instant. */
  increase(series: Series, windowMs: number, divisor: number): (atMs: number) => number | undefined;
  slices(signal: SliceSignal): (atMs: number) => SliceCounts;
}

/**
 * What Prometheus would answer to `toPromQL(signal)` at `atMs` about the samples of `store`.
 * @throws AppError `invalid_argument` for a window that is not above 0 or a regular expression that is none.
 */
export function evaluate(signal: Signal, store: MetricStore, atMs: number): readonly SignalValue[] {
  const figures: Figures = {
    groups: (selector, by) => groupsOf(store, selector, by),
    increase: (series, windowMs, divisor) => (at) => increaseOf(series, at - windowMs, at, divisor),
    slices: (slice) => (at) => sliceCounts(slice, store, at),
  };
  return answerTo(signal, figures)(atMs);
}

/** Prepares the answer to a signal. @throws AppError `invalid_argument` as `evaluate`. */
export function answerTo(signal: Signal, figures: Figures): Answer {
  checkWindow(signal.windowMs);
  if (isSlices(signal)) return slices(signal, figures);
  const { by, windowMs } = signal;
  const increase = (selector: Selector, divisor = 1, bound?: number) => {
    const { groups, members } = figures.groups(selector, by);
    const chosen = bound === undefined ? members : members.filter(hasBound(bound));
    const rising = chosen.map(({ series, group }) => ({
      group,
      valueAt: figures.increase(series, windowMs, divisor),
    }));
    return (atMs: number): Grouped => ({ groups, values: total(groups.length, rising, atMs) });
  };
  switch (signal.kind) {
    case 'rate':
      return plain(increase(counterSeries(signal.counter), windowMs / 1_000));
    case 'increase':
      return plain(increase(counterSeries(signal.counter)));
    case 'ratio':
      return combined(
        share,
        increase(counterSeries(signal.part)),
        increase(counterSeries(signal.whole)),
      );
    case 'mean':
      return combined(
        quotient,
        increase(partOf(signal.histogram, '_sum')),
        increase(partOf(signal.histogram, '_count')),
      );
    case 'quantile':
      return quantiles(signal, figures);
    case 'countAtOrBelow':
      return plain(increase(partOf(signal.histogram, '_bucket'), 1, signal.bound));
    case 'shareAtOrBelow':
      return combined(
        share,
        increase(partOf(signal.histogram, '_bucket'), 1, signal.bound),
        increase(partOf(signal.histogram, '_count')),
      );
    case 'max':
    case 'last':
    case 'sum':
      break;
  }
  const { kind, gauge } = signal;
  const { groups, members } = figures.groups(gauge, by);
  const currentMs = Math.min(windowMs, LOOKBACK_MS);
  const gauges = members.map(({ series, group }) => ({
    group,
    valueAt: (atMs: number) =>
      kind === 'max'
        ? series.max(atMs - windowMs, atMs)
        : series.newest(atMs - currentMs, atMs)?.value,
  }));
  const reduce = kind === 'sum' ? total : largest;
  return (atMs) => answer({ groups, values: reduce(groups.length, gauges, atMs) });
}

function combined(
  combine: (one: Grouped, other: Grouped) => SignalValue[],
  one: (atMs: number) => Grouped,
  other: (atMs: number) => Grouped,
): Answer {
  return (atMs) => combine(one(atMs), other(atMs));
}

function plain(grouped: (atMs: number) => Grouped): Answer {
  return (atMs) => answer(grouped(atMs));
}

function partOf(histogram: Selector, suffix: string): Selector {
  return { ...histogram, metric: `${histogram.metric}${suffix}` };
}

function isSlices(signal: Signal): signal is SliceSignal {
  return signal.kind === 'goodSlices' || signal.kind === 'validSlices';
}

function slices(signal: SliceSignal, figures: Figures): Answer {
  checkWindow(signal.sliceMs);
  const countsAt = figures.slices(signal);
  return (atMs) => {
    const { goodCount, validCount } = countsAt(atMs);
    if (validCount === 0) return [];
    return [{ labels: {}, value: signal.kind === 'goodSlices' ? goodCount : validCount }];
  };
}

interface Grouped {
  readonly groups: readonly Labels[];
  readonly values: ByGroup;
}

/** A series by the number of its group, and its figure at an instant. */
interface Part {
  readonly group: number;
  readonly valueAt: (atMs: number) => number | undefined;
}

function total(groupCount: number, parts: readonly Part[], atMs: number): ByGroup {
  // One series in one group, as most SLOs have, is no sum.
  if (groupCount === 1 && parts.length === 1) return [parts[0]!.valueAt(atMs)];
  if (groupCount === 1) {
    let only: ExactSum | undefined;
    for (const { valueAt } of parts) {
      const value = valueAt(atMs);
      if (value !== undefined) (only ??= new ExactSum()).add(value);
    }
    return [only?.value];
  }
  const sums: (ExactSum | undefined)[] = Array.from({ length: groupCount });
  for (const { group, valueAt } of parts) {
    const value = valueAt(atMs);
    if (value === undefined) continue;
    const sum = (sums[group] ??= new ExactSum());
    sum.add(value);
  }
  return sums.map((sum) => sum?.value);
}

function largest(groupCount: number, parts: readonly Part[], atMs: number): ByGroup {
  const values: ByGroup = Array.from({ length: groupCount });
  for (const { group, valueAt } of parts) {
    const value = valueAt(atMs);
    if (value === undefined) continue;
    const before = values[group];
    values[group] = before === undefined ? value : larger(before, value);
  }
  return values;
}

function answer({ groups, values }: Grouped): SignalValue[] {
  const found: SignalValue[] = [];
  for (let group = 0; group < groups.length; group++) {
    const value = values[group];
    if (value !== undefined) found.push({ labels: groups[group]!, value });
  }
  return found;
}

/** Groups of both, one divided by the other. */
function quotient(above: Grouped, below: Grouped): SignalValue[] {
  const byKey = new Map(answer(above).map(({ labels, value }) => [groupKey(labels), value]));
  return answer(below).flatMap(({ labels, value }) => {
    const dividend = byKey.get(groupKey(labels));
    return dividend === undefined ? [] : [{ labels, value: dividend / value }];
  });
}

/** Groups of the whole; a part without series is 0. */
function share(part: Grouped, whole: Grouped): SignalValue[] {
  const byKey = new Map(answer(part).map(({ labels, value }) => [groupKey(labels), value]));
  return answer(whole).map(({ labels, value }) => ({
    labels,
    value: (byKey.get(groupKey(labels)) ?? 0) / value,
  }));
}

function quantiles(
  { quantile, windowMs, histogram, by }: Extract<HistogramSignal, { kind: 'quantile' }>,
  figures: Figures,
): Answer {
  const { groups, members } = figures.groups(partOf(histogram, '_bucket'), by);
  const parts = members.flatMap(({ series, group }) => {
    const bound = boundValue(series.labels['le']);
    if (Number.isNaN(bound)) return [];
    return [{ group, bound, valueAt: figures.increase(series, windowMs, windowMs / 1_000) }];
  });
  return (atMs) => {
    const buckets = groups.map(() => new Map<number, ExactSum>());
    for (const { group, bound, valueAt } of parts) {
      const rate = valueAt(atMs);
      if (rate === undefined) continue;
      const byBound = buckets[group]!;
      const sum = byBound.get(bound) ?? new ExactSum();
      sum.add(rate);
      byBound.set(bound, sum);
    }
    return groups.flatMap((labels, index) => {
      const counts = [...buckets[index]!].map(([bound, sum]) => ({ bound, count: sum.value }));
      return counts.length === 0 ? [] : [{ labels, value: bucketQuantile(quantile, counts) }];
    });
  };
}

function hasBound(bound: number): (member: Member) => boolean {
  return ({ series }) => boundValue(series.labels['le']) === bound;
}

function checkWindow(windowMs: number): void {
  if (Number.isSafeInteger(windowMs) && windowMs > 0) return;
  throw new AppError(
    'invalid_argument',
    `expected a window of whole milliseconds above 0, such as 300000; got ${windowMs}`,
  );
}
