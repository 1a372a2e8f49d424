/** The shape of a stream file, with what is expected in each place and a value that would pass. */
import { z } from 'zod';
import {
  choiceOf as choice,
  durationOf as duration,
  mappingOf as mapping,
  textOf as text,
} from '../runtime/index.ts';

export const NAME_PATTERN = /^[a-z][a-z0-9_]{0,62}$/;
/** Source: Pub/Sub resource names: 3 to 255 characters, a letter first, not starting with goog. */
export const RESOURCE_PATTERN = /^(?!goog)[A-Za-z][A-Za-z0-9._~%+-]{2,254}$/;
export const COLUMN_TYPES = [
  'STRING',
  'INT64',
  'FLOAT64',
  'BOOL',
  'TIMESTAMP',
  'DATE',
  'JSON',
] as const;
/** Well above any event that people write, well below BigQuery's 10,000. */
export const COLUMNS_MAX = 300;
/** Source: BigQuery takes at most four clustering columns. */
export const CLUSTERING_MAX = 4;

const number = (expected: string) => z.number({ error: `expected ${expected}` });
const names = (expected: string, countMax: number) => {
  const error = `expected ${expected}`;
  return z.array(text('a column name, such as merchant'), { error }).max(countMax, { error });
};

const lengthError = { error: 'expected a whole number from 1 to 10485760, such as 128' };
const name = (what: string, example: string) =>
  text(`${what} of a-z, 0-9 and _, a letter first, such as ${example}`, NAME_PATTERN);

export const columnSchema = mapping('a column, such as { name: merchant, type: STRING }', {
  name: name('a name', 'merchant'),
  type: choice(COLUMN_TYPES),
  mode: choice(['NULLABLE', 'REQUIRED']).default('NULLABLE'),
  description: text('a text, such as "Who was paid."').default(''),
  minimum: number('a number, such as 0').optional(),
  exclusive_minimum: number('a number, such as 0').optional(),
  maximum: number('a number, such as 100').optional(),
  exclusive_maximum: number('a number, such as 100').optional(),
  length_max: z.int(lengthError).min(1, lengthError).max(10_485_760, lengthError).optional(),
  pattern: text("a regular expression, such as '^[A-Z]{3}$'").optional(),
  enum: z
    .array(text('a text, such as card'), {
      error: 'expected a list of texts, such as [card, cash]',
    })
    .min(1, { error: 'expected at least one text, such as [card, cash]' })
    .optional(),
});

const measureSchema = mapping(
  'a measure, such as { name: amount_sum, function: sum, column: amount }',
  {
    name: name('a name', 'amount_sum'),
    function: choice(['count', 'sum', 'avg', 'max', 'min']),
    column: text('a numeric column, such as amount').optional(),
  },
);

export const windowsSchema = mapping('windows, such as { size: 30s, measures: [...] }', {
  size: duration('30s'),
  allowed_lateness: duration('1m').default(60_000),
  group_by: names('at most 4 column names, such as [category]', 4).default([]),
  measures: z
    .array(measureSchema, { error: 'expected a list of measures' })
    .min(1, { error: 'expected at least one measure, such as { name: total, function: count }' })
    .max(20, { error: 'expected at most 20 measures' }),
  spike: mapping('a spike, such as { measure: total_amount_sum, factor: 2 }', {
    measure: text('the name of a measure, such as total_amount_sum'),
    factor: number('a number of at least 1, such as 2').min(1, {
      error: 'expected a number of at least 1, such as 2',
    }),
  }).optional(),
});

const resource = (example: string) =>
  text(`a Pub/Sub name of 3 to 255 characters, such as ${example}`, RESOURCE_PATTERN).optional();

export const streamSchema = mapping('a mapping, such as the one in transactions.yaml', {
  stream: name('a name', 'transactions'),
  description: text('a text, such as "Payments as they are made."').default(''),
  topic: resource('transactions'),
  subscription: resource('transactions-ingest'),
  dead_letter_topic: resource('transactions-dead-letter'),
  columns: z
    .array(columnSchema, { error: 'expected a list of columns' })
    .min(1, { error: 'expected at least one column' })
    .max(COLUMNS_MAX, { error: `expected at most ${COLUMNS_MAX} columns` }),
  event_id: text('the name of a REQUIRED STRING column, such as transaction_id'),
  event_time: text('the name of a REQUIRED TIMESTAMP column, such as timestamp'),
  future_tolerance: duration('10m').default(600_000),
  filters: names('column names, such as [merchant, category]', COLUMNS_MAX).default([]),
  clustering: names(
    `at most ${CLUSTERING_MAX} column names, such as [category]`,
    CLUSTERING_MAX,
  ).default([]),
  windows: windowsSchema.optional(),
  expect_every: duration('5m').optional(),
});

export type StreamFile = z.output<typeof streamSchema>;
export type ColumnFile = z.output<typeof columnSchema>;
export type WindowsFile = z.output<typeof windowsSchema>;
