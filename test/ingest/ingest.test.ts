import { gzipSync } from 'node:zlib';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { replayQuarantine, reviewSubscriptionOf } from '../../ingest/index.ts';
import { AppError, systemClock } from '../../runtime/index.ts';
import { failingWarehouse, outage } from './helpers/failing-warehouse.ts';
import { ALL_TIME, openRig, payment, PAYMENTS, settled } from './helpers/rig.ts';
import type { Rig } from './helpers/rig.ts';
import { eventually } from '../helpers/highwater-process.ts';

const range = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => from + index);
const quarantined = (rig: Rig) => rig.warehouse.quarantined(PAYMENTS.name, { limit: 1_000 });

const at = (index: number, text: string) => payment(index, { timestamp: text, amount: 10 });
const repair = (text: string) => text.replace('-5', '5');

function rigTest(title: string, run: (t: ExecutionContext, rig: Rig) => Promise<void>) {
  test.serial(title, async (t) => {
    const rig = await openRig();
    t.teardown(() => rig.stop());
    await run(t, rig);
  });
}

rigTest('duplicates by producers become one row each and are counted', async (t, rig) => {
  const ingest = await rig.start();
  const events = range(500).map((index) => payment(index));
  await rig.publish([...events, ...events.slice(0, 200)]);
  await eventually('all dealt with', () => settled(ingest, 700));
  const [stats] = ingest.stats();
  t.is(stats?.committedCount, 500);
  t.is(stats?.duplicateCount, 200);
  t.is(stats?.quarantinedCount, 0);
  t.true(stats!.lastCommitAtMs! > 0);
  t.true(stats!.freshnessSeconds! >= 0 && stats!.freshnessSeconds! < 30);
  const stored = await rig.stored();
  t.deepEqual(new Set(stored.map(({ row }) => row[0])), new Set(range(500).map((i) => `p${i}`)));
  t.is(stored.length, 500);
  t.true(stored.every(({ publishTimeMicros }) => publishTimeMicros > 1.7e15));
});

rigTest(
  'bad rows stand in quarantine with their reason, good rows beside them are stored',
  async (t, rig) => {
    const ingest = await rig.start();
    const bad: [Buffer, Record<string, string>, string][] = [
      [Buffer.from('no json'), {}, 'not_json'],
      [Buffer.from('[1]'), {}, 'not_an_object'],
      [Buffer.from([0xff, 0xfe]), {}, 'bad_encoding'],
      [Buffer.from('{}'), { 'content-encoding': 'br' }, 'bad_encoding'],
      [gzipSync(Buffer.alloc(200_000, 'a')), { 'content-encoding': 'gzip' }, 'too_large'],
      [Buffer.alloc(100_001, 'a'), {}, 'too_large'],
      [Buffer.from(JSON.stringify(payment(1, { amount: undefined }))), {}, 'missing_field'],
      [Buffer.from(JSON.stringify(payment(2, { nonsense: 1 }))), {}, 'unknown_field'],
      [Buffer.from(JSON.stringify(payment(3, { amount: '5' }))), {}, 'wrong_type'],
      [Buffer.from(JSON.stringify(payment(4, { amount: 0 }))), {}, 'out_of_range'],
      [Buffer.from(JSON.stringify(payment(5, { timestamp: 'noon' }))), {}, 'bad_timestamp'],
      [
        Buffer.from(JSON.stringify(payment(6, { timestamp: '2099-01-01T00:00:00Z' }))),
        {},
        'future_timestamp',
      ],
      [
        Buffer.from(`{"payment_id":"deep","extra":${'['.repeat(40_000)}${']'.repeat(40_000)}}`),
        {},
        'too_large',
      ],
    ];
    await Promise.all([
      rig.publish(range(300, 1_000).map((index) => payment(index))),
      ...bad.map(([data, attributes], index) =>
        rig.publishBytes(data, { ...attributes, case: String(index), origin: 'test' }),
      ),
    ]);
    await eventually('all dealt with', () => settled(ingest, 300 + bad.length));
    t.is((await rig.stored()).length, 300);
    const records = await quarantined(rig);
    t.is(records.length, bad.length);
    for (const [index, [data, , code]] of bad.entries()) {
      const record = records.find(({ attributes }) => attributes['case'] === String(index));
      if (index === bad.length - 1) t.true(record !== undefined && record.reasonCode !== '');
      else t.is(record?.reasonCode, code, `case ${index}: ${record?.reason}`);
      t.true(record!.reason.length > 0);
      t.deepEqual(Buffer.from(record!.payload), data);
      t.is(record?.subscription, PAYMENTS.subscription);
    }
    const review = rig.pubsub.subscription(reviewSubscriptionOf(PAYMENTS));
    const seen: Record<string, string>[] = [];
    review.on('message', (message) => {
      seen.push(message.attributes);
      message.ack();
    });
    await eventually('dead letters', () => seen.length === bad.length);
    await review.close();
    t.true(seen.every((attributes) => attributes['origin'] === 'test'));
    t.true(seen.every((attributes) => attributes['highwater-reason']!.length > 0));
    const codes = new Set(seen.map((attributes) => attributes['highwater-reason-code']));
    for (const [, , code] of bad.slice(0, -1)) t.true(codes.has(code), code);
  },
);

