import test from 'ava';
import * as fc from 'fast-check';
import {
  badCount,
  burnRate,
  deriveTier,
  errorBudget,
  isBurning,
  parseObjective,
  remainingAfter,
  remainingRatio,
  SHIPPED_TIERS,
  sli,
  spentRatio,
  timeToExhaustionMs,
} from '../../slo/index.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NO_GUARD = { validCountMin: 0, badCountMin: 0 };
const counts = (bad: number, validCount: number) => ({ goodCount: validCount - bad, validCount });

/** Bad, valid, budget ratio; then SLI, remaining, burn rate, worked by hand. */
const BUDGETS: readonly (readonly [number, number, number, number, number, number])[] = [
  // 1,000,000 allow 1,000 bad; 250 bad: 0.99975, 1 − 250/1000, 0.00025/0.001
  [250, 1_000_000, 0.001, 0.99975, 0.75, 0.25],
  [0, 1_000_000, 0.001, 1, 1, 0],
  [1_000, 1_000_000, 0.001, 0.999, 0, 1],
  // Overspent five times: never clamped.
  [5_000, 1_000_000, 0.001, 0.995, -4, 5],
  // 43,200 minutes at 99 % allow 432 bad ones; 108 are a quarter.
  [108, 43_200, 0.01, 0.9975, 0.75, 0.25],
  [20_000, 20_000, 0.05, 0, -19, 20],
];

for (const [bad, valid, budgetRatio, sliRatio, remaining, burn] of BUDGETS) {
  test(`${bad} bad of ${valid} at a budget of ${budgetRatio}: remaining ${remaining}, burn rate ${burn}`, (t) => {
    const given = counts(bad, valid);
    t.is(sli(given), sliRatio);
    t.is(remainingRatio(given, budgetRatio), remaining);
    t.is(burnRate(given, budgetRatio), burn);
  });
}

test('a budget is told in events and in minutes', (t) => {
  t.deepEqual(errorBudget(counts(250, 1_000_000), 0.001, 30 * DAY_MS), {
    allowedCount: 1_000,
    spentCount: 250,
    remainingCount: 750,
    remainingRatio: 0.75,
    // Source: 99.9 % of 30 d is 43.2 minutes, in every table of downtimes.
    allowedMinutes: 43.2,
    remainingMinutes: 32.4,
  });
  // 10,000 events allow 10; 12 bad overspend by 2, a fifth of the 43.2 minutes.
  const over = errorBudget(counts(12, 10_000), 0.001, 30 * DAY_MS);
  t.is(over.remainingCount, -2);
  t.is(over.remainingRatio, -0.2);
  t.is(over.remainingMinutes, -8.64);
});

test('without a valid event there is no SLI, the budget is whole and nothing burns', (t) => {
  t.is(sli(counts(0, 0)), undefined);
  t.is(remainingRatio(counts(0, 0), 0.001), 1);
  t.is(burnRate(counts(0, 0), 0.001), 0);
  t.is(spentRatio(0, counts(0, 0), 0.001), 0);
});

/** Remaining, days observed of 30, burn rate; hours until nothing remains, worked by hand. */
const EXHAUSTION: readonly (readonly [number, number, number, number | undefined])[] = [
  [1, 30, 1, 720],
  // Half of 30 d at ten times the pace: 0.5 · 720 / 10.
  [0.5, 30, 10, 36],
  [0.5, 30, 0, undefined],
  [0, 30, 10, 0],
  [-3, 30, 0, 0],
  // One day old, half left, burn 13: the budget grows by 1 while 13 are spent: 0.5 · 24 / 12 = 1 h.
  [0.5, 1, 13, 1],
  // One day old, all left, burn 2: 24 / (2 − 1) = 24 h, a budget of two days then spent in one.
  [1, 1, 2, 24],
  // 20 d old, all left, burn 1.5: 480 / 0.5 = 960 h would pass the 30 d, so (720 − 0) / 1.5.
  [1, 20, 1.5, 480],
  // 1 d old at burn 1: spent at the pace of the whole window: 720 h.
  [1, 1, 1, 720],
];

for (const [remaining, observedDays, burn, hours] of EXHAUSTION) {
  test(`${remaining} of the budget after ${observedDays} d at burn rate ${burn} lasts ${hours ?? 'on'} h`, (t) => {
    const course = {
      remainingRatio: remaining,
      observedMs: observedDays * DAY_MS,
      windowMs: 30 * DAY_MS,
      burnRate: burn,
    };
    const inMs = timeToExhaustionMs(course);
    t.is(inMs, hours === undefined ? undefined : hours * 3_600_000);
    if (inMs !== undefined && remaining > 0) {
      t.true(Math.abs(remainingAfter(course, inMs)) < 1e-9);
    }
  });
}

test('a forecast is a straight line: three quarters left at burn rate 1 are 0.75 − 7/30 a week later', (t) => {
  const course = {
    remainingRatio: 0.75,
    observedMs: 30 * DAY_MS,
    windowMs: 30 * DAY_MS,
    burnRate: 1,
  };
  t.is(remainingAfter(course, 7 * DAY_MS).toFixed(12), (0.75 - 7 / 30).toFixed(12));
  // A day old and untouched, burn 0.5 for 7 d: 1 − 3.5 / 8.
  const young = { ...course, remainingRatio: 1, observedMs: DAY_MS, burnRate: 0.5 };
  t.is(remainingAfter(young, 7 * DAY_MS), 0.5625);
});

