/** A history from counts: each SLO of the file as two counters, which the same signals ask as they would ask a service's. */
import { AppError, formatDuration } from '../../runtime/index.ts';
import type { Slo } from '../../slo/index.ts';
import { MetricStore } from '../../telemetry/index.ts';
import type { Series } from '../../telemetry/index.ts';
import type { CountRow } from './counts-file.ts';
import type { History } from './history.ts';
import { STEPS_MAX } from './history.ts';

const BAD = 'backtest_bad_events_total';
const VALID = 'backtest_valid_events_total';

/**
 * A row counts at the end of its interval; the interval is the smallest distance of two rows. Where a row is missing the series
 * end, as those of a service that was not scraped.
 * @throws AppError `invalid_argument` for an SLO that is not defined, a row that stands twice, or too long a time
 */
export function historyOfCounts(
  rows: readonly CountRow[],
  slos: readonly Slo[],
  source: string,
): History {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.slo, row.labels]));
  const known = new Map(slos.map((slo) => [slo.name, slo]));
  const counted = [...new Set(rows.map(({ slo }) => slo))];
  const unknown = counted.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new AppError(
      'invalid_argument',
      `${source}: expected names of SLOs, ${[...known.keys()].join(', ')}; got ${unknown.join(', ')}`,
    );
  }
  const sorted = [...groups.values()].map((group) => group.toSorted((a, b) => a.atMs - b.atMs));
  const stepMs = stepOf(sorted, source);
  const store = new MetricStore();
  for (const group of sorted) fill(store, group, stepMs, source);
  const fromMs = Math.min(...sorted.map((group) => group[0]!.atMs)) + stepMs;
  const toMs = store.newestAtMs;
  if ((toMs - fromMs) / stepMs > STEPS_MAX) {
    throw new AppError(
      'invalid_argument',
      `${source}: expected at most ${STEPS_MAX} intervals of ${formatDuration(stepMs)}`,
    );
  }
  const chosen = counted.flatMap((name) => known.get(name) ?? []).map(asCounted);
  return {
    source,
    store,
    fromMs,
    toMs,
    stepMs,
    slos: chosen,
    notes: notesOf(chosen, slos, stepMs),
  };
}

/** The SLO with the counters of the file in place of its own indicator; objective, window, tiers and guard stay. */
function asCounted(slo: Slo): Slo {
  const matchers = [{ label: 'slo', op: '=', value: slo.name }] as const;
  return {
    ...slo,
    indicator: {
      kind: 'ratio',
      part: 'bad',
      counted: { metric: BAD, matchers },
      valid: { metric: VALID, matchers },
    },
  };
}

function stepOf(sorted: readonly (readonly CountRow[])[], source: string): number {
  let stepMs = Infinity;
  for (const group of sorted) {
    for (let at = 1; at < group.length; at++) {
      const distanceMs = group[at]!.atMs - group[at - 1]!.atMs;
      if (distanceMs === 0) {
        const time = new Date(group[at]!.atMs).toISOString();
        throw new AppError(
          'invalid_argument',
          `${source}: expected one row of ${group[at]!.slo} at ${time} with the same labels; got two`,
        );
      }
      stepMs = Math.min(stepMs, distanceMs);
    }
  }
  if (Number.isFinite(stepMs)) return stepMs;
  throw new AppError(
    'invalid_argument',
    `${source}: expected at least two rows of an SLO; got one`,
  );
}

function fill(
  store: MetricStore,
  group: readonly CountRow[],
  stepMs: number,
  source: string,
): void {
  const { slo, labels } = group[0]!;
  const open = (metric: string): Series => {
    const series = store.openSeries(metric, { ...labels, slo }, 'counter');
    if (series) return series;
    throw new AppError(
      'limit_exceeded',
      `${source}: expected at most ${store.limits.seriesMax / 2} combinations of labels`,
    );
  };
  const [bad, valid] = [open(BAD), open(VALID)];
  let [badSum, validSum] = [0, 0];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const row of group) {
    if (row.atMs !== endMs) {
      if (Number.isFinite(endMs) && endMs + stepMs < row.atMs) {
        for (const series of [bad, valid]) store.replay(series, endMs + stepMs, 'end');
      }
      put(store, bad, row.atMs, badSum);
      put(store, valid, row.atMs, validSum);
    }
    badSum += row.badCount;
    validSum += row.validCount;
    endMs = row.atMs + stepMs;
    put(store, bad, endMs, badSum);
    put(store, valid, endMs, validSum);
  }
}

function put(store: MetricStore, series: Series, atMs: number, value: number): void {
  store.replay(series, atMs, value);
}

function notesOf(chosen: readonly Slo[], all: readonly Slo[], stepMs: number): string[] {
  const notes = ['Counts hold SLOs alone: policies on latency, errors and backlog are left out.'];
  const names = new Set(chosen.map(({ name }) => name));
  const missing = all.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (missing.length > 0) notes.push(`Not in the file, and left out: ${missing.join(', ')}.`);
  const blind = chosen.flatMap(({ name, tiers }) =>
    tiers
      .filter((tier) => tier.shortWindowMs < 2 * stepMs)
      .map((tier) => `${name} ${tier.name} (${formatDuration(tier.shortWindowMs)})`),
  );
  if (blind.length > 0) {
    notes.push(
      `Counts by ${formatDuration(stepMs)} are too coarse for the short window of ${blind.join(', ')}: never fires here.`,
    );
  }
  return notes;
}
