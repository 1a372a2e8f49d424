/** Game days in virtual time, with the shipped policies, the real evaluator and the real switch of faults. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { AlertEvaluator, GameDay, openAlertLog } from '../../../alerts/index.ts';
import type { DrillName } from '../../../alerts/index.ts';
import { silentLogger, VirtualClock } from '../../../runtime/index.ts';
import { Faults } from '../../../telemetry/index.ts';
import type { Metrics, Signal, SignalReader, SignalValue } from '../../../telemetry/index.ts';
import { temporaryFolder } from '../../helpers/highwater-process.ts';
import { SHIPPED } from '../shipped.ts';

const MINUTE_MS = 60_000;
const HTTP = 'http_server_request_duration_seconds';
/** Faults are only switched here; their gauge is read elsewhere. */
const unobserved = { observe: () => {} } as unknown as Metrics;

/** A service whose figures go bad while a fault is in force, and good again a minute after its end. */
function open(t: ExecutionContext, { isNoticing = true, isYoung = false } = {}) {
  const folder = temporaryFolder();
  const clock = new VirtualClock();
  const faults = new Faults({ clock, logger: silentLogger, metrics: unobserved });
  let brokenUntilMs = 0;
  let lateUntilMs = 0;
  const reader: SignalReader = {
    lookbackMaxMs: 40 * 86_400_000,
    readRange: async () => [],
    read: async (signals, atMs) => {
      if (isNoticing && faults.list().length > 0) {
        brokenUntilMs = atMs + MINUTE_MS;
        lateUntilMs = atMs + 30 * MINUTE_MS;
      }
      return signals.map((signal) =>
        isYoung && signal.kind === 'goodSlices'
          ? one(youngSlices(signal.windowMs, atMs < brokenUntilMs, atMs < lateUntilMs))
          : answer(signal, atMs < brokenUntilMs),
      );
    },
  };
  const log = openAlertLog(join(folder.path, 'alerts.sqlite'), silentLogger);
  const evaluator = new AlertEvaluator({
    definitions: SHIPPED,
    reader,
    log,
    tell: async () => {},
    clock,
    logger: silentLogger,
  });
  evaluator.start();
  const driven: string[] = [];
  const gameDay = new GameDay({
    faults,
    alerts: evaluator,
    traffic: async (kind, signal) => {
      driven.push(kind);
      await clock.sleep(Number.MAX_SAFE_INTEGER, signal);
      driven.push(`${kind} over`);
    },
    channels: ['log'],
    clock,
    logger: silentLogger,
  });
  t.teardown(async () => {
    await gameDay.stop();
    const closed = evaluator.close();
    await clock.advance(1);
    await closed;
    log.close();
    folder.remove();
  });
  return {
    clock,
    faults,
    gameDay,
    driven,
    /** Minutes until the game day is over, or as many as are given. */
    runOut: async (minutes: number): Promise<number> => {
      let passed = 0;
      while (passed < minutes && gameDay.status().state === 'running') {
        await clock.advance(MINUTE_MS);
        passed += 1;
      }
      return passed;
    },
  };
}

/** As much as the shipped policies ask: the mean, shares of bad requests, ages, and minutes that were late. */
function answer(signal: Signal, isBroken: boolean): readonly SignalValue[] {
  switch (signal.kind) {
    case 'mean':
      return one(isBroken ? 2 : 0.01);
    case 'ratio':
      return one(isBroken ? 0.5 : 0);
    case 'last':
      return signal.by.includes('subscription_id')
        ? one(isBroken ? 300 : 0, { subscription_id: 'canary-ingest' })
        : one(1);
    case 'validSlices':
      return one(60);
    case 'goodSlices':
      return one(isBroken ? 30 : 60);
    case 'increase':
      if (signal.counter.metric === HTTP)
        return one(isBroken || !isBad(signal.counter.matchers) ? 1_000 : 0);
      return signal.counter.metric.startsWith('ingest') ? one(0) : one(20);
    case 'countAtOrBelow':
    case 'max':
    case 'quantile':
    case 'rate':
    case 'shareAtOrBelow':
    case 'sum':
      break;
  }
  return one(1_000);
}

/** Of 60 minutes, where the service is an hour old: too few of the hour, enough of six hours and of thirty minutes. */
function youngSlices(windowMs: number, isBroken: boolean, isLate: boolean): number {
  if (windowMs === 5 * MINUTE_MS) return isBroken ? 30 : 60;
  if (windowMs === 60 * MINUTE_MS) return 56;
  return isLate ? 50 : 60;
}

function one(value: number, labels = {}): readonly SignalValue[] {
  return [{ labels, value }];
}

function isBad(matchers: readonly { readonly value: string }[]): boolean {
  return matchers.some(({ value }) => value === '5..');
}

