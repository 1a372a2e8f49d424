/** Signals read from a store that is complete, at instants that go forward: backtests ask the same questions each minute. */
import type { Answer } from './evaluate.ts';
import { answerTo } from './evaluate.ts';
import { increaseOfSpan } from './evaluate-counter.ts';
import { groupsOf } from './evaluate-groups.ts';
import { sliceCounter } from './evaluate-slices.ts';
import type { Series } from './metric-store-series.ts';
import type { MetricStore } from './metric-store.ts';
import { SeriesWalk } from './series-walk.ts';
import { rangeOf } from './signal-reader-local.ts';
import type { Signal, SignalReader } from './signal.ts';

/** Signals whose way of answering is kept: 20 SLOs of 16 questions and policies beside them, many times over. */
const KEPT_MAX = 10_000;

/**
 * The answers of `localSignalReader` over a store that does not change any more. A question is prepared once; asked again
 * for a later instant it costs what lies between. Signals must not change either: the same object is the same question.
 */
export function replaySignalReader(store: MetricStore): SignalReader {
  const walks = new Map<Series, SeriesWalk>();
  const walkOf = (series: Series) => {
    let walk = walks.get(series);
    if (!walk) walks.set(series, (walk = new SeriesWalk(series)));
    return walk;
  };
  const prepare = (signal: Signal): Answer =>
    answerTo(signal, {
      groups: (selector, by) => groupsOf(store, selector, by),
      increase(series, windowMs, divisor) {
        const walk = walkOf(series);
        const from = walk.edge();
        return (atMs) => {
          from.moveTo(atMs - windowMs);
          const span = walk.spanUpTo(from, atMs);
          return span && increaseOfSpan(span, series, atMs - windowMs, atMs, divisor);
        };
      },
      slices: (slice) => sliceCounter(slice, store),
    });

  const byObject = new WeakMap<Signal, Answer>();
  const byText = new Map<string, Answer>();
  const answerOf = (signal: Signal): Answer => {
    const known = byObject.get(signal);
    if (known) return known;
    const text = JSON.stringify(signal, exactly);
    let answer = byText.get(text);
    if (!answer) {
      answer = prepare(signal);
      if (byText.size >= KEPT_MAX) byText.clear();
      byText.set(text, answer);
    }
    byObject.set(signal, answer);
    return answer;
  };
  const plans = new WeakMap<readonly Signal[], readonly Answer[]>();
  const planOf = (signals: readonly Signal[]): readonly Answer[] => {
    const known = plans.get(signals);
    if (known) return known;
    const plan = signals.map(answerOf);
    plans.set(signals, plan);
    return plan;
  };
  return {
    lookbackMaxMs: store.limits.retentionMs,
    read: async (signals, atMs) => planOf(signals).map((answer) => answer(atMs)),
    readRange: async (signal, instants) => rangeOf(answerOf(signal), instants),
  };
}

/** An infinite bound is no `null`. */
function exactly(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