rigTest('gzip messages are stored, large ones too', async (t, rig) => {
  const ingest = await rig.start();
  const note = 'x'.repeat(900);
  const extra = range(400).map((index) => `item ${index}`);
  await rig.publishBytes(gzipSync(JSON.stringify(payment(1, { note }))), {
    'content-encoding': 'gzip',
  });
  await rig.publishBytes(
    gzipSync(`${JSON.stringify(payment(2, { extra }))}${' '.repeat(50_000)}`),
    { 'content-encoding': 'gzip' },
  );
  await eventually('all dealt with', () => settled(ingest, 2));
  const stored = await rig.stored();
  t.is(stored[0]?.row[3], note);
  t.is(stored[1]?.row[4], JSON.stringify(extra));
});

rigTest('a row that the warehouse refuses does not hold back its batch', async (t, rig) => {
  const warehouse = failingWarehouse(rig.warehouse);
  warehouse.isRejected = ({ row }) => row[0] === 'p7';
  warehouse.isPoison = ({ row }) => row[0] === 'p23';
  const ingest = await rig.start({ warehouse });
  await rig.publish(range(100).map((index) => payment(index)));
  await eventually('all dealt with', () => settled(ingest, 100));
  t.is((await rig.stored()).length, 98);
  const records = await quarantined(rig);
  t.deepEqual(
    records.map(({ reasonCode }) => reasonCode),
    ['refused_by_warehouse', 'refused_by_warehouse'],
  );
  t.deepEqual(records.map(({ reason }) => reason).toSorted(), [
    'a row breaks the append',
    'refused on command',
  ]);
});

for (const error of [
  outage,
  new AppError('disk_full', 'full on command'),
  new AppError('internal', 'broken on command'),
]) {
  rigTest(
    `a warehouse that answers ${error.code} pauses ingest; nothing is dead-lettered or lost`,
    async (t, rig) => {
      const warehouse = failingWarehouse(rig.warehouse);
      const ingest = await rig.start({ warehouse, limits: { messagesInFlightMax: 400 } });
      warehouse.outage = error;
      const bad = range(5).map((index) => payment(5_000 + index, { amount: -1 }));
      await rig.publish([...range(1_000).map((index) => payment(index)), ...bad]);
      await eventually('paused', () => ingest.stats()[0]!.isPaused && !ingest.isHealthy());
      await systemClock.sleep(1_000);
      const paused = ingest.stats()[0]!;
      t.is(paused.committedCount, 0);
      t.is(paused.quarantinedCount, 0);
      t.true(
        paused.inFlightCount >= 300 && paused.inFlightCount <= 1_005,
        String(paused.inFlightCount),
      );
      warehouse.outage = undefined;
      await eventually('recovered', async () => (await rig.warehouse.rowCount(PAYMENTS)) === 1_000);
      await eventually('all dealt with', () => settled(ingest, 1_005));
      const stats = ingest.stats()[0]!;
      t.false(stats.isPaused);
      t.true(stats.retryCount > 0);
      t.is(stats.quarantinedCount, 5);
      t.is((await quarantined(rig)).length, 5);
      await eventually('healthy', () => ingest.isHealthy());
    },
  );
}

rigTest(
  'a close with a full pipeline stores and acks what was taken in, within 10 s',
  async (t, rig) => {
    const first = await rig.start({ limits: { batchWaitMs: 60_000, batchRowsMax: 5_000 } });
    await rig.publish(range(800).map((index) => payment(index)));
    await eventually('taken in', () => first.stats()[0]!.receivedCount >= 800);
    t.is(await rig.warehouse.rowCount(PAYMENTS), 0);
    const startMs = systemClock.monotonicMs();
    await first.close();
    t.true(systemClock.monotonicMs() - startMs < 10_000);
    t.is(await rig.warehouse.rowCount(PAYMENTS), 800);
    t.is(first.stats()[0]?.inFlightCount, 0);
    t.is(first.stats()[0]?.ackFailureCount, 0);
    const second = await rig.start();
    await rig.publish([payment(9_000)]);
    await eventually('the next one', async () => (await rig.warehouse.rowCount(PAYMENTS)) === 801);
    t.is(second.stats()[0]?.duplicateCount, 0, 'nothing was delivered again');
  },
);

