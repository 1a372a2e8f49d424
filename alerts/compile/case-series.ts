/** Series that make a condition hold, nearly hold, or not hold, sample by sample. */
import type { CountSignals } from '../../slo/index.ts';
import { metricSpec } from '../../telemetry/index.ts';
import type { Labels, Selector, Signal } from '../../telemetry/index.ts';
import type { Condition } from '../condition.ts';
import { exampleLabels, takes } from './example-labels.ts';

/** `undefined` is no sample; `stale` the marker of an end. */
export type CaseSample = number | undefined | 'stale';

export interface CaseSeries {
  readonly name: string;
  readonly labels: Labels;
  /** The first at the instant 0, then one each sample interval. */
  readonly samples: readonly CaseSample[];
}

/**
 * What happens in one sample interval. `bad` is beyond the bound and `edge` just within; `faint` is as bad as it can be with less
 * traffic than the guard wants; `idle` is a counter that stands; `none` no sample.
 */
export type Level = 'bad' | 'edge' | 'faint' | 'good' | 'idle' | 'none';

export interface Course {
  readonly levels: readonly Level[];
  readonly sampleMs: number;
  /** Values of the labels by which the condition groups. */
  readonly group?: Labels;
  /** At this sample every counter begins again at 0. */
  readonly resetAt?: number;
}

const EDGE_RATIO = 0.98;

export function caseSeries(condition: Condition, course: Course): readonly CaseSeries[] {
  switch (condition.kind) {
    case 'absent':
      return presentSeries(condition.signal, course);
    case 'burn':
      return burnSeries(condition, course);
    case 'threshold':
      break;
  }
  return thresholdSeries(condition, course);
}

/** The series that are to be missing. */
function presentSeries(signal: Signal, course: Course): readonly CaseSeries[] {
  switch (signal.kind) {
    case 'max':
    case 'last':
    case 'sum':
    case 'goodSlices':
    case 'validSlices':
      return [gauge(signal.gauge, course, () => 1)];
    case 'rate':
    case 'increase':
      return counters(course, [{ selector: signal.counter, rise: () => 1 }]);
    case 'ratio':
      return counters(course, [{ selector: signal.whole, rise: () => 1 }]);
    case 'mean':
    case 'quantile':
    case 'countAtOrBelow':
    case 'shareAtOrBelow':
      break;
  }
  const { histogram } = signal;
  return counters(course, [
    { selector: part(histogram, '_sum'), rise: () => 1 },
    { selector: part(histogram, '_count'), rise: () => 1 },
  ]);
}

type Threshold = Extract<Condition, { kind: 'threshold' }>;
type Burn = Extract<Condition, { kind: 'burn' }>;

function thresholdSeries(condition: Threshold, course: Course): readonly CaseSeries[] {
  const { signal, bound, comparison, guards } = condition;
  const windowSamples = signal.windowMs / course.sampleMs;
  switch (signal.kind) {
    case 'mean': {
      const least = guards[0]?.countMin ?? 1;
      const events = (level: Level) => eventsAt(level, (2 * least) / windowSamples);
      const value = (level: Level) =>
        bound * (isBad(level) ? 1.5 : level === 'edge' ? EDGE_RATIO : 0.2);
      return counters(course, [
        {
          selector: part(signal.histogram, '_sum'),
          rise: (level) => events(level) * value(level),
        },
        { selector: part(signal.histogram, '_count'), rise: events },
      ]);
    }
    case 'ratio': {
      const [whole, bad] = guards.map(({ countMin }) => countMin);
      const badRatio = Math.min(1, 3 * bound);
      const events = (2 * Math.max(whole ?? 1, (bad ?? 1) / badRatio)) / windowSamples;
      return shareSeries(course, signal.part, signal.whole, (level) => {
        const ratio =
          level === 'faint'
            ? 1
            : isBad(level)
              ? badRatio
              : level === 'edge'
                ? bound * EDGE_RATIO
                : 0;
        const total =
          level === 'faint' ? (whole ?? 1) / 2 / windowSamples : eventsAt(level, events);
        return { counted: total * ratio, total };
      });
    }
    case 'rate':
    case 'increase': {
      const perWindow = signal.kind === 'rate' ? (bound * signal.windowMs) / 1_000 : bound;
      const wanted = risesOf(comparison, perWindow);
      return counters(course, [
        {
          selector: signal.counter,
          rise: (level) => (level === 'idle' ? 0 : wanted(level) / windowSamples),
        },
      ]);
    }
    case 'max':
    case 'last':
    case 'sum':
      return [gauge(signal.gauge, course, (level) => gaugeValue(comparison, bound, level))];
    case 'quantile':
    case 'countAtOrBelow':
    case 'shareAtOrBelow':
    case 'goodSlices':
    case 'validSlices':
      break;
  }
  return [];
}

