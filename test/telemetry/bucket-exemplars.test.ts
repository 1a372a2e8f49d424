/** Exemplars of a histogram: what `/metrics` shows has a trace for sure, what an alert looks through need not. */
import test from 'ava';
import { BucketExemplars } from '../../telemetry/bucket-exemplars.ts';

const GET = { route: '/a', status: '200' };
const FAILED = { route: '/a', status: '500' };
const ids = (n: number, isSampled = true) => ({
  traceId: String(n),
  spanId: `s${n}`,
  atMs: n,
  isSampled,
});

test('the newest sampled observation of each bucket and series; a value at a bound is of the bucket below', (t) => {
  const exemplars = new BucketExemplars([0.1, 1]);
  exemplars.note(GET, 0.1, ids(1));
  exemplars.note(GET, 0.05, ids(2));
  exemplars.note(GET, 0.10001, ids(3));
  exemplars.note(GET, 5, ids(4));
  exemplars.note(FAILED, 5, ids(5));
  const shown = exemplars.of(GET).map((each) => each && [each.traceId, each.value]);
  t.deepEqual(shown, [
    ['2', 0.05],
    ['3', 0.10001],
    ['4', 5],
  ]);
  t.deepEqual(
    exemplars.of(FAILED).map((each) => each?.traceId),
    [undefined, undefined, '5'],
  );
  t.deepEqual(exemplars.of({ route: '/b', status: '200' }), []);
});

test('one that is not sampled is not shown, and hides none that is; both are looked through, the newest first', (t) => {
  const exemplars = new BucketExemplars([0.1]);
  exemplars.note(GET, 2, ids(1));
  exemplars.note(GET, 3, ids(2, false));
  exemplars.note(FAILED, 4, ids(3, false));
  t.deepEqual(
    exemplars.of(GET).map((each) => each?.traceId),
    [undefined, '1'],
  );
  t.deepEqual(
    exemplars.all().map(({ traceId, value, labels }) => [traceId, value, labels.status]),
    [
      ['3', 4, '500'],
      ['2', 3, '200'],
      ['1', 2, '200'],
    ],
  );
});

test('a thousand observations leave two a bucket', (t) => {
  const exemplars = new BucketExemplars([0.1]);
  for (let n = 0; n < 1_000; n++) exemplars.note(GET, n % 2, ids(n, n % 10 < 2));
  t.is(exemplars.all().length, 4);
});
