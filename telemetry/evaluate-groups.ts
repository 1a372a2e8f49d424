/** The series that a selector means and the group of each; found once for as long as the store's series stay the same. */
import { AppError } from '../runtime/index.ts';
import type { Series } from './metric-store-series.ts';
import type { MetricStore } from './metric-store.ts';
import type { Labels, Matcher, Selector } from './signal.ts';
import { StoreMemory } from './store-memory.ts';

export interface Member {
  readonly series: Series;
  /** Index in `groups`. */
  readonly group: number;
}

export interface Groups {
  readonly groups: readonly Labels[];
  readonly members: readonly Member[];
}

/** Selections remembered for a store: 100 SLOs of two selectors, and those of alerts and panels; the oldest go first. */
const REMEMBERED_MAX = 1_000;

interface Remembered extends Groups {
  readonly version: number;
}

const MEMORY = new StoreMemory<Remembered>(REMEMBERED_MAX);

/** @throws AppError `invalid_argument` for a regular expression that is none. */
export function groupsOf(store: MetricStore, selector: Selector, by: readonly string[]): Groups {
  const key = JSON.stringify([selector.metric, by, selector.matchers.map(matcherKey)]);
  const known = MEMORY.get(store, key);
  if (known?.version === store.seriesVersion) return known;
  const found = { ...grouped(selectSeries(store, selector), by), version: store.seriesVersion };
  MEMORY.set(store, key, found);
  return found;
}

/** Series of the metric that all matchers accept; a label that a series lacks is the empty text. */
export function selectSeries(store: MetricStore, { metric, matchers }: Selector): Series[] {
  const tests = matchers.map((matcher) => ({ label: matcher.label, accepts: testOf(matcher) }));
  return store
    .named(metric)
    .filter(({ labels }) => tests.every(({ label, accepts }) => accepts(labels[label] ?? '')));
}

function grouped(selected: readonly Series[], by: readonly string[]): Groups {
  const groups: Labels[] = [];
  const indexes = new Map<string, number>();
  const members = selected.map((series) => {
    const labels: Record<string, string> = {};
    for (const label of by) if (series.labels[label]) labels[label] = series.labels[label];
    const key = groupKey(labels);
    let group = indexes.get(key);
    if (group === undefined) {
      group = groups.push(labels) - 1;
      indexes.set(key, group);
    }
    return { series, group };
  });
  return { groups, members };
}

/** One text a group: its labels stand in the order of the grouping. */
export function groupKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels));
}

function matcherKey({ label, op, value }: Matcher): readonly string[] {
  return [label, op, value];
}

/** Whether a matcher accepts a label's value; a label that is not there is the empty text. */
export function acceptsLabel(matcher: Matcher, value: string): boolean {
  return testOf(matcher)(value);
}

function testOf({ op, value }: Matcher): (text: string) => boolean {
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const regex = regexOf(value);
  return (text) => regex.test(text) === (op === '=~');
}

/** What RE2, which Prometheus uses, refuses, and JavaScript would take. */
const NOT_RE2 = /\(\?(?:=|!|<=|<!)|\\[1-9]|\\k</;

/** Whether `evaluate` takes `text` as the value of a matcher by regular expression. */
export function isPattern(text: string): boolean {
  try {
    return regexOf(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** Anchored at both ends; the dot takes any character, as in Prometheus 3 (in 2 any but a line's end, unless `(?s)` says so). */
function regexOf(text: string): RegExp {
  const [flags = ''] = /^\(\?[is]+\)/.exec(text) ?? [];
  const body = text.slice(flags.length);
  if (!NOT_RE2.test(body)) {
    try {
      return new RegExp(
        `^(?:${body.replaceAll('(?P<', '(?<')})$`,
        flags.includes('i') ? 'siu' : 'su',
      );
    } catch {
      // Told below, with what it should have been.
    }
  }
  throw new AppError(
    'invalid_argument',
    `expected a regular expression in RE2's syntax, such as 5.. or a|b; got ${text}`,
  );
}
