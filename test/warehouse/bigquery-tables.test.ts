/** What is sent to create and extend tables: the emulator keeps days, clustering and new columns to itself. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { bigqueryRest } from '../../warehouse/bigquery-rest.ts';
import { tableOf, viewsOf } from '../../warehouse/bigquery-schema.ts';
import {
  prepareDataset,
  prepareTable,
  prepareView,
  tableConflicts,
} from '../../warehouse/bigquery-tables.ts';
import { startBigqueryStandIn } from '../helpers/bigquery-stand-in.ts';
import { column, payments } from './fixtures/streams.ts';

const table = tableOf({ ...payments, clustering: ['shop'] });
const NOT_FOUND = { status: 404, body: { error: { code: 404, message: 'Not found' } } };

async function setUp(t: ExecutionContext) {
  const standIn = await startBigqueryStandIn();
  t.teardown(() => standIn.close());
  const { endpoint } = standIn;
  const send = bigqueryRest({ projectId: 'p', endpoint, requestTimeoutMs: 60_000 });
  return { standIn, dataset: { send, projectId: 'p', id: 'd', location: 'EU' } };
}

test('a new table has a partition a day with a required condition, and is clustered', async (t) => {
  const { standIn, dataset } = await setUp(t);
  standIn.answer = ({ method }) => (method === 'GET' ? NOT_FOUND : { body: {} });
  await prepareDataset(dataset);
  await prepareTable(dataset, table);
  const [, createDataset, , createTable] = standIn.requests;
  t.like(createDataset, { method: 'POST', path: '/datasets', body: { location: 'EU' } });
  t.like(createTable, { method: 'POST', path: '/datasets/d/tables' });
  t.deepEqual(createTable?.body['timePartitioning'], { type: 'DAY', field: 'time' });
  t.true(createTable?.body['requirePartitionFilter']);
  t.deepEqual(createTable?.body['clustering'], { fields: ['shop', 'id'] });
});

test('processes that create the same table at once both go on', async (t) => {
  const { standIn, dataset } = await setUp(t);
  standIn.answer = ({ method }) =>
    method === 'GET'
      ? NOT_FOUND
      : {
          status: 409,
          body: { error: { code: 409, message: 'Already Exists: Table p:d.payments' } },
        };
  await t.notThrowsAsync(prepareTable(dataset, table));
});

test('a new NULLABLE column is added behind the stored ones, whose legacy names fit', async (t) => {
  const { standIn, dataset } = await setUp(t);
  const legacy = { INT64: 'INTEGER', FLOAT64: 'FLOAT', BOOL: 'BOOLEAN' } as Record<string, string>;
  const fields = table.columns.map(({ name, type, mode }) => ({
    name,
    type: legacy[type] ?? type,
    ...(mode === 'NULLABLE' ? {} : { mode }),
  }));
  standIn.answer = () => ({ body: { schema: { fields }, timePartitioning: { field: 'time' } } });
  t.deepEqual(await tableConflicts(dataset, table), []);
  await prepareTable(dataset, table);
  t.true(
    standIn.requests.every(({ method }) => method === 'GET'),
    'nothing to change',
  );

  const wider = tableOf({ ...payments, columns: [...payments.columns, column('note', 'STRING')] });
  t.deepEqual(await tableConflicts(dataset, wider), []);
  await prepareTable(dataset, wider);
  const patch = standIn.requests.at(-1)!;
  t.like(patch, { method: 'PATCH', path: '/datasets/d/tables/payments' });
  t.deepEqual(patch.body['schema'], {
    fields: [...fields, { name: 'note', type: 'STRING', mode: 'NULLABLE', description: '' }],
  });
  const required = tableOf({
    ...payments,
    columns: [...payments.columns, column('note', 'STRING', true)],
    eventTime: 'day',
  });
  t.deepEqual(await tableConflicts(dataset, required), [
    'payments.note: stored absent, wanted STRING REQUIRED',
    'payments: stored with days of time, wanted day',
  ]);
});

test('a view is renewed where its text differs, and left alone where it does not', async (t) => {
  const { standIn, dataset } = await setUp(t);
  const [view] = viewsOf(payments, 'd');
  for (const [query, expected] of [
    [view!.sql, ['GET']],
    ['select 1', ['GET', 'PUT']],
  ] as const) {
    standIn.requests.length = 0;
    standIn.answer = () => ({ body: { view: { query } } });
    await prepareView(dataset, view!);
    t.deepEqual(
      standIn.requests.map(({ method }) => method),
      expected,
    );
  }
});
