/** Counts as files: what is read, and how each wrong thing is told. */
import test from 'ava';
import { parseCounts } from '../../../alerts/backtest/index.ts';

const ROW = {
  atMs: Date.UTC(2026, 10, 1),
  slo: 'api-availability',
  labels: {},
  badCount: 1,
  validCount: 600,
};

const SAME: readonly (readonly [string, string])[] = [
  ['CSV', 'time,slo,good,valid\n2026-11-01T00:00:00Z,api-availability,599,600\n'],
  ['errors and total', 'slo,errors,total,time\napi-availability,1,600,2026-11-01T01:00:00+01:00'],
  ['seconds since 1970', 'time,slo,bad,valid\r\n1793491200,api-availability,1,600\r\n'],
  ['quoted cells', 'time,slo,bad,valid\n"2026-11-01 00:00:00Z","api-availability",1,"600"\n'],
  ['NDJSON', '{"time":"2026-11-01T00:00:00Z","slo":"api-availability","good":599,"valid":600}\n'],
  ['NDJSON with seconds', '\n{"time":1793491200,"slo":"api-availability","errors":1,"total":600}'],
];

for (const [what, text] of SAME) {
  test(`${what}: one row of 599 good events of 600`, (t) => {
    t.deepEqual(parseCounts(text, 'counts'), [ROW]);
  });
}

test('further columns are labels, empty ones none', (t) => {
  const csv = 'time,slo,good,valid,stream,zone\n1793491200,api-availability,599,600,"a, ""b""",\n';
  t.deepEqual(parseCounts(csv, 'c.csv'), [{ ...ROW, labels: { stream: 'a, "b"' } }]);
  const json =
    '{"time":1793491200,"slo":"api-availability","good":599,"valid":600,"labels":{"stream":"x"},"zone":3}';
  t.deepEqual(parseCounts(json, 'c.json'), [{ ...ROW, labels: { stream: 'x', zone: '3' } }]);
});

test('every problem is told at once, with its line and a value that would pass', (t) => {
  const text = [
    'time,slo,good,valid',
    'yesterday,api-availability,1,2',
    '1793491200,,1,2',
    '1793491200,api-availability,-1,2',
    '1793491200,api-availability,3,2',
    '1793491200,api-availability,3',
  ].join('\n');
  const error = t.throws(() => parseCounts(text, 'c.csv'), { code: 'invalid_argument' });
  t.deepEqual(error?.message.split('\n  ').slice(1), [
    'c.csv:2 time: expected an instant such as 2026-11-01T00:00:00Z, or seconds since 1970; got yesterday',
    'c.csv:3 slo: expected the name of an SLO, such as api-availability; got nothing',
    'c.csv:4 good: expected a number from 0 up, such as 600; got -1',
    'c.csv:5 valid: expected no fewer events than are good or bad; got 2',
    'c.csv:6 line: expected 4 fields, as the header has; got 3',
  ]);
});

test('a file without rows, without its columns or that is no JSON is refused', (t) => {
  for (const [text, message] of [
    ['', /c:1 rows: expected at least one/],
    ['a,b\n1,2\n', /c:1 header: expected a header row such as time,slo,good,valid; got a,b/],
    ['time,slo,valid\n1793491200,x,2\n', /c:2 good: expected exactly one of good and errors/],
    ['time,slo,good\n1793491200,x,2\n', /c:2 valid: expected a column valid or total/],
    ['{"time":1}\n{oops\n', /c:2 line: expected one JSON object/],
  ] as const) {
    t.throws(() => parseCounts(text, 'c'), { message });
  }
});
