/** A label can grow to its limit and no further. */
import test from 'ava';
import { CATALOGUE, metricSpec } from '../../telemetry/index.ts';
import { LabelLimits } from '../../telemetry/label-limits.ts';

test('values beyond the limit of a label are other, those before it stay themselves', (t) => {
  const limits = new LabelLimits({ route: { limit: 2 } });
  const routeOf = (route: string) => limits.apply({ route })['route'];
  t.deepEqual(['/a', '/b', '/c', '/a', '/d', '/b'].map(routeOf), [
    '/a',
    '/b',
    'other',
    '/a',
    'other',
    '/b',
  ]);
});

test('known values have their places before any other comes', (t) => {
  const limits = new LabelLimits({ outcome: { limit: 2, values: ['ok', 'error'] } });
  t.deepEqual(limits.apply({ outcome: 'odd' }), { outcome: 'other' });
  t.deepEqual(limits.apply({ outcome: 'error' }), { outcome: 'error' });
});

test('each label has its own limit; labels that the metric has not are left out', (t) => {
  const limits = new LabelLimits({ a: { limit: 1 }, b: { limit: 2 } });
  limits.apply({ a: '1', b: '1' });
  t.deepEqual(limits.apply({ a: '2', b: '2', c: '3' }), { a: 'other', b: '2' });
  t.deepEqual(limits.apply({}), { a: 'other', b: 'other' });
});

test('every label of the catalogue has a limit that its known values keep', (t) => {
  for (const name of Object.keys(CATALOGUE)) {
    for (const [label, { limit, values = [] }] of Object.entries(metricSpec(name)!.labels)) {
      t.true(limit >= 1 && values.length <= limit, `${name} ${label}`);
    }
  }
});
