/** Signals read from the local metric store. */
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../runtime/index.ts';
import { evaluate } from './evaluate.ts';
import type { MetricStore } from './metric-store.ts';
import type { Instants, SignalPoint, SignalRange, SignalReader, SignalValue } from './signal.ts';

/** Points of a range answer. Source: Prometheus refuses more for a series. */
export const RANGE_POINTS_MAX = 11_000;

/** Instants that are answered before others get their turn: some milliseconds where a signal has hundreds of series. */
const INSTANTS_AT_ONCE = 16;

/**
 * Reads are synchronous within, so that all answers of a call are of one moment. A range is answered a few instants at a time: a
 * picture of days must not hold up requests.
 */
export function localSignalReader(store: MetricStore): SignalReader {
  return {
    lookbackMaxMs: store.limits.retentionMs,
    read: async (signals, atMs) => signals.map((signal) => evaluate(signal, store, atMs)),
    async readRange(signal, instants) {
      const answers = new Map<number, readonly SignalValue[]>();
      for (const [index, atMs] of instantsOf(instants).entries()) {
        if (index % INSTANTS_AT_ONCE === INSTANTS_AT_ONCE - 1) await setImmediate();
        answers.set(atMs, evaluate(signal, store, atMs));
      }
      return rangeOf((atMs) => answers.get(atMs) ?? [], instants);
    },
  };
}

/** The answers at all instants, by their labels. @throws AppError `invalid_argument` as `instantsOf`. */
export function rangeOf(
  answer: (atMs: number) => readonly SignalValue[],
  instants: Instants,
): SignalRange[] {
  const ranges = new Map<string, { labels: SignalRange['labels']; points: SignalPoint[] }>();
  for (const atMs of instantsOf(instants)) {
    for (const { labels, value } of answer(atMs)) {
      const key = JSON.stringify(labels);
      let range = ranges.get(key);
      if (!range) ranges.set(key, (range = { labels, points: [] }));
      range.points.push({ atMs, value });
    }
  }
  return [...ranges.values()];
}

/**
 * All instants, both ends included.
 * @throws AppError `invalid_argument` for a step that is not above 0, or more than 11,000 instants.
 */
export function instantsOf({ fromMs, toMs, stepMs }: Instants): readonly number[] {
  if (!(stepMs > 0)) {
    throw new AppError(
      'invalid_argument',
      `expected a step above 0 ms, such as 60000; got ${stepMs}`,
    );
  }
  const count = Math.floor((toMs - fromMs) / stepMs) + 1;
  if (count > RANGE_POINTS_MAX) {
    throw new AppError(
      'invalid_argument',
      `expected at most ${RANGE_POINTS_MAX} instants; got ${count}. A step of ${Math.ceil((toMs - fromMs) / (RANGE_POINTS_MAX - 1))} ms would do.`,
    );
  }
  return Array.from({ length: Math.max(0, count) }, (_, index) => fromMs + index * stepMs);
}