/**
 * Source: The Site Reliability Workbook, chapter 5: the shipped tiers with a 30 d window. Columns: tier, share of errors that
 * burns at 99.9 %, minutes until a total outage is over the threshold at 99.9 % and at 99 % (factor · budget · long), events
 * in the long window below which one bad event is over it (1 / (factor · budget)), lowest objective that can fire in percent.
 */
const WORKBOOK: readonly (readonly [string, number, number, number, number, number, number])[] = [
  ['page-1h', 0.0144, 0.864, 8.64, 69, 7, 93.06],
  ['page-6h', 0.006, 2.16, 21.6, 167, 17, 83.33],
  ['ticket-1d', 0.003, 4.32, 43.2, 333, 33, 66.67],
  ['ticket-3d', 0.001, 4.32, 43.2, 1_000, 100, 0],
];

for (const [name, threshold, detect999, detect99, single999, single99, lowest] of WORKBOOK) {
  test(`${name} has the Workbook's figures`, (t) => {
    const draft = SHIPPED_TIERS.find((each) => each.name === name)!;
    const at = (percent: string) => deriveTier(draft, 30 * DAY_MS, parseObjective(percent)!);
    t.is(at('99.9').thresholdRatio.value, threshold);
    const detectMinutes = (percent: string) => {
      const { thresholdRatio, longWindowMs } = at(percent);
      return (thresholdRatio.value * longWindowMs) / MINUTE_MS;
    };
    t.is(Number(detectMinutes('99.9').toFixed(6)), detect999);
    t.is(Number(detectMinutes('99').toFixed(6)), detect99);
    t.is(Math.round(1 / at('99.9').thresholdRatio.value), single999);
    t.is(Math.round(1 / at('99').thresholdRatio.value), single99);
    t.is(Number((100 * (1 - 1 / at('99').factor.value)).toFixed(2)), lowest);
  });
}

const PAGE = deriveTier(SHIPPED_TIERS[0]!, 30 * DAY_MS, parseObjective('99.9')!);

/** Bad and valid of the long and of the short window, the guard; whether the tier burns. */
const BURNING: readonly (readonly [
  string,
  number,
  number,
  number,
  number,
  number,
  number,
  boolean,
])[] = [
  ['both windows over 1.44 %', 150, 10_000, 20, 1_000, 0, 0, true],
  ['exactly the threshold', 144, 10_000, 20, 1_000, 0, 0, false],
  ['only the long window', 150, 10_000, 0, 1_000, 0, 0, false],
  ['only the short window', 10, 10_000, 20, 1_000, 0, 0, false],
  ['no traffic', 0, 0, 0, 0, 0, 0, false],
  ['one error of 60 without a guard', 1, 60, 1, 5, 0, 0, true],
  ['one error of 60, two wanted', 1, 60, 1, 5, 0, 2, false],
  ['two errors of 60, 100 events wanted', 2, 60, 1, 5, 100, 2, false],
  ['three errors of 100, 100 events and 3 errors wanted', 3, 100, 1, 5, 100, 3, true],
];

for (const [what, bad, valid, shortBad, shortValid, validCountMin, badCountMin, burns] of BURNING) {
  test(`${what}: the page tier ${burns ? 'burns' : 'is quiet'}`, (t) => {
    const guard = { validCountMin, badCountMin };
    t.is(isBurning(PAGE, counts(bad, valid), counts(shortBad, shortValid), guard), burns);
  });
}

test('a window without data never burns', (t) => {
  t.false(isBurning(PAGE, undefined, counts(5, 10), NO_GUARD));
  t.false(isBurning(PAGE, counts(5, 10), undefined, NO_GUARD));
});

const someCounts = fc
  .tuple(fc.nat(1_000_000), fc.nat(1_000_000))
  .map(([a, b]) => counts(Math.min(a, b), Math.max(a, b)));
const someBudget = fc.integer({ min: 1, max: 9_999 }).map((each) => each / 10_000);

test('remaining and burn rate over the same window are two sides: remaining = 1 − burn', (t) => {
  fc.assert(
    fc.property(someCounts, someBudget, (given, budgetRatio) => {
      const sum = remainingRatio(given, budgetRatio) + burnRate(given, budgetRatio);
      return Math.abs(sum - 1) <= 1e-9 * Math.max(1, burnRate(given, budgetRatio));
    }),
  );
  t.pass();
});

test('what windows spent adds up to what the whole spent', (t) => {
  fc.assert(
    fc.property(fc.array(someCounts, { minLength: 1 }), someBudget, (parts, budgetRatio) => {
      const sum = (of: (each: (typeof parts)[number]) => number) =>
        parts.reduce((total, each) => total + of(each), 0);
      const whole = {
        goodCount: sum((each) => each.goodCount),
        validCount: sum((each) => each.validCount),
      };
      const spent = sum((each) => spentRatio(badCount(each), whole, budgetRatio));
      const expected = whole.validCount === 0 ? 0 : 1 - remainingRatio(whole, budgetRatio);
      return Math.abs(spent - expected) <= 1e-8 * Math.max(1, Math.abs(expected));
    }),
  );
  t.pass();
});