/** How much a counter rises in a window; above nothing, one event is already bad. */
function risesOf(comparison: 'above' | 'below', bound: number): (level: Level) => number {
  if (comparison === 'above') {
    return (level) => (isBad(level) ? 2 * bound + 10 : level === 'edge' ? bound * EDGE_RATIO : 0);
  }
  return (level) => (isBad(level) ? 0 : level === 'edge' ? bound * 1.1 : bound * 5);
}

function gaugeValue(comparison: 'above' | 'below', bound: number, level: Level): number {
  if (level === 'edge') return bound;
  if (comparison === 'above') return isBad(level) ? 2 * bound + 1 : bound / 4;
  return isBad(level) ? bound - 1 : bound;
}

function burnSeries(
  { long, short, thresholdRatio, guard }: Burn,
  course: Course,
): readonly CaseSeries[] {
  const threshold = thresholdRatio.value;
  const badRatio = badRatioOf({ long, short, thresholdRatio, guard });
  const { counted, valid } = long;
  if (counted.kind === 'goodSlices') {
    let sliceCount = 0;
    let badCount = 0;
    const series = gauge(counted.gauge, course, () => 0);
    // Every second sample, so that none lies on the edge of a slice: Prometheus 2 counts it to both.
    const samples = samplesOf(course, (level, index) => {
      if (index % 2 === 0) return undefined;
      sliceCount++;
      const ratio = isBad(level) ? badRatio : level === 'edge' ? threshold * EDGE_RATIO : 0;
      const isOver = Math.floor(sliceCount * ratio) > badCount;
      if (isOver) badCount++;
      return isOver ? 2 * counted.bound + 1 : counted.bound / 4;
    });
    return [{ ...series, samples }];
  }
  const shortSamples = short.valid.windowMs / course.sampleMs;
  const events =
    (2 * Math.max(guard.validCountMin, guard.badCountMin / badRatio, 10)) / shortSamples;
  const longSamples = long.valid.windowMs / course.sampleMs;
  const amounts = (level: Level) => {
    const ratio =
      level === 'faint'
        ? 1
        : isBad(level)
          ? badRatio
          : level === 'edge'
            ? threshold * EDGE_RATIO
            : 0;
    const faint = (guard.badCountMin * 0.5) / longSamples;
    const total = level === 'faint' ? faint : eventsAt(level, events);
    return { counted: total * (long.part === 'bad' ? ratio : 1 - ratio), total };
  };
  const whole = counterOf(valid);
  if (counted.kind === 'countAtOrBelow') {
    const bucket = part(counted.histogram, '_bucket');
    return counters(course, [
      {
        selector: bucket,
        rise: (level) => amounts(level).counted,
        labels: { le: String(counted.bound) },
      },
      { selector: countSelector(whole), rise: (level) => amounts(level).total },
    ]);
  }
  return shareSeries(course, counterOf(counted), whole, amounts);
}

