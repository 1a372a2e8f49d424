import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { isAppError } from '../../runtime/index.ts';
import { loadStreams } from '../../streams/index.ts';

const GOOD = `stream: payments
columns:
  - { name: id, type: STRING, mode: REQUIRED }
  - { name: time, type: TIMESTAMP, mode: REQUIRED }
  - { name: amount, type: FLOAT64 }
  - { name: shop, type: STRING }
event_id: id
event_time: time
filters: [shop]
windows:
  size: 30s
  measures:
    - { name: total, function: count }
    - { name: amount_sum, function: sum, column: amount }
  spike: { measure: total, factor: 2 }
`;

function load(t: ExecutionContext, files: Readonly<Record<string, string>>) {
  const dir = mkdtempSync(join(tmpdir(), 'highwater-streams-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  try {
    return { streams: loadStreams(dir), problems: [] as readonly string[] };
  } catch (error) {
    if (!isAppError(error, 'invalid_definition')) throw error;
    const lines = error.message.split('\n').slice(1);
    return { streams: [], problems: lines.map((line) => line.trim().replace(`${dir}/`, '')) };
  }
}

test('a file becomes a stream with its defaults', (t) => {
  const [stream] = load(t, { 'a.yaml': GOOD }).streams;
  t.like(stream, {
    name: 'payments',
    topic: 'payments',
    subscription: 'payments-ingest',
    deadLetterTopic: 'payments-dead-letter',
    futureToleranceMs: 600_000,
    filters: ['shop'],
  });
  t.is(stream?.columns[0]?.lengthMax, 65_536);
  t.like(stream?.windows, { sizeMs: 30_000, allowedLatenessMs: 60_000 });
});

const BROKEN: readonly (readonly [string, string | RegExp, string, string])[] = [
  [
    'a broken name',
    'stream: payments',
    'stream: Pay-ments',
    'a.yaml:1 stream: expected a name of a-z, 0-9 and _, a letter first, such as transactions; got Pay-ments',
  ],
  [
    'a reserved name',
    'stream: payments',
    'stream: a_windows',
    'a.yaml:1 stream: expected a name that does not start with highwater_ or end with _windows or _deduplicated (the warehouse has its own of those), such as payments; got a_windows',
  ],
  [
    'an unknown key',
    'filters:',
    'filter:',
    'a.yaml:9 filter: expected only the keys stream, description, topic, subscription, dead_letter_topic, columns, event_id, event_time, future_tolerance, filters, clustering, windows, expect_every; got filter',
  ],
  [
    'an unknown type',
    'type: FLOAT64',
    'type: FLOAT',
    'a.yaml:5 columns.2.type: expected one of STRING, INT64, FLOAT64, BOOL, TIMESTAMP, DATE, JSON, such as STRING; got FLOAT',
  ],
  [
    'a column twice',
    'name: shop, type',
    'name: id, type',
    'a.yaml:6 columns.3.name: expected each name once; got id',
  ],
  [
    'a metadata name',
    'name: shop, type',
    'name: ingest_time, type',
    'a.yaml:6 columns.3.name: expected a name other than message_id, publish_time, ingest_time, ingest_sequence, window_start_time, which the warehouse adds, such as source_ingest_time; got ingest_time',
  ],
  [
    'a nullable event id',
    'type: STRING, mode: REQUIRED',
    'type: STRING',
    'a.yaml:7 event_id: expected a REQUIRED STRING column, such as { name: id, type: STRING, mode: REQUIRED }; got id',
  ],
  [
    'an unknown event time',
    'event_time: time',
    'event_time: when',
    'a.yaml:8 event_time: expected the name of a REQUIRED TIMESTAMP column, such as time; got when',
  ],
  [
    'a filter on a number with a fraction',
    'filters: [shop]',
    'filters: [amount]',
    'a.yaml:9 filters.0: expected the name of a STRING, INT64, BOOL, DATE column, such as id; got amount',
  ],
  [
    'a size that does not divide a day',
    'size: 30s',
    'size: 7s',
    'a.yaml:11 windows.size: expected at least 1s that divides a day evenly, such as 30s; got 7s',
  ],
  [
    'a size that is no duration',
    'size: 30s',
    'size: 30',
    'a.yaml:11 windows.size: expected a duration, such as 30s; got 30',
  ],
  [
    'a sum of texts',
    'column: amount',
    'column: shop',
    'a.yaml:14 windows.measures.1.column: expected the name of a INT64, FLOAT64 column, such as amount; got shop',
  ],
  [
    'a spike of no measure',
    'measure: total',
    'measure: none',
    'a.yaml:15 windows.spike.measure: expected a measure, such as total; got none',
  ],
  [
    'a pattern that does not compile',
    'name: shop, type: STRING',
    "name: shop, type: STRING, pattern: '('",
    "a.yaml:6 columns.3.pattern: expected a regular expression that compiles, such as '^[A-Z]{3}$'; got (",
  ],
  [
    'a key twice',
    'event_id: id',
    'event_id: id\nevent_id: id',
    'a.yaml:8: expected valid YAML; got: Map keys must be unique',
  ],
];

for (const [what, from, to, problem] of BROKEN) {
  test(`${what} is refused with its line, what is expected and what was got`, (t) => {
    t.true(load(t, { 'a.yaml': GOOD.replace(from, to) }).problems.includes(problem));
  });
}

test('all problems of all files are told at once', (t) => {
  const { problems } = load(t, {
    'a.yaml': GOOD.replace('size: 30s', 'size: 7s').replace('type: FLOAT64', 'type: FLOAT'),
    'b.yaml': '',
    'c.yaml': 'stream: [',
  });
  t.deepEqual(
    [...new Set(problems.map((problem) => problem.slice(0, 6)))],
    ['a.yaml', 'b.yaml', 'c.yaml'],
  );
  t.is(problems.filter((problem) => problem.startsWith('a.yaml')).length, 2);
});

test('two files of one stream, or of one topic, are refused', (t) => {
  const twin = GOOD.replace('payments', 'others\ntopic: payments');
  t.deepEqual(load(t, { 'a.yaml': GOOD, 'b.yaml': twin }).problems, [
    'b.yaml:2 topic: expected a topic that no other file has; got payments',
  ]);
  t.is(load(t, { 'a.yaml': GOOD, 'b.yaml': GOOD }).problems.length, 3);
});

test('a folder without streams, or no folder, is refused', (t) => {
  t.is(load(t, {}).problems.length, 1);
  t.throws(() => loadStreams('/nowhere'), { message: /expected a folder/ });
});
