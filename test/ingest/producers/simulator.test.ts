import test from 'ava';
import type { OutgoingMessage, SimulateProgress } from '../../../ingest/producers/index.ts';
import { simulate } from '../../../ingest/producers/index.ts';
import { VirtualClock } from '../../../runtime/index.ts';

/** Publishes into a list, answering after `delayMs` of virtual time. */
function recorder(clock: VirtualClock, delayMs = 0) {
  const messages: { atMs: number; message: OutgoingMessage }[] = [];
  const publish = async (message: OutgoingMessage) => {
    messages.push({ atMs: clock.nowMs(), message });
    if (delayMs > 0) await clock.sleep(delayMs);
    return String(messages.length);
  };
  return { messages, publish };
}

const never = () => new Promise<string>(() => {});
const atOnce = () => Promise.resolve('id');

async function runAllKinds() {
  const clock = new VirtualClock();
  const { messages, publish } = recorder(clock);
  const shares = { malformedRatio: 0.1, duplicateRatio: 0.1, lateRatio: 0.1 };
  const running = simulate({ publish, ratePerSecond: 500, count: 1_234, clock, ...shares });
  await clock.advance(10_000);
  return { messages, summary: await running };
}

for (const { ratePerSecond, durationMs } of [
  { ratePerSecond: 1, durationMs: 10_000 },
  { ratePerSecond: 7.5, durationMs: 10_000 },
  { ratePerSecond: 1_000, durationMs: 2_000 },
  { ratePerSecond: 50_000, durationMs: 500 },
]) {
  test(`At ${ratePerSecond}/s the messages come evenly and the rate is met.`, async (t) => {
    const clock = new VirtualClock();
    const { messages, publish } = recorder(clock);
    const running = simulate({ publish, ratePerSecond, durationMs, clock });
    await clock.advance(durationMs + 1_000);
    const summary = await running;
    const expectedCount = (ratePerSecond * durationMs) / 1_000;
    t.true(Math.abs(summary.sentCount - expectedCount) <= 1 + ratePerSecond * 0.01);
    t.is(summary.answeredCount, summary.sentCount);
    t.true(Math.abs((summary.achievedRatePerSecond ?? 0) / ratePerSecond - 1) < 0.02);
    const startMs = messages[0]?.atMs ?? 0;
    const firstHalfCount = messages.filter(({ atMs }) => atMs < startMs + durationMs / 2).length;
    t.true(Math.abs(firstHalfCount - messages.length / 2) <= 1 + ratePerSecond * 0.01);
  });
}

test('A count is met exactly, and the same seed and start publish the same bytes.', async (t) => {
  const [one, two] = await Promise.all([runAllKinds(), runAllKinds()]);
  t.is(one.summary.sentCount, 1_234);
  t.deepEqual(one, two);
  const kinds = Object.values(one.summary.sentByKind).reduce((sum, count) => sum + count, 0);
  t.is(kinds, 1_234);
  t.true(one.summary.sentByKind.malformed > 50);
});

test('A server that does not answer holds the sending at the bound, and it goes on with the answers.', async (t) => {
  const clock = new VirtualClock();
  const answers: (() => void)[] = [];
  let isOpen = false;
  const publish = () =>
    new Promise<string>((resolve) => {
      if (isOpen) resolve('id');
      else answers.push(() => resolve('id'));
    });
  const running = simulate({ publish, ratePerSecond: 50_000, count: 15_000, clock });
  await clock.advance(3_000);
  t.is(answers.length, 10_000);
  isOpen = true;
  for (const answer of answers) answer();
  await clock.advance(2_000);
  const summary = await running;
  t.is(summary.answeredCount, 15_000);
});

test('Failed publishes are counted by kind with the last reason, and do not stop the run.', async (t) => {
  const clock = new VirtualClock();
  let callCount = 0;
  const publish = async () => {
    if (callCount++ % 4 === 0) throw new Error('no such topic');
    return 'id';
  };
  const running = simulate({ publish, ratePerSecond: 100, count: 100, clock, malformedRatio: 0.5 });
  await clock.advance(5_000);
  const summary = await running;
  t.is(summary.failedCount, 25);
  t.is(summary.answeredCount, 75);
  t.is(summary.failedByKind.good + summary.failedByKind.malformed, 25);
  t.is(summary.lastError, 'no such topic');
});

test('An abort ends the sending at once, and waits only so long for answers that do not come.', async (t) => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const running = simulate({ publish: never, ratePerSecond: 10, clock, signal: stop.signal });
  await clock.advance(1_000);
  stop.abort();
  await clock.advance(5_000);
  const summary = await running;
  t.true(summary.isAborted);
  t.is(summary.unansweredCount, summary.sentCount);
  t.true(summary.sentCount >= 10 && summary.sentCount <= 11);
});

test('Progress comes in steps, ends at the whole, and never runs backwards.', async (t) => {
  const clock = new VirtualClock();
  const { publish } = recorder(clock, 30);
  const seen: SimulateProgress[] = [];
  const onProgress = (progress: SimulateProgress) => void seen.push(progress);
  const running = simulate({ publish, ratePerSecond: 200, count: 600, clock, onProgress });
  await clock.advance(5_000);
  await running;
  t.true(seen.length >= 10 && seen.length <= 20, `${seen.length} calls`);
  const ratios = seen.map(({ doneRatio }) => doneRatio ?? -1);
  t.deepEqual(
    ratios,
    ratios.toSorted((a, b) => a - b),
  );
  t.is(seen.at(-1)?.doneRatio, 1);
  t.is(seen.at(-1)?.answeredCount, 600);
  t.is(seen.at(-1)?.outstandingCount, 0);
});

test('Options that cannot be are refused, all at once.', async (t) => {
  const clock = new VirtualClock();
  const given = {
    publish: atOnce,
    clock,
    ratePerSecond: 0,
    count: -1,
    malformedRatio: 0.7,
    lateRatio: 0.7,
  };
  const error = await t.throwsAsync(simulate(given));
  t.regex(error.message, /rate: .*\ncount: .*\nmalformed, duplicate, late: /);
});
