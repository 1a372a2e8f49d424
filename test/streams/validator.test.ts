import { join } from 'node:path';
import test from 'ava';
import * as fc from 'fast-check';
import { compileValidator, loadStreams } from '../../streams/index.ts';
import type { Column, ColumnType, RefusalCode, Stream } from '../../streams/index.ts';

const NOW_MS = Date.UTC(2024, 3, 27, 12);

const column = (name: string, type: ColumnType, rest: Partial<Column> = {}): Column => ({
  name,
  type,
  isRequired: false,
  description: '',
  ...rest,
});

const stream: Stream = {
  name: 'all',
  description: '',
  topic: 'all',
  subscription: 'all-ingest',
  deadLetterTopic: 'all-dead-letter',
  columns: [
    column('id', 'STRING', { isRequired: true, lengthMax: 5 }),
    column('time', 'TIMESTAMP', { isRequired: true }),
    column('amount', 'FLOAT64', { exclusiveMinimum: 0, maximum: 100 }),
    column('count', 'INT64', { minimum: -1, exclusiveMaximum: Infinity }),
    column('currency', 'STRING', { pattern: '^[A-Z]{3}$' }),
    column('kind', 'STRING', { enum: ['a', 'b'] }),
    column('is_card', 'BOOL'),
    column('day', 'DATE'),
    column('data', 'JSON', { lengthMax: 20 }),
    column('constructor', 'STRING'),
  ],
  eventId: 'id',
  eventTime: 'time',
  futureToleranceMs: 600_000,
  filters: [],
  clustering: [],
};
const validate = compileValidator(stream);
const base = { id: '1', time: '2024-04-27T12:00:00Z' };

const REFUSED: readonly (readonly [string, unknown, RefusalCode, string?])[] = [
  ['null', null, 'not_an_object'],
  ['an array', [base], 'not_an_object'],
  ['a number', 5, 'not_an_object'],
  ['no id', { time: base.time }, 'missing_field', 'id'],
  ['a null id', { ...base, id: null }, 'missing_field', 'id'],
  ['an empty id', { ...base, id: '' }, 'out_of_range', 'id'],
  ['a long id', { ...base, id: '123456' }, 'too_large', 'id'],
  ['half a character', { ...base, id: '\ud800' }, 'bad_encoding', 'id'],
  ['a number as id', { ...base, id: 1 }, 'wrong_type', 'id'],
  ['a bad time', { ...base, time: 'today' }, 'bad_timestamp', 'time'],
  ['a number as time', { ...base, time: 5 }, 'wrong_type', 'time'],
  [
    'a time too far ahead',
    { ...base, time: '2024-04-27T12:10:00.000001Z' },
    'future_timestamp',
    'time',
  ],
  ['an amount of zero', { ...base, amount: 0 }, 'out_of_range', 'amount'],
  ['an amount of -0', { ...base, amount: -0 }, 'out_of_range', 'amount'],
  ['an amount over the maximum', { ...base, amount: 100.1 }, 'out_of_range', 'amount'],
  ['an endless amount', JSON.parse('{"amount":1e999}'), 'missing_field', 'id'],
  ['infinity', { ...base, count: Infinity }, 'out_of_range', 'count'],
  ['not a number', { ...base, amount: Number.NaN }, 'wrong_type', 'amount'],
  ['a text as amount', { ...base, amount: '5' }, 'wrong_type', 'amount'],
  ['a fraction as count', { ...base, count: 1.5 }, 'wrong_type', 'count'],
  ['an unsafe count', { ...base, count: 2 ** 53 }, 'out_of_range', 'count'],
  ['a low count', { ...base, count: -2 }, 'out_of_range', 'count'],
  ['a lower-case currency', { ...base, currency: 'eur' }, 'out_of_range', 'currency'],
  ['an unknown kind', { ...base, kind: 'c' }, 'out_of_range', 'kind'],
  ['a text as truth', { ...base, is_card: 'true' }, 'wrong_type', 'is_card'],
  ['a day that is none', { ...base, day: '2024-02-30' }, 'bad_timestamp', 'day'],
  ['long JSON', { ...base, data: 'x'.repeat(19) }, 'too_large', 'data'],
  ['half a character in JSON', { ...base, data: ['\ud800'] }, 'bad_encoding', 'data'],
  ['an unknown field', { ...base, other: 1 }, 'unknown_field', 'other'],
  [
    'a __proto__ field',
    JSON.parse('{"id":"1","time":"2024-04-27T12:00:00Z","__proto__":{}}'),
    'unknown_field',
    '__proto__',
  ],
  ['a toString field', { ...base, toString: 1 }, 'unknown_field', 'toString'],
];

for (const [what, event, code, field] of REFUSED) {
  test(`${what} is refused as ${code}`, (t) => {
    const result = validate(event, NOW_MS);
    t.false(result.ok);
    if (result.ok) return;
    t.is(result.problems[0].code, code);
    t.is(result.problems[0].field, field);
    t.regex(result.problems[0].reason, /^expected .+; got /);
  });
}

test('an event is one cell a column, in order, and what is absent is null', (t) => {
  t.deepEqual(validate(base, NOW_MS), {
    ok: true,
    row: ['1', NOW_MS * 1_000, null, null, null, null, null, null, null, null],
  });
  const full = {
    ...base,
    id: '😀😀😀😀😀',
    time: '2024-04-27T12:10:00Z',
    amount: 100,
    count: -0,
    currency: 'EUR',
    kind: 'b',
    is_card: false,
    day: '2024-02-29',
    data: { a: ['\\ud800'] },
    constructor: 'x',
  };
  t.deepEqual(validate(full, NOW_MS), {
    ok: true,
    row: [
      '😀😀😀😀😀',
      (NOW_MS + 600_000) * 1_000,
      100,
      0,
      'EUR',
      'b',
      false,
      '2024-02-29',
      '{"a":["\\\\ud800"]}',
      'x',
    ],
  });
});

test('every fault is named, the first column first, up to a limit', (t) => {
  const result = validate({ time: 5, amount: 0, x: 1 }, NOW_MS);
  t.false(result.ok);
  if (result.ok) return;
  t.deepEqual(
    result.problems.map(({ field }) => field),
    ['id', 'time', 'amount', 'x'],
  );
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${index}`, 1]));
  const flood = validate(many, NOW_MS);
  t.is(flood.ok ? 0 : flood.problems.length, 20);
});

test('nesting deeper than the stack is refused', (t) => {
  const data: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
  t.false(validate({ ...base, data }, NOW_MS).ok);
});

test('a required JSON column takes null as a value', (t) => {
  const events = loadStreams(join(import.meta.dirname, '../../streams')).find(
    ({ name }) => name === 'events',
  );
  const result = compileValidator(events!)(
    { id: '1', timestamp: '2024-04-27T12:00:00Z', data: null },
    NOW_MS,
  );
  t.deepEqual(result.ok && result.row, ['1', NOW_MS * 1_000, 'null']);
});

test('nothing that JSON can hold makes it throw', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, other) => {
      validate(value, NOW_MS);
      for (const { name } of stream.columns) validate({ ...base, [name]: value, x: other }, NOW_MS);
    }),
    { numRuns: 300 },
  );
  t.pass();
});
