/** A replay answers as the local reader does: on generated series of every shape, forward, back and over ranges. */
import test from 'ava';
import { localSignalReader, MetricStore, replaySignalReader } from '../../telemetry/index.ts';
import type { Signal } from '../../telemetry/index.ts';
import { FROM_MS, generateWorld, storeOf } from './generated-series.ts';

const MINUTE_MS = 60_000;
const WORLDS = 24;
/** Minutes of three hours of samples, and some after their end. */
const STEPS = 190;

test('at each minute of generated histories the answers are those of the local reader', async (t) => {
  for (let index = 0; index < WORLDS; index++) {
    const { series, signals } = generateWorld(index, 5, { isOffBoundary: index % 2 === 0 });
    const store = storeOf(series);
    const local = localSignalReader(store);
    const replay = replaySignalReader(store);
    // Worlds of every stride: by the minute, and by up to twenty.
    for (let step = 0; step < STEPS; step += 1 + (index % 20)) {
      const atMs = FROM_MS + step * MINUTE_MS;
      t.deepEqual(
        await replay.read(signals, atMs),
        await local.read(signals, atMs),
        `world ${index}, minute ${step}`,
      );
    }
  }
});

test('an instant before the last one, a signal made anew and a range are answered alike', async (t) => {
  const { series, signals } = generateWorld(3, 11, { isOffBoundary: false });
  const store = storeOf(series);
  const local = localSignalReader(store);
  const replay = replaySignalReader(store);
  for (const minute of [100, 20, 150, 0, 149]) {
    const atMs = FROM_MS + minute * MINUTE_MS;
    const again = signals.map((signal) => structuredClone(signal));
    t.deepEqual(await replay.read(again, atMs), await local.read(signals, atMs), `${minute}`);
  }
  const instants = { fromMs: FROM_MS, toMs: FROM_MS + 120 * MINUTE_MS, stepMs: 7 * MINUTE_MS };
  for (const signal of signals) {
    t.deepEqual(await replay.readRange(signal, instants), await local.readRange(signal, instants));
  }
});

test('resets between chunks are seen: a counter that starts anew every hour rises by what it counted', async (t) => {
  const store = new MetricStore();
  const counter = store.openSeries('c_total', {}, 'counter')!;
  for (let minute = 0; minute <= 3_000; minute++) {
    // One a minute, back to 1 at each full hour: the hour that ended had counted 60.
    store.replay(counter, minute * MINUTE_MS, (minute % 60) + 1);
    if (minute % 700 === 0) counter.closeHead();
  }
  const signal: Signal = {
    kind: 'increase',
    counter: { metric: 'c_total', matchers: [] },
    by: [],
    windowMs: 1_000 * MINUTE_MS,
  };
  const replay = replaySignalReader(store);
  const [[first] = []] = await replay.read([signal], 1_500 * MINUTE_MS);
  // 1,000 samples a minute apart, 999 rises of 1, drawn out over the window of 1,000 minutes.
  t.is(Math.round(first!.value * 1e6) / 1e6, 1_000);
  const [[later] = []] = await replay.read([signal], 3_000 * MINUTE_MS);
  t.is(Math.round(later!.value * 1e6) / 1e6, 1_000);
});
