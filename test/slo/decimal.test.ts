import test from 'ava';
import * as fc from 'fast-check';
import { compare, decimalNumber, decimalText, fraction, parseDecimal } from '../../slo/decimal.ts';
import { deriveTier, parseObjective } from '../../slo/index.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Objective, window, budget share, long window; then budget, factor and threshold as they must read. */
const DERIVED: readonly (readonly [string, number, string, number, string, string, string])[] = [
  ['99.9', 30, '2', HOUR_MS, '0.001', '14.4', '0.0144'],
  ['99.9', 30, '5', 6 * HOUR_MS, '0.001', '6', '0.006'],
  ['99.9', 30, '10', 24 * HOUR_MS, '0.001', '3', '0.003'],
  ['99.9', 30, '10', 72 * HOUR_MS, '0.001', '1', '0.001'],
  ['99.95', 30, '2', HOUR_MS, '0.0005', '14.4', '0.0072'],
  ['99.99', 30, '2', HOUR_MS, '0.0001', '14.4', '0.00144'],
  ['99.999', 30, '2', HOUR_MS, '0.00001', '14.4', '0.000144'],
  ['95', 30, '2', HOUR_MS, '0.05', '14.4', '0.72'],
  ['99', 28, '2', HOUR_MS, '0.01', '13.44', '0.1344'],
  ['99', 28, '5', 6 * HOUR_MS, '0.01', '5.6', '0.056'],
  ['99', 28, '10', 24 * HOUR_MS, '0.01', '2.8', '0.028'],
  // 28 · 0.1 / 3 = 14/15 = 0.9333…: no decimal ends it.
  ['99', 28, '10', 72 * HOUR_MS, '0.01', '0.933333333333', '0.00933333333333'],
  ['99', 7, '2', HOUR_MS, '0.01', '3.36', '0.0336'],
  ['99', 7, '10', 24 * HOUR_MS, '0.01', '0.7', '0.007'],
];

for (const [percent, days, share, longWindowMs, budget, factor, threshold] of DERIVED) {
  test(`${share} % of ${percent} % over ${days} d in ${longWindowMs / HOUR_MS} h: factor ${factor}, threshold ${threshold}`, (t) => {
    const objective = parseObjective(percent);
    if (!objective) return t.fail('not an objective');
    const tier = deriveTier(
      {
        name: 'a',
        severity: 'page',
        budgetPercentText: share,
        longWindowMs,
        shortWindowMs: 60_000,
      },
      days * DAY_MS,
      objective,
    );
    t.is(objective.budgetRatio.text, budget);
    t.is(tier.factor.text, factor);
    t.is(tier.thresholdRatio.text, threshold);
    t.is(tier.thresholdRatio.value, Number(threshold));
    t.is(JSON.stringify(tier.factor.value), factor);
    return undefined;
  });
}

test('an objective is above 0 and below 100, a plain decimal', (t) => {
  for (const text of [
    '100',
    '100.0',
    '0',
    '0.0',
    '101',
    '-1',
    '1e1',
    '',
    '99,9',
    '.9',
    '99.',
    'NaN',
  ]) {
    t.is(parseObjective(text), undefined, text);
  }
  t.is(parseObjective('99.90')?.targetRatio.text, '0.999');
  t.is(parseObjective('0.5')?.budgetRatio.text, '0.995');
});

test('a fraction that no decimal ends is rounded half up, at 12 significant digits', (t) => {
  t.is(decimalText(fraction(1n, 3n)), '0.333333333333');
  t.is(decimalText(fraction(2n, 3n)), '0.666666666667');
  t.is(decimalText(fraction(200n, 3n)), '66.6666666667');
  t.is(decimalText(fraction(1n, 3_000n)), '0.000333333333333');
  t.is(decimalText(fraction(-1n, 3n)), '-0.333333333333');
  t.is(decimalText(fraction(10n ** 20n, 3n)), '33333333333333333333');
});

test('a decimal that was written is shown as it was, whatever its digits', (t) => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 20n), fc.integer({ min: 0, max: 15 }), (digits, scale) => {
      const value = fraction(digits, 10n ** BigInt(scale));
      const back = parseDecimal(decimalText(value));
      return back !== undefined && compare(back, value) === 0;
    }),
  );
  t.pass();
});

test('any fraction is shown within half a unit of its twelfth digit', (t) => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 9n), fc.bigInt(1n, 10n ** 9n), (numerator, denominator) => {
      const shown = decimalNumber(fraction(numerator, denominator));
      const exact = Number(numerator) / Number(denominator);
      return Math.abs(shown - exact) <= 1e-11 * exact;
    }),
  );
  t.pass();
});