/** Error ratio of the level `bad`: twice the threshold, or as much as the guard wants within the short window. */
export function badRatioOf({ long, short, thresholdRatio, guard }: Omit<Burn, 'kind'>): number {
  const isSlices = long.counted.kind === 'goodSlices';
  const slicesOfShort = isSlices ? short.valid.windowMs / long.counted.sliceMs : Infinity;
  return Math.min(1, Math.max(2 * thresholdRatio.value, (2 * guard.badCountMin) / slicesOfShort));
}

/** A part of a whole: where the whole takes the part's series too, the rest is a series of its own. */
function shareSeries(
  course: Course,
  partSelector: Selector,
  whole: Selector,
  amounts: (level: Level) => { counted: number; total: number },
): readonly CaseSeries[] {
  const partLabels = exampleLabels(partSelector, course.group);
  const isWithin = takes(whole, partSelector.metric, partLabels);
  const rest = otherLabels(partSelector, whole, course.group);
  return counters(course, [
    { selector: countSelector(partSelector), rise: (level) => amounts(level).counted },
    {
      selector: countSelector(whole),
      labels: rest,
      rise: (level) => {
        const { counted, total } = amounts(level);
        return isWithin ? total - counted : total;
      },
    },
  ]);
}

/** Labels that the whole takes and the part does not. */
function otherLabels(partSelector: Selector, whole: Selector, group: Labels = {}): Labels {
  const own = exampleLabels(whole, group);
  if (!takes(partSelector, whole.metric, own)) return own;
  const spec = metricSpec(whole.metric);
  for (const { label } of partSelector.matchers) {
    const values = [...(spec?.labels[label]?.values ?? []), '200', 'other', ''];
    for (const value of values) {
      const labels = { ...own, [label]: value };
      if (takes(whole, whole.metric, labels) && !takes(partSelector, whole.metric, labels)) {
        return labels;
      }
    }
  }
  return own;
}

interface CounterPart {
  readonly selector: Selector;
  readonly rise: (level: Level) => number;
  readonly labels?: Labels;
}

function counters(course: Course, parts: readonly CounterPart[]): readonly CaseSeries[] {
  return parts.map(({ selector, rise, labels }) => {
    let value = 0;
    const named = countSelector(selector);
    return {
      name: named.metric,
      labels: { ...exampleLabels(selector, course.group), ...labels },
      samples: samplesOf(course, (level, index) => {
        if (index === course.resetAt) value = 0;
        // The first sample of a counter is where it begins.
        else if (index > 0) value = tidy(value + rise(level));
        return value;
      }),
    };
  });
}

function gauge(selector: Selector, course: Course, value: (level: Level) => number): CaseSeries {
  return {
    name: selector.metric,
    labels: exampleLabels(selector, course.group),
    samples: samplesOf(course, (level) => value(level)),
  };
}

function samplesOf(
  { levels }: Course,
  value: (level: Level, index: number) => CaseSample,
): readonly CaseSample[] {
  return levels.map((level, index) => {
    if (level !== 'none') return value(level, index);
    return index > 0 && levels[index - 1] !== 'none' ? 'stale' : undefined;
  });
}

function counterOf(signal: CountSignals['valid']): Selector {
  return 'counter' in signal ? signal.counter : { metric: '', matchers: [] };
}

/** A histogram that is counted is counted by its `_count`. */
function countSelector(selector: Selector): Selector {
  return metricSpec(selector.metric)?.kind === 'histogram' ? part(selector, '_count') : selector;
}

function part({ metric, matchers }: Selector, suffix: string): Selector {
  return { metric: `${metric}${suffix}`, matchers };
}

function eventsAt(level: Level, events: number): number {
  return level === 'idle' || level === 'none' ? 0 : level === 'faint' ? events / 8 : events;
}

function isBad(level: Level): boolean {
  return level === 'bad' || level === 'faint';
}

/** Texts of samples stay short. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
