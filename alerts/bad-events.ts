/** Which observations are the bad events of a condition: failed ones, slow ones, late ones. What an example is looked for among. */
import { acceptsLabel, CANARY_STREAM, metricSpec } from '../telemetry/index.ts';
import type { Labels, Matcher, NotedExemplar, Selector, Signal } from '../telemetry/index.ts';
import type { CountSignals } from '../slo/index.ts';
import type { Condition } from './condition.ts';

/** Observations of a histogram's series that a selector means and another does not, strictly above a bound. */
export interface BadEvents {
  readonly selector: Selector;
  readonly except?: Selector;
  readonly above: number;
  readonly windowMs: number;
}

/** The stream that a subscription belongs to. */
export type StreamOf = (subscription: string) => string | undefined;

/** How long rows took to be readable: the events behind gauges that say how far behind a stream is. */
const FRESHNESS = 'ingest_freshness_seconds';

/**
 * `labels` are those of the incident's group. `undefined` where a condition counts nothing that is observed one by one: missing
 * data, refused messages, what does not answer.
 */
export function badEventsOf(
  condition: Condition,
  labels: Labels,
  streamOf: StreamOf,
): BadEvents | undefined {
  switch (condition.kind) {
    case 'burn':
      return ofCounts(condition.long, labels, streamOf);
    case 'threshold':
      return condition.comparison === 'above'
        ? ofSignal(condition.signal, condition.bound, labels, streamOf)
        : undefined;
    case 'absent':
      break;
  }
  return undefined;
}

export function isBadEvent(
  { selector, except, above }: BadEvents,
  { labels, value }: Pick<NotedExemplar, 'labels' | 'value'>,
): boolean {
  return value > above && isMeant(selector, labels) && !(except && isMeant(except, labels));
}

function ofCounts(
  { part, counted, valid }: CountSignals,
  labels: Labels,
  streamOf: StreamOf,
): BadEvents | undefined {
  const { windowMs } = valid;
  if (counted.kind === 'goodSlices') {
    return lateEvents(counted.gauge, counted.bound, windowMs, labels, streamOf);
  }
  if (counted.kind === 'countAtOrBelow') {
    return observed({ selector: counted.histogram, above: counted.bound, windowMs }, labels);
  }
  if (counted.kind !== 'increase' || valid.kind !== 'increase') return undefined;
  return part === 'bad'
    ? observed({ selector: counted.counter, above: -Infinity, windowMs }, labels)
    : observed(
        { selector: valid.counter, except: counted.counter, above: -Infinity, windowMs },
        labels,
      );
}

function ofSignal(
  signal: Signal,
  bound: number,
  labels: Labels,
  streamOf: StreamOf,
): BadEvents | undefined {
  const { windowMs } = signal;
  switch (signal.kind) {
    case 'mean':
    case 'quantile':
      return observed({ selector: signal.histogram, above: bound, windowMs }, labels);
    case 'ratio':
      return observed({ selector: signal.part, above: -Infinity, windowMs }, labels);
    case 'increase':
    case 'rate':
      return observed({ selector: signal.counter, above: -Infinity, windowMs }, labels);
    case 'last':
    case 'max':
      return lateEvents(signal.gauge, bound, windowMs, labels, streamOf);
    case 'countAtOrBelow':
    case 'goodSlices':
    case 'shareAtOrBelow':
    case 'sum':
    case 'validSlices':
      break;
  }
  return undefined;
}

/** Rows of the stream that took longer than the gauge may say; while nothing is committed there are none. */
function lateEvents(
  { metric, matchers }: Selector,
  bound: number,
  windowMs: number,
  labels: Labels,
  streamOf: StreamOf,
): BadEvents | undefined {
  const valueOf = (name: string) =>
    labels[name] ?? matchers.find(({ label, op }) => label === name && op === '=')?.value;
  const subscription = valueOf('subscription_id');
  const stream =
    metric === 'canary_age_seconds'
      ? CANARY_STREAM
      : (valueOf('stream') ?? (subscription === undefined ? undefined : streamOf(subscription)));
  if (stream === undefined || metricSpec(metric)?.unit !== 's') return undefined;
  const selector = { metric: FRESHNESS, matchers: [equals('stream', stream)] };
  return { selector, above: bound, windowMs };
}

/** Of histograms alone: counters note no single event. */
function observed(bad: BadEvents, labels: Labels): BadEvents | undefined {
  const { metric, matchers } = bad.selector;
  const spec = metricSpec(metric);
  if (spec?.kind !== 'histogram') return undefined;
  const own = Object.entries(labels)
    .filter(([label]) => label in spec.labels)
    .map(([label, value]) => equals(label, value));
  return { ...bad, selector: { metric, matchers: [...matchers, ...own] } };
}

function equals(label: string, value: string): Matcher {
  return { label, op: '=', value };
}

function isMeant({ matchers }: Selector, labels: Labels): boolean {
  return matchers.every((matcher) => acceptsLabel(matcher, labels[matcher.label] ?? ''));
}
