/** What export to and import from OpenSLO v1 share: the names of our annotations, durations, and metrics as Prometheus has them. */
import { metricSpec } from '../telemetry/index.ts';
import type { Matcher, Selector } from '../telemetry/index.ts';
import { formatSelector, parseSelector } from './selector.ts';

export const OPENSLO_VERSION = 'openslo/v1';

/** Annotations for what OpenSLO has no place for. */
export const ANNOTATION = {
  title: 'highwater/title',
  owner: 'highwater/owner',
  userImpact: 'highwater/user-impact',
  playbook: 'highwater/playbook',
  minEvents: 'highwater/low-traffic-min-events',
  minBadEvents: 'highwater/low-traffic-min-bad-events',
  noData: 'highwater/no-data',
  presence: 'highwater/presence',
  tier: 'highwater/tier',
  budget: 'highwater/budget-share-percent',
  shortWindow: 'highwater/short-window',
} as const;

const UNITS_MS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000 } as const;

/** One number and one unit, as OpenSLO wants them: 5,400,000 is `90m`. Whole minutes only; it has no seconds. */
export function openSloDuration(durationMs: number): string {
  const unit = (['d', 'h', 'm'] as const).find((each) => durationMs % UNITS_MS[each] === 0) ?? 'm';
  return `${durationMs / UNITS_MS[unit]}${unit}`;
}

/** Milliseconds of an OpenSLO duration; months, quarters and years have no fixed length and are `undefined`. */
export function parseOpenSloDuration(text: unknown): number | undefined {
  const [, amount, unit] = /^(\d{1,9})([mhdw])$/.exec(typeof text === 'string' ? text : '') ?? [];
  return amount === undefined
    ? undefined
    : Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** The counter's query: of a histogram, its number of observations. */
export function counterQuery(selector: Selector): string {
  const isHistogram = metricSpec(selector.metric)?.kind === 'histogram';
  return formatSelector(
    isHistogram ? { ...selector, metric: `${selector.metric}_count` } : selector,
  );
}

/** The query of a histogram's observations at or below a bound. */
export function bucketQuery(selector: Selector, bound: number): string {
  const le: Matcher = { label: 'le', op: '=', value: String(bound) };
  const { metric, matchers } = selector;
  return formatSelector({ metric: `${metric}_bucket`, matchers: [...matchers, le] });
}

/** A query read back. */
export type ReadQuery =
  | { readonly kind: 'counter' | 'gauge'; readonly selector: Selector }
  | { readonly kind: 'bucket'; readonly selector: Selector; readonly bound: number };

/** The query of a counter, bucket or gauge, alone or as the usual `sum(rate(…[5m]))`; `undefined` where it is another. */
export function readQuery(query: unknown): ReadQuery | undefined {
  if (typeof query !== 'string') return undefined;
  const bare = query
    .trim()
    .replace(/^sum\s*\(\s*(?:rate|increase)\s*\((.*)\[[0-9a-z]+\]\s*\)\s*\)$/s, '$1')
    .replace(/^max\s*\((.*)\)$/s, '$1');
  const selector = parseSelector(bare.trim());
  if (!selector) return undefined;
  const [, base, part] = /^(.+)_(bucket|count)$/.exec(selector.metric) ?? [];
  if (base !== undefined && metricSpec(base)?.kind === 'histogram') {
    if (part === 'count') return { kind: 'counter', selector: { ...selector, metric: base } };
    const le = selector.matchers.find(({ label, op }) => label === 'le' && op === '=');
    const matchers = selector.matchers.filter((each) => each !== le);
    if (!le || !Number.isFinite(Number(le.value))) return undefined;
    return { kind: 'bucket', selector: { metric: base, matchers }, bound: Number(le.value) };
  }
  return { kind: metricSpec(selector.metric)?.kind === 'gauge' ? 'gauge' : 'counter', selector };
}
