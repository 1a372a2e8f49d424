import test from 'ava';
import { formatDuration, parseDuration } from '../../runtime/index.ts';

const CASES: readonly (readonly [string, number | undefined])[] = [
  ['250ms', 250],
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['30d', 2_592_000_000],
  ['1.5s', 1_500],
  ['', undefined],
  ['30', undefined],
  ['-1s', undefined],
  ['1y', undefined],
];

for (const [text, expectedMs] of CASES) {
  test(`the duration "${text}" is ${expectedMs} ms`, (t) => {
    t.is(parseDuration(text), expectedMs);
  });
}

test('a whole number of milliseconds is printed so that it reads back the same', (t) => {
  for (const durationMs of [0, 1, 999, 1_000, 90_000, 5_400_000, 2_592_000_001]) {
    t.is(parseDuration(formatDuration(durationMs)), durationMs);
  }
  t.is(formatDuration(90_000), '1m30s');
});
