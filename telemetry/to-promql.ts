/** A signal as PromQL: one text that Prometheus 2.42, Prometheus 3 and Cloud Monitoring answer alike. */
import { AppError, formatDuration } from '../runtime/index.ts';
import { boundMatcher, counterSeries } from './signal-series.ts';
import type { Matcher, Selector, Signal, SliceSignal } from './signal.ts';

/** Series without a sample for this long are not current. Source: Prometheus, `query.lookback-delta`. */
export const LOOKBACK_MS = 300_000;

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * The query of `signal`, to be asked at an instant.
 * `{ kind: 'rate', counter: { metric: 'a_total', matchers: [] }, by: ['x'], windowMs: 300_000 }` is
 * `sum by (x) (rate(a_total[5m]))`.
 * @throws AppError `invalid_argument` for a name or a window that PromQL cannot say.
 */
export function toPromQL(signal: Signal): string {
  switch (signal.kind) {
    case 'rate':
    case 'increase':
      return grouped('sum', signal.by, over(signal.kind, counterSeries(signal.counter), signal));
    case 'ratio':
      return shareOf(
        grouped('sum', signal.by, over('increase', counterSeries(signal.part), signal)),
        grouped('sum', signal.by, over('increase', counterSeries(signal.whole), signal)),
      );
    case 'mean':
      return `${histogramTotal(signal, '_sum')} / ${histogramTotal(signal, '_count')}`;
    case 'quantile': {
      const buckets = over('rate', suffixed(signal.histogram, '_bucket'), signal);
      return `histogram_quantile(${number(signal.quantile)}, ${grouped('sum', ['le', ...signal.by], buckets)})`;
    }
    case 'countAtOrBelow':
      return histogramTotal(signal, '_bucket', [boundMatcher(signal.bound)]);
    case 'shareAtOrBelow':
      return shareOf(
        histogramTotal(signal, '_bucket', [boundMatcher(signal.bound)]),
        histogramTotal(signal, '_count'),
      );
    case 'max':
      return grouped('max', signal.by, over('max_over_time', signal.gauge, signal));
    case 'last':
      return grouped('max', signal.by, current(signal.gauge, signal.windowMs));
    case 'sum':
      return grouped('sum', signal.by, current(signal.gauge, signal.windowMs));
    case 'goodSlices':
      return `sum_over_time(${slices(signal)})`;
    case 'validSlices':
      break;
  }
  return `count_over_time(${slices(signal)})`;
}

/** A part without series counts as 0 for every group of the whole. */
function shareOf(part: string, whole: string): string {
  return `(${part} or ${whole} * 0) / ${whole}`;
}

function histogramTotal(
  signal: { readonly histogram: Selector; readonly by: readonly string[]; windowMs: number },
  suffix: string,
  matchers: readonly Matcher[] = [],
): string {
  return grouped(
    'sum',
    signal.by,
    over('increase', suffixed(signal.histogram, suffix, matchers), signal),
  );
}

/**
 * Series that live: the instant selector leaves out those marked as ended. A window below its own lookback is said by a
 * range beside it.
 */
function current(gauge: Selector, windowMs: number): string {
  if (windowMs >= LOOKBACK_MS) return selected(gauge);
  return `(${over('last_over_time', gauge, { windowMs })} and ${selected(gauge)})`;
}

/** 1 for a good slice, 0 for a bad one, at the end of each; `count` is never NaN, whatever `presence` holds. */
function slices({ gauge, bound, sliceMs, presence, windowMs }: SliceSignal): string {
  const slice = { windowMs: sliceMs };
  const good = `max(${over('max_over_time', gauge, slice)}) <= bool ${number(bound)}`;
  const verdict = presence
    ? `(${good}) or 0 * count(${over('max_over_time', presence, slice)})`
    : good;
  return `(${verdict})[${duration(windowMs)}:${duration(sliceMs)}]`;
}

function grouped(operator: string, by: readonly string[], vector: string): string {
  for (const label of by) checkLabel(label);
  return by.length === 0
    ? `${operator}(${vector})`
    : `${operator} by (${by.join(', ')}) (${vector})`;
}

function over(fn: string, selector: Selector, { windowMs }: { readonly windowMs: number }): string {
  return `${fn}(${selected(selector)}[${duration(windowMs)}])`;
}

function suffixed(
  { metric, matchers }: Selector,
  suffix: string,
  more: readonly Matcher[] = [],
): Selector {
  return { metric: `${metric}${suffix}`, matchers: [...matchers, ...more] };
}

/** A selector alone: `metric{label="value"}`. @throws AppError `invalid_argument` for a name that PromQL cannot say. */
export function selectorPromQL(selector: Selector): string {
  return selected(selector);
}

function selected({ metric, matchers }: Selector): string {
  if (!METRIC_NAME.test(metric)) {
    throw new AppError(
      'invalid_argument',
      `expected a metric name such as http_requests_total; got ${metric}`,
    );
  }
  const texts = matchers.map(({ label, op, value }) => {
    checkLabel(label);
    return `${label}${op}${quoted(value)}`;
  });
  return texts.length === 0 ? metric : `${metric}{${texts.join(',')}}`;
}

function checkLabel(label: string): void {
  if (LABEL_NAME.test(label)) return;
  throw new AppError('invalid_argument', `expected a label name such as stream; got ${label}`);
}

function duration(durationMs: number): string {
  if (Number.isSafeInteger(durationMs) && durationMs > 0) return formatDuration(durationMs);
  throw new AppError(
    'invalid_argument',
    `expected a window of whole milliseconds above 0, such as 300000; got ${durationMs}`,
  );
}

/** JSON's escapes are Go's too; half a surrogate pair is not text. */
function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

/** Fifteen significant digits: what a decimal survives a float with, so that 0.1 + 0.2 is 0.3. */
function number(value: number): string {
  if (Number.isFinite(value)) return String(Number(value.toPrecision(15)));
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