rigTest(
  'a close while the warehouse is down leaves messages unacked, and they come again',
  async (t, rig) => {
    const warehouse = failingWarehouse(rig.warehouse);
    warehouse.outage = outage;
    const first = await rig.start({ warehouse });
    await rig.publish([...range(200).map((index) => payment(index)), payment(999, { amount: -1 })]);
    await eventually('taken in', () => first.stats()[0]!.receivedCount >= 201);
    const startMs = systemClock.monotonicMs();
    await first.close();
    t.true(systemClock.monotonicMs() - startMs < 10_000);
    t.is(first.stats()[0]?.inFlightCount, 201);
    await rig.start();
    await eventually(
      'come again',
      async () => (await rig.warehouse.rowCount(PAYMENTS)) === 200,
      60_000,
    );
    await eventually(
      'refused again',
      async () => (await rig.warehouse.quarantineCount(PAYMENTS.name)) === 1,
    );
  },
);

rigTest('late and reordered events land in the window of their event time', async (t, rig) => {
  const ingest = await rig.start();
  const events = [
    at(1, '2024-04-27T12:01:00Z'),
    at(2, '2024-04-27T12:00:00Z'),
    at(3, '2024-04-27T12:00:29.999999Z'),
    at(4, '2024-04-27T12:00:30Z'),
    at(5, '2020-01-01T00:00:00Z'),
  ];
  for (const event of events) {
    await rig.publish([event]);
  }
  await eventually('all dealt with', () => settled(ingest, events.length));
  const windows = await rig.warehouse.windows(PAYMENTS, { ...ALL_TIME, order: 'asc', limit: 100 });
  t.deepEqual(
    windows.map(({ windowStartMicros, measures }) => [
      new Date(windowStartMicros / 1_000).toISOString(),
      ...measures,
    ]),
    [
      ['2020-01-01T00:00:00.000Z', 1, 10],
      ['2024-04-27T12:00:00.000Z', 2, 20],
      ['2024-04-27T12:00:30.000Z', 1, 10],
      ['2024-04-27T12:01:00.000Z', 1, 10],
    ],
  );
});

rigTest('a subscription that is deleted is made and opened again', async (t, rig) => {
  const ingest = await rig.start();
  await rig.publish([payment(1)]);
  await eventually('stored', async () => (await rig.warehouse.rowCount(PAYMENTS)) === 1);
  await rig.pubsub.subscription(PAYMENTS.subscription).delete();
  await eventually(
    'opened again',
    () => ingest.stats()[0]!.resubscribeCount > 0 && ingest.isHealthy(),
  );
  await eventually('stored again', async () => {
    await rig.publish([payment(2)]);
    return (await rig.warehouse.rowCount(PAYMENTS)) === 2;
  });
  t.pass();
});

rigTest('repaired messages are replayed once and become rows', async (t, rig) => {
  const ingest = await rig.start();
  await rig.publish([payment(1, { amount: -5 }), payment(2, { amount: 'much' })], {
    origin: 'test',
  });
  await eventually('refused', () => settled(ingest, 2));
  const base = {
    warehouse: rig.warehouse,
    pubsub: rig.pubsub,
    stream: PAYMENTS,
    nowMs: systemClock.nowMs(),
  };

  const unrepaired = await replayQuarantine({ ...base, dryRun: false });
  t.is(unrepaired.replayedCount, 0);
  t.is(unrepaired.stillBad.length, 2);
  const dry = await replayQuarantine({ ...base, repair, dryRun: true });
  t.is(dry.replayedCount, 1);
  t.is(
    (await quarantined(rig)).filter(({ replayTimeMicros }) => replayTimeMicros !== null).length,
    0,
  );

  const wet = await replayQuarantine({ ...base, repair, dryRun: false });
  t.is(wet.replayedCount, 1);
  t.is(wet.stillBad.length, 1);
  t.regex(wet.stillBad[0]!.reason, /much/);
  await eventually('stored', async () => (await rig.warehouse.rowCount(PAYMENTS)) === 1);
  const again = await replayQuarantine({ ...base, repair, dryRun: false });
  t.is(again.replayedCount, 0);
  t.is((await rig.warehouse.event(PAYMENTS, 'p1'))?.row[2], 5);

  const [bad] = (await quarantined(rig)).filter(
    ({ replayTimeMicros }) => replayTimeMicros === null,
  );
  const options = { ...base, repair: () => JSON.stringify(payment(2)), dryRun: false };
  t.is((await replayQuarantine({ ...options, ids: ['no such id'] })).replayedCount, 0);
  t.is((await replayQuarantine({ ...options, reasonCode: 'not_json' })).replayedCount, 0);
  t.is((await replayQuarantine({ ...options, ids: [bad!.quarantineId] })).replayedCount, 1);
  await eventually('stored', async () => (await rig.warehouse.rowCount(PAYMENTS)) === 2);
});
