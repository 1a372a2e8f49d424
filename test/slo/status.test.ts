import test from 'ava';
import { createLogger, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { isStale, SloEvaluator, sloStatus } from '../../slo/index.ts';
import type { CountsAnswer, Slo, SloState, SloStatus } from '../../slo/index.ts';
import { AVAILABILITY, FRESHNESS, LATENCY, slosOf } from './definitions.ts';
import { FakeReader } from './fake-reader.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const AT_MS = Date.UTC(2026, 10, 20, 12);
const WINDOWS = [5, 30, 60, 120, 360, 1_440, 4_320].map((minutes) => minutes * MINUTE_MS);
const counted = (bad: number, validCount: number): CountsAnswer => ({
  kind: 'counts',
  counts: { goodCount: validCount - bad, validCount },
});
const NO_DATA: CountsAnswer = { kind: 'no_data' };
const [availability, latency, freshness] = [AVAILABILITY, LATENCY, FRESHNESS].map(
  (text) => slosOf(text)[0]!,
) as [Slo, Slo, Slo];

/** A status where every tier window has the same answer. */
function statusOf(
  slo: Slo,
  period: CountsAnswer,
  each: CountsAnswer,
  sinceAtMs?: number,
): SloStatus {
  return sloStatus(slo, {
    atMs: AT_MS,
    sinceAtMs,
    period,
    windows: new Map(WINDOWS.map((windowMs) => [windowMs, each])),
  });
}

/** What was counted over the window and over each tier's; what it comes to. */
const STATES: readonly (readonly [
  string,
  Slo,
  CountsAnswer,
  CountsAnswer,
  number | undefined,
  SloState,
  RegExp,
])[] = [
  [
    'nothing bad',
    availability,
    counted(0, 10_000),
    counted(0, 100),
    undefined,
    'ok',
    /^100 % of the error budget remains\.$/,
  ],
  // 10,000 allow 10; 4 bad leave 60 %. 4 of 10,000 in every window: burn rate 0.4.
  [
    'some bad, slowly',
    availability,
    counted(4, 10_000),
    counted(4, 10_000),
    undefined,
    'ok',
    /60 %/,
  ],
  // 4 of 100 in every window: 0.04 > 0.0144.
  [
    'bad in both windows',
    availability,
    counted(4, 10_000),
    counted(4, 100),
    undefined,
    'burning',
    /^page-1h, page-6h, ticket-1d, ticket-3d: above 14\.4 times .* 60 %/,
  ],
  [
    'too few bad for the guard',
    availability,
    counted(2, 10_000),
    counted(2, 20),
    undefined,
    'ok',
    /80 %/,
  ],
  [
    'more than allowed',
    availability,
    counted(12, 10_000),
    counted(0, 100),
    undefined,
    'exhausted',
    /^-20 % .* 12 bad of 10 allowed/,
  ],
  [
    'exhausted while it burns',
    availability,
    counted(12, 10_000),
    counted(12, 100),
    undefined,
    'exhausted',
    /-20 %/,
  ],
  // 100 events allow 0.1: two bad ones overspend it, and are below the guard's three.
  [
    'a chance error of a young SLO',
    availability,
    counted(2, 100),
    counted(2, 100),
    AT_MS - DAY_MS,
    'young',
    /^Counted since 2026-11-19T12:00:00\.000Z, less than 30d; -1900 %/,
  ],
  [
    'no event at all',
    availability,
    counted(0, 0),
    counted(0, 0),
    undefined,
    'no_traffic',
    /No valid event in 30d/,
  ],
  ['no event lately', availability, counted(0, 10_000), counted(0, 0), undefined, 'ok', /100 %/],
  [
    'no series',
    availability,
    NO_DATA,
    NO_DATA,
    undefined,
    'no_data',
    /No sample of the indicator is known/,
  ],
  [
    'no series lately',
    availability,
    counted(0, 10_000),
    NO_DATA,
    undefined,
    'no_data',
    /in the last 5m/,
  ],
  [
    'no slice lately',
    freshness,
    counted(0, 43_200),
    counted(0, 0),
    undefined,
    'no_data',
    /in the last 5m/,
  ],
  ['no slice at all', freshness, counted(0, 0), counted(0, 0), undefined, 'no_data', /No sample/],
  [
    'more counted than valid',
    availability,
    { kind: 'inconsistent', countedCount: 12, validCount: 5 },
    counted(0, 1),
    undefined,
    'no_data',
    /12 events are counted of 5 valid ones/,
  ],
];

for (const [what, slo, period, each, sinceAtMs, state, reason] of STATES) {
  test(`${what}: ${state}`, (t) => {
    const status = statusOf(slo, period, each, sinceAtMs);
    t.is(status.state, state);
    t.regex(status.reason, reason);
  });
}

test('every figure of a status comes from the counts that it shows', (t) => {
  // 30 d with 1,000,000 requests, 250 bad; the last hour 2,000 with 60 bad, and so on: worked by hand.
  const windows = new Map<number, CountsAnswer>([
    [5 * MINUTE_MS, counted(6, 200)],
    [30 * MINUTE_MS, counted(40, 1_000)],
    [HOUR_MS, counted(60, 2_000)],
    [2 * HOUR_MS, counted(60, 4_000)],
    [6 * HOUR_MS, counted(60, 12_000)],
    [DAY_MS, counted(75, 40_000)],
    [3 * DAY_MS, counted(100, 100_000)],
  ]);
  const status = sloStatus(availability, {
    atMs: AT_MS,
    sinceAtMs: undefined,
    period: counted(250, 1_000_000),
    windows,
  });
  t.is(status.sliRatio, 0.99975);
  t.is(status.budget?.allowedCount, 1_000);
  t.is(status.budget?.remainingRatio, 0.75);
  t.is(status.budget?.remainingMinutes, 32.4);
  const hour = status.windows.find((each) => each.windowMs === HOUR_MS);
  t.is(hour?.errorRatio, 0.03);
  t.is(hour?.burnRate, 30);
  t.is(hour?.budgetSpentRatio, 0.06);
  // 0.75 · 720 h / 30.
  t.is(hour?.exhaustionMs, 18 * HOUR_MS);
  // 6 h: 60 of 12,000 is 0.005, not above 0.006; only page-1h burns.
  t.deepEqual(
    status.tiers.filter((each) => each.isBurning).map((each) => each.tier.name),
    ['page-1h'],
  );
  t.deepEqual(status.incident, { windowMs: HOUR_MS, budgetSpentRatio: 0.06 });
  // Three days at 0.001 / 0.001 = 1; 0.75 − 7/30 in a week, nothing after 0.75 · 30 d.
  t.is(status.forecast?.basisWindowMs, 3 * DAY_MS);
  t.is(status.forecast?.burnRate, 1);
  t.is(status.forecast?.remainingRatio.toFixed(10), (0.75 - 7 / 30).toFixed(10));
  t.is(status.forecast?.exhaustionAtMs, AT_MS + 22.5 * DAY_MS);
});

test('the latency SLO counts exactly the threshold as good', (t) => {
  const reader = new FakeReader();
  for (const seconds of [0.1, 0.3, 0.30001, 5]) {
    reader.put('http_server_request_duration_seconds', {}, AT_MS - MINUTE_MS, seconds);
  }
  return evaluated(reader, latency).then(([status]) => {
    t.is(status?.counts?.goodCount, 2);
    t.is(status?.counts?.validCount, 4);
  });
});

async function evaluated(reader: FakeReader, ...slos: Slo[]): Promise<readonly SloStatus[]> {
  const evaluator = new SloEvaluator({
    slos,
    reader,
    intervalMs: 15_000,
    clock: new VirtualClock(AT_MS),
    logger: silentLogger,
  });
  return (await evaluator.evaluate()).statuses;
}

test('a young SLO says since when, to five minutes', async (t) => {
  const reader = new FakeReader();
  const bornAtMs = AT_MS - 9 * DAY_MS - 3 * HOUR_MS - 12 * MINUTE_MS;
  for (let atMs = bornAtMs; atMs <= AT_MS; atMs += MINUTE_MS) {
    reader.put('ingest_messages_total', { outcome: 'committed' }, atMs, 1);
  }
  const [status] = await evaluated(reader, availability);
  t.is(status?.state, 'young');
  t.true(Math.abs(status!.fromAtMs - bornAtMs) <= 5 * MINUTE_MS);
  t.is(status?.observedMs, AT_MS - status!.fromAtMs);
});

test('a failed read keeps the last result and says so; three intervals later it is stale', async (t) => {
  const reader = new FakeReader();
  const clock = new VirtualClock(AT_MS);
  reader.put('ingest_messages_total', { outcome: 'committed' }, AT_MS, 1);
  const options = { slos: [availability], reader, intervalMs: 15_000, clock, logger: silentLogger };
  const evaluator = new SloEvaluator(options);
  t.true(isStale(evaluator.latest, clock.nowMs()));
  evaluator.start();
  await clock.advance(10);
  t.is(evaluator.latest.lastSuccessAtMs, AT_MS);
  t.false(isStale(evaluator.latest, clock.nowMs()));
  reader.failure = new Error('metrics are gone');
  await clock.advance(40_000);
  t.is(evaluator.latest.failure, 'metrics are gone');
  t.is(evaluator.latest.statuses.length, 1);
  t.false(isStale(evaluator.latest, clock.nowMs()));
  await clock.advance(10_000);
  t.true(isStale(evaluator.latest, clock.nowMs()));
  reader.failure = undefined;
  await clock.advance(15_000);
  t.is(evaluator.latest.failure, undefined);
  t.false(isStale(evaluator.latest, clock.nowMs()));
  await evaluator.close();
});

test('no data is no warning in the first two minutes of a service, and one after them', async (t) => {
  const lines: { event: string; severity: string; slo: string; state: string }[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  const reader = new FakeReader();
  const clock = new VirtualClock(AT_MS);
  const evaluator = new SloEvaluator({
    slos: [availability, latency],
    reader,
    intervalMs: 15_000,
    clock,
    logger: createLogger({ level: 'info', format: 'json', write }),
  });
  evaluator.start();
  await clock.advance(30_000);
  t.is(evaluator.latest.statuses[0]?.state, 'no_data', 'the status says what it is all the same');
  reader.put('ingest_messages_total', { outcome: 'committed' }, clock.nowMs(), 1);
  await clock.advance(60_000);
  // What came is told as it came; what did not come is not.
  t.deepEqual(
    lines.map(({ severity, slo, state }) => [severity, slo, state]),
    [['INFO', 'availability', 'young']],
  );
  await clock.advance(10 * MINUTE_MS);
  t.deepEqual(
    lines.map(({ severity, slo, state }) => [severity, slo, state]),
    [
      ['INFO', 'availability', 'young'],
      ['WARNING', 'latency', 'no_data'],
      ['WARNING', 'availability', 'no_data'],
    ],
  );
  await evaluator.close();
});
