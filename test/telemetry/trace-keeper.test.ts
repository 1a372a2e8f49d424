/** Which traces are exported: their share, and whole whatever the share where one of their spans failed or was slow. */
import { TraceFlags } from '@opentelemetry/api';
import test from 'ava';
import { ALWAYS_IN_SHARE, fail, keeperRig } from './spans.ts';

test('a trace beyond the share, without an error and quick, is left', (t) => {
  const { start, counts, names } = keeperRig();
  const root = start('request');
  start('query', { parent: root }).end(499);
  root.end(499);
  t.deepEqual(names(), []);
  t.deepEqual(counts, { sampled: 0, kept: 0, left: 2, dropped: 0 });
});

test('a trace within the share goes out span by span', (t) => {
  const { start, counts, names } = keeperRig({ share: 0.1, traceIds: [ALWAYS_IN_SHARE] });
  const root = start('request');
  start('query', { parent: root }).end(1);
  t.deepEqual(names(), ['query']);
  root.end(2);
  t.deepEqual(names(), ['query', 'request']);
  t.deepEqual(counts, { sampled: 2, kept: 0, left: 0, dropped: 0 });
});

for (const [what, finish] of [
  ['failed', (span) => fail(span).end(1)],
  ['took 500 ms', (span) => span.end(500)],
] as const satisfies [string, (span: ReturnType<typeof fail>) => void][]) {
  test(`a trace of which a span ${what} is kept whole, once it is over, marked as sampled`, (t) => {
    const { start, counts, names, spans } = keeperRig({ slowMs: 500 });
    const root = start('request');
    start('first query', { parent: root }).end(1);
    finish(start('second query', { parent: root }));
    t.deepEqual(names(), []);
    root.end(2);
    t.deepEqual(names(), ['first query', 'second query', 'request']);
    const sampled: number = TraceFlags.SAMPLED;
    t.true(spans().every((span) => span.spanContext().traceFlags === sampled));
    t.deepEqual(counts, { sampled: 0, kept: 3, left: 0, dropped: 0 });
  });
}

test('traces beside each other are decided on each by itself', (t) => {
  const { start, names } = keeperRig();
  const good = start('good');
  const bad = start('bad');
  fail(start('query of bad', { parent: bad })).end(1);
  start('query of good', { parent: good }).end(1);
  good.end(2);
  bad.end(2);
  t.deepEqual(names(), ['query of bad', 'bad']);
});

test('a trace whose parent is elsewhere is decided on when its part here is over', (t) => {
  const { start, names } = keeperRig();
  const parent = {
    traceId: 'b'.repeat(24) + 'f'.repeat(8),
    spanId: 'c'.repeat(16),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
  start('quiet', { parent }).end(1);
  fail(start('loud', { parent })).end(1);
  t.deepEqual(names(), ['loud']);
});

test('the oldest of 1,000 traces under way is given up for a new one, and counted', (t) => {
  const { start, counts, names } = keeperRig();
  const oldest = start('oldest');
  fail(start('query', { parent: oldest })).end(1);
  const others = Array.from({ length: 1_000 }, (_, n) => start(`other ${n}`));
  t.is(counts.dropped, 1);
  oldest.end(2);
  t.is(counts.dropped, 2);
  for (const other of others) fail(other).end(1);
  t.is(counts.kept, 1_000);
  t.false(names().includes('oldest'));
});

test('160 spans of a trace are held; those after them are dropped and counted', (t) => {
  const { start, counts, names } = keeperRig();
  const root = start('request');
  for (let n = 0; n < 170; n++) start(`query ${n}`, { parent: root }).end(1);
  fail(root).end(2);
  t.is(names().length, 160);
  t.deepEqual(counts, { sampled: 0, kept: 160, left: 0, dropped: 11 });
});

test('what is still under way at shutdown is given up', async (t) => {
  const { start, keeper, names } = keeperRig();
  const root = fail(start('request'));
  await keeper.shutdown();
  root.end(1);
  t.deepEqual(names(), []);
});