const DRILLS: readonly (readonly [DrillName, string, string, string])[] = [
  ['latency', 'api-latency-mean', 'latency', 'requests'],
  ['errors', 'api-error-ratio', 'errors', 'requests'],
  ['backlog', 'backlog-age', 'subscription', 'messages'],
  ['freshness', 'canary-freshness', 'ingest', 'messages'],
];
for (const [drill, policy, fault, traffic] of DRILLS) {
  test(`${drill}: ${fault} is injected until ${policy} fires, and the times are those of the alert`, async (t) => {
    const { clock, faults, gameDay, driven, runOut } = open(t);
    await clock.advance(MINUTE_MS);
    t.is(gameDay.start([drill]).state, 'running');
    await clock.advance(1_000);
    t.deepEqual(
      faults.list().map((each) => each.fault),
      [fault],
    );
    t.regex(gameDay.status().drills[0]?.waitingFor ?? '', new RegExp(`^${policy} .*to fire: `));
    await runOut(30);
    const { state, drills } = gameDay.status();
    t.is(state, 'over');
    const [done] = drills;
    t.like(done, { drill, outcome: 'passed', policy, phase: 'over', isTold: true });
    const { injectedAtMs = 0, firedAtMs = 0, removedAtMs = 0, clearedAtMs = 0 } = done ?? {};
    t.true(firedAtMs > injectedAtMs && firedAtMs - injectedAtMs <= 2 * MINUTE_MS);
    t.true(removedAtMs >= firedAtMs && removedAtMs - firedAtMs < 1_000);
    // The figures are good a minute after; then it is kept firing for two minutes, or five of a burn rate.
    const keptMs = (drill === 'freshness' ? 5 : 2) * MINUTE_MS;
    t.true(Math.abs(clearedAtMs - removedAtMs - MINUTE_MS - keptMs) <= MINUTE_MS);
    t.deepEqual(faults.list(), []);
    t.deepEqual(driven, [traffic, `${traffic} over`]);
  });
}

test('several drills go one after the other, each with its own fault alone', async (t) => {
  const { clock, faults, gameDay, runOut } = open(t);
  await clock.advance(MINUTE_MS);
  gameDay.start(['latency', 'backlog']);
  await runOut(60);
  const [first, second] = gameDay.status().drills;
  // The model's figures go bad together, so that the alert of the second fires with the first and has to be over before.
  t.deepEqual([first?.outcome, second?.outcome], ['passed', 'passed']);
  t.true(first?.alsoFired.includes('backlog-age'));
  t.true((second?.injectedAtMs ?? 0) >= (first?.clearedAtMs ?? Infinity));
  t.deepEqual(faults.list(), []);
});

test('a drill whose alerts fire already says which of them it waits for, with its own figures', async (t) => {
  const { clock, gameDay, runOut } = open(t);
  await clock.advance(MINUTE_MS);
  gameDay.start(['latency', 'freshness']);
  while (gameDay.status().drills[1]?.phase === 'planned') await clock.advance(10_000);
  const [, second] = gameDay.status().drills;
  t.is(second?.phase, 'quiet');
  t.regex(second?.waitingFor ?? '', /^(?:canary-freshness|freshness-\w+) to end: error ratio/);
  await runOut(60);
  t.is(gameDay.status().drills[1]?.outcome, 'passed');
});

test('in a service of an hour the page of six hours comes first, and its end is waited for', async (t) => {
  const { clock, gameDay, runOut } = open(t, { isYoung: true });
  await clock.advance(MINUTE_MS);
  gameDay.start(['freshness', 'backlog']);
  await runOut(90);
  const [first, second] = gameDay.status().drills;
  t.like(first, { outcome: 'passed', rung: 'page-6h' });
  const { removedAtMs = 0, clearedAtMs = 0 } = first ?? {};
  // Thirty minutes until the short window has forgotten, five of keep-firing.
  t.true(Math.abs(clearedAtMs - removedAtMs - 35 * MINUTE_MS) <= MINUTE_MS);
  t.is(second?.outcome, 'passed');
});

test('stopped, it removes its fault at once and says so', async (t) => {
  const { clock, faults, gameDay, driven } = open(t);
  await clock.advance(MINUTE_MS);
  gameDay.start(['errors', 'backlog']);
  await clock.advance(2_000);
  t.is(faults.list().length, 1);
  const { state, drills } = await gameDay.stop();
  t.is(state, 'over');
  t.deepEqual(
    drills.map(({ outcome }) => outcome),
    ['stopped', 'stopped'],
  );
  t.deepEqual(faults.list(), []);
  t.deepEqual(driven, ['requests', 'requests over']);
});

test('an alert that does not notice is the answer: the fault is removed at the deadline', async (t) => {
  const { clock, faults, gameDay, runOut } = open(t, { isNoticing: false });
  await clock.advance(MINUTE_MS);
  gameDay.start(['latency']);
  const minutes = await runOut(60);
  t.true(minutes >= 30 && minutes <= 31, `${minutes}`);
  t.is(gameDay.status().drills[0]?.outcome, 'not_detected');
  t.deepEqual(faults.list(), []);
});

test('refused: a second game day, one over a fault in force, one whose alert fires, and one that nothing could notice', async (t) => {
  const { clock, faults, gameDay } = open(t);
  t.throws(() => gameDay.start(['latency']), { code: 'locked', message: /not evaluated/ });
  await clock.advance(MINUTE_MS);
  faults.set({ errors: 0.5 }, MINUTE_MS);
  t.throws(() => gameDay.start(['latency']), { code: 'locked', message: /errors is in force/ });
  await clock.advance(90_000);
  t.deepEqual(faults.list(), []);
  t.throws(() => gameDay.start(['latency']), { code: 'locked', message: /fires already/ });
  await clock.advance(10 * MINUTE_MS);
  gameDay.start(['latency']);
  t.throws(() => gameDay.start(['errors']), { code: 'locked', message: /under way/ });
});
