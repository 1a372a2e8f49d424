/** A signal answered from the local store, with Prometheus 3's semantics: the other interpreter is `toPromQL`. */
import { AppError } from '../runtime/index.ts';
import { increaseOf } from './evaluate-counter.ts';
import { groupKey, groupsOf } from './evaluate-groups.ts';
import type { Member } from './evaluate-groups.ts';
import { bucketQuantile } from './evaluate-quantile.ts';
import { sliceCounts } from './evaluate-slices.ts';
import { ExactSum } from './evaluate-sum.ts';
import { larger } from './metric-store-chunk.ts';
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

/**
 * What Prometheus would answer to `toPromQL(signal)` at `atMs` about the samples of `store`.
 * @throws AppError `invalid_argument` for a window that is not above 0 or a regular expression that is none.
 */
export function evaluate(signal: Signal, store: MetricStore, atMs: number): readonly SignalValue[] {
  checkWindow(signal.windowMs);
  if (isSlices(signal)) return slices(signal, store, atMs);
  const { by, windowMs } = signal;
  const find = (selector: Selector) => groupsOf(store, selector, by);
  const increase = (selector: Selector, divisor = 1, bound?: number) => {
    const { groups, members } = find(selector);
    const chosen = bound === undefined ? members : members.filter(hasBound(bound));
    const value = ({ series }: Member) => increaseOf(series, atMs - windowMs, atMs, divisor);
    return { groups, values: total(groups.length, chosen, value) };
  };

  switch (signal.kind) {
    case 'rate':
      return answer(increase(counterSeries(signal.counter), windowMs / 1_000));
    case 'increase':
      return answer(increase(counterSeries(signal.counter)));
    case 'ratio':
      return share(increase(counterSeries(signal.part)), increase(counterSeries(signal.whole)));
    case 'mean':
      return quotient(
        increase(partOf(signal.histogram, '_sum')),
        increase(partOf(signal.histogram, '_count')),
      );
    case 'quantile':
      return quantiles(signal, find(partOf(signal.histogram, '_bucket')), atMs);
    case 'countAtOrBelow':
      return answer(increase(partOf(signal.histogram, '_bucket'), 1, signal.bound));
    case 'shareAtOrBelow':
      return share(
        increase(partOf(signal.histogram, '_bucket'), 1, signal.bound),
        increase(partOf(signal.histogram, '_count')),
      );
    case 'max':
    case 'last':
    case 'sum':
      break;
  }
  const { kind, gauge } = signal;
  const { groups, members } = find(gauge);
  const currentFromMs = atMs - Math.min(windowMs, LOOKBACK_MS);
  const value = ({ series }: Member) =>
    kind === 'max' ? series.max(atMs - windowMs, atMs) : series.newest(currentFromMs, atMs)?.value;
  const reduce = kind === 'sum' ? total : largest;
  return answer({ groups, values: reduce(groups.length, members, value) });
}

function partOf(histogram: Selector, suffix: string): Selector {
  return { ...histogram, metric: `${histogram.metric}${suffix}` };
}

function isSlices(signal: Signal): signal is SliceSignal {
  return signal.kind === 'goodSlices' || signal.kind === 'validSlices';
}

function slices(signal: SliceSignal, store: MetricStore, atMs: number): SignalValue[] {
  checkWindow(signal.sliceMs);
  const { goodCount, validCount } = sliceCounts(signal, store, atMs);
  if (validCount === 0) return [];
  return [{ labels: {}, value: signal.kind === 'goodSlices' ? goodCount : validCount }];
}

interface Grouped {
  readonly groups: readonly Labels[];
  readonly values: ByGroup;
}

type ValueOf = (member: Member) => number | undefined;

function total(groupCount: number, members: readonly Member[], valueOf: ValueOf): ByGroup {
  const sums: (ExactSum | undefined)[] = Array.from({ length: groupCount });
  for (const member of members) {
    const value = valueOf(member);
    if (value === undefined) continue;
    const sum = (sums[member.group] ??= new ExactSum());
    sum.add(value);
  }
  return sums.map((sum) => sum?.value);
}

function largest(groupCount: number, members: readonly Member[], valueOf: ValueOf): ByGroup {
  const values: ByGroup = Array.from({ length: groupCount });
  for (const member of members) {
    const value = valueOf(member);
    if (value === undefined) continue;
    const before = values[member.group];
    values[member.group] = before === undefined ? value : larger(before, value);
  }
  return values;
}

function answer({ groups, values }: Grouped): SignalValue[] {
  return groups.flatMap((labels, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ labels, value }];
  });
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
  { quantile, windowMs }: Extract<HistogramSignal, { kind: 'quantile' }>,
  { groups, members }: { groups: readonly Labels[]; members: readonly Member[] },
  atMs: number,
): SignalValue[] {
  const buckets = groups.map(() => new Map<number, ExactSum>());
  for (const { series, group } of members) {
    const bound = boundValue(series.labels['le']);
    if (Number.isNaN(bound)) continue;
    const rate = increaseOf(series, atMs - windowMs, atMs, windowMs / 1_000);
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
