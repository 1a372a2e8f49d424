import test from 'ava';
import * as fc from 'fast-check';
import { formatTimestamp, parseTimestamp } from '../../streams/index.ts';

const micros = (text: string) => Date.parse(text) * 1_000;

const GOOD: readonly (readonly [string, number, string])[] = [
  ['1970-01-01T00:00:00Z', 0, '1970-01-01T00:00:00Z'],
  ['1969-12-31T23:59:59.999999Z', -1, '1969-12-31T23:59:59.999999Z'],
  ['2024-02-29T12:00:00.5Z', micros('2024-02-29T12:00:00.500Z'), '2024-02-29T12:00:00.500Z'],
  ['2024-04-27t12:00:00z', micros('2024-04-27T12:00:00Z'), '2024-04-27T12:00:00Z'],
  ['2024-04-27T12:00:00+05:30', micros('2024-04-27T06:30:00Z'), '2024-04-27T06:30:00Z'],
  ['2024-12-31T23:30:00-01:00', micros('2025-01-01T00:30:00Z'), '2025-01-01T00:30:00Z'],
  ['1900-01-01T00:00:00Z', micros('1900-01-01T00:00:00Z'), '1900-01-01T00:00:00Z'],
  [
    '2200-12-31T23:59:59.000001Z',
    micros('2200-12-31T23:59:59Z') + 1,
    '2200-12-31T23:59:59.000001Z',
  ],
];

for (const [text, value, shown] of GOOD) {
  test(`${text} is ${value} microseconds and is written ${shown}`, (t) => {
    t.is(parseTimestamp(text), value);
    t.is(formatTimestamp(value), shown);
  });
}

for (const text of [
  '',
  '2024-04-27',
  '2024-04-27T12:00:00',
  '2024-04-27 12:00:00Z',
  '2023-02-29T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2024-04-31T00:00:00Z',
  '2024-13-01T00:00:00Z',
  '2024-00-01T00:00:00Z',
  '2024-01-00T00:00:00Z',
  '2024-01-01T24:00:00Z',
  '2024-01-01T00:60:00Z',
  '2024-01-01T00:00:60Z',
  '2024-01-01T00:00:00.Z',
  '2024-01-01T00:00:00.1234567Z',
  '2024-01-01T00:00:00Zx',
  '2024-01-01T00:00:00+24:00',
  '2024-01-01T00:00:00+0100',
  '1899-12-31T23:59:59Z',
  '2201-01-01T00:00:00Z',
  '２024-01-01T00:00:00Z',
]) {
  test(`"${text}" is no timestamp`, (t) => t.is(parseTimestamp(text), undefined));
}

test('every instant of the range is read back as it was written', (t) => {
  const range = { min: micros('1900-01-01T00:00:00Z'), max: micros('2200-12-31T23:59:59Z') };
  fc.assert(
    fc.property(fc.integer(range), (value) => parseTimestamp(formatTimestamp(value)) === value),
  );
  t.pass();
});
