/** What the tests of the store's file append. */
import type { StoredSample } from '../../telemetry/index.ts';

/** Samples of scrape number `at`: a counter with resets, a gauge, a series that comes and goes. */
export function samplesAt(at: number): StoredSample[] {
  const here: StoredSample[] = [
    { name: 'c', labels: { a: 'x' }, value: (at * 7) % 1_000, kind: 'counter' },
    { name: 'g', labels: {}, value: at % 60 === 0 ? Number.NaN : at / 8, kind: 'gauge' },
  ];
  if (at % 100 < 50)
    here.push({ name: 'g', labels: { a: 'now and then' }, value: 1, kind: 'gauge' });
  return here;
}
