import test from 'ava';
import { Batcher } from '../../ingest/batcher.ts';
import { BatchRunner } from '../../ingest/batch-runner.ts';
import { VirtualClock } from '../../runtime/index.ts';

const limits = { rowsMax: 3, bytesMax: 100, waitMs: 200 };

test('a batch is full at its largest number of rows', (t) => {
  const batcher = new Batcher<string>(limits);
  for (const item of ['a', 'b', 'c', 'd']) batcher.add(item, 1, 0);
  t.deepEqual(batcher.take(0), ['a', 'b', 'c']);
  t.is(batcher.take(0), undefined);
});

test('a row that would exceed the bytes opens the next batch', (t) => {
  const batcher = new Batcher<string>(limits);
  batcher.add('a', 60, 0);
  batcher.add('b', 41, 0);
  t.deepEqual(batcher.take(0), ['a']);
  t.is(batcher.take(199), undefined);
  t.deepEqual(batcher.take(200), ['b']);
});

test('a row larger than a batch travels alone', (t) => {
  const batcher = new Batcher<string>(limits);
  batcher.add('a', 1, 0);
  batcher.add('b', 1_000, 0);
  batcher.add('c', 1, 0);
  t.deepEqual([batcher.take(0), batcher.take(0), batcher.take(0)], [['a'], ['b'], undefined]);
});

test('a batch is due when its oldest row has waited long enough', (t) => {
  const batcher = new Batcher<string>(limits);
  batcher.add('a', 1, 1_000);
  batcher.add('b', 1, 1_150);
  t.is(batcher.dueAtMs(), 1_200);
  t.is(batcher.take(1_199), undefined);
  t.deepEqual(batcher.take(1_200), ['a', 'b']);
  t.is(batcher.dueAtMs(), undefined);
});

test('the runner keeps to its commits in flight and loses no row', async (t) => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  let inFlight = 0;
  let inFlightMax = 0;
  const runner = new BatchRunner<string>({
    limits,
    inFlightMax: 2,
    clock,
    async run(batch) {
      inFlight += 1;
      inFlightMax = Math.max(inFlightMax, inFlight);
      await clock.sleep(50);
      seen.push(...batch);
      inFlight -= 1;
    },
  });
  const items = Array.from({ length: 20 }, (_, index) => `item ${index}`);
  for (const item of items) runner.add(item, 1);
  await clock.advance(1_000);
  t.is(inFlightMax, 2);
  t.deepEqual(seen, items);
  t.true(runner.isIdle());
});

test('a lone row is committed once it has waited long enough', async (t) => {
  const clock = new VirtualClock();
  const batches: (readonly string[])[] = [];
  const runner = new BatchRunner<string>({
    limits,
    inFlightMax: 1,
    clock,
    run: async (batch) => void batches.push(batch),
  });
  runner.add('a', 1);
  await clock.advance(150);
  runner.add('b', 1);
  await clock.advance(49);
  t.deepEqual(batches, []);
  await clock.advance(1);
  t.deepEqual(batches, [['a', 'b']]);
});

test('a flush does not wait for batches to fill', async (t) => {
  const clock = new VirtualClock();
  const batches: (readonly string[])[] = [];
  const runner = new BatchRunner<string>({
    limits,
    inFlightMax: 1,
    clock,
    run: async (batch) => void batches.push(batch),
  });
  runner.add('a', 1);
  await runner.flush();
  t.deepEqual(batches, [['a']]);
});
