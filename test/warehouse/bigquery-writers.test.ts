/** What the emulator cannot show: how both writers meet faults of BigQuery, over real gRPC and HTTP. */
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { insertWriter } from '../../warehouse/bigquery-insert-writer.ts';
import { bigqueryRest } from '../../warehouse/bigquery-rest.ts';
import { tableOf } from '../../warehouse/bigquery-schema.ts';
import { storageWriter } from '../../warehouse/bigquery-storage-writer.ts';
import { startBigqueryStandIn } from '../helpers/bigquery-stand-in.ts';
import { payment, payments } from './fixtures/streams.ts';

const table = tableOf(payments);
const PROJECT = 'p';
const APPEND_TIMEOUT_MS = 77_777;

const record = (id: string) => {
  const { row, messageId, publishTimeMicros } = payment(id, 0);
  return [...row, messageId, publishTimeMicros, publishTimeMicros + 7, 1];
};
const records = (...ids: string[]) => ids.map(record);

/** Time passes for an append only when a test says so: a busy machine is no outage. */
async function setUp(t: ExecutionContext) {
  const standIn = await startBigqueryStandIn();
  const waiting = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    setTimer(delayMs, callback) {
      if (delayMs !== APPEND_TIMEOUT_MS) return systemClock.setTimer(delayMs, callback);
      waiting.add(callback);
      return { cancel: () => void waiting.delete(callback) };
    },
  };
  const passTimeout = () => {
    for (const callback of waiting) callback();
  };
  const writer = storageWriter({
    projectId: PROJECT,
    dataset: 'd',
    endpoint: standIn.storageEndpoint,
    connectionsMax: 2,
    clock,
    logger: silentLogger,
    appendTimeoutMs: APPEND_TIMEOUT_MS,
  });
  t.teardown(async () => {
    await writer.close();
    await standIn.close();
  });
  return { standIn, writer, passTimeout };
}

test.serial('rows go over one connection, one append at a time', async (t) => {
  const { standIn, writer } = await setUp(t);
  t.deepEqual(await writer.append(table, records('a', 'b')), []);
  t.deepEqual(await writer.append(table, records('c')), []);
  t.deepEqual(standIn.storedIds, ['a', 'b', 'c']);
  t.is(standIn.counts.streams, 1);
});

test.serial(
  'many appends at once share the few connections, with one in flight on each',
  async (t) => {
    const { standIn, writer } = await setUp(t);
    const ids = Array.from({ length: 40 }, (_, index) => `id${index}`);
    await Promise.all(ids.map((id) => writer.append(table, records(id))));
    t.deepEqual(standIn.storedIds.toSorted(), ids.toSorted());
    t.is(standIn.counts.streams, 2);
    t.is(standIn.counts.inFlightMax, 1);
  },
);

test.serial(
  'rows that BigQuery refuses are named, and the rows beside them are stored',
  async (t) => {
    const { standIn, writer } = await setUp(t);
    const script = { does: 'refuse_rows', ids: ['b', 'd'] } as const;
    standIn.appends.push(script, script);
    const refused = await writer.append(table, records('a', 'b', 'c', 'd', 'e'));
    t.deepEqual(refused, [
      { index: 1, reason: 'row of b is bad' },
      { index: 3, reason: 'row of d is bad' },
    ]);
    t.deepEqual(standIn.storedIds, ['a', 'c', 'e']);
  },
);

test.serial('an append of nothing but refused rows stores none and does not go on', async (t) => {
  const { standIn, writer } = await setUp(t);
  standIn.appends.push({ does: 'refuse_rows', ids: ['a', 'b'] });
  t.is((await writer.append(table, records('a', 'b'))).length, 2);
  t.is(standIn.counts.appends, 1);
  t.deepEqual(standIn.storedIds, []);
});

test.serial('a row of the wrong shape never leaves the process', async (t) => {
  const { standIn, writer } = await setUp(t);
  const bad = record('bad').with(1, null);
  const refused = await writer.append(table, [record('a'), bad, record('c')]);
  t.deepEqual(refused, [{ index: 1, reason: 'time: expected REQUIRED TIMESTAMP; got null' }]);
  t.deepEqual(standIn.storedIds, ['a', 'c']);
  const large = record('large').with(3, 'x'.repeat(10 * 2 ** 20));
  const [tooLarge] = await writer.append(table, [large]);
  t.regex(tooLarge?.reason ?? '', /^expected at most 9437184 bytes as a row of BigQuery; got 104/);
});

test.serial('rows beyond what a request holds go in several', async (t) => {
  const { standIn, writer } = await setUp(t);
  const big = ['a', 'b', 'c'].map((id) => record(id).with(3, 'x'.repeat(4 * 2 ** 20)));
  t.deepEqual(await writer.append(table, big), []);
  t.is(standIn.counts.appends, 2);
  t.deepEqual(standIn.storedIds, ['a', 'b', 'c']);
});

for (const [what, script] of Object.entries({
  'breaks before it is stored': { does: 'break', isStored: false },
  'breaks after it is stored': { does: 'break', isStored: true },
  'is aborted': { does: 'break', isStored: false, code: 10 },
  ends: { does: 'end', isStored: false },
  'is never answered': { does: 'hang', isStored: true },
  'is refused for a spent quota': { does: 'refuse', code: 8, message: 'Quota exceeded' },
  'meets an overloaded server': { does: 'refuse', code: 14, message: 'Task is overloaded' },
  'meets a stream that has ended': {
    does: 'refuse',
    code: 9,
    message: 'Stream is finalized',
    storageCode: 6,
  },
} as const)) {
  test.serial(`an append whose stream ${what} is sent again on another connection`, async (t) => {
    const { standIn, writer, passTimeout } = await setUp(t);
    await writer.append(table, records('first'));
    standIn.appends.push(script);
    const appended = writer.append(table, records('a', 'b'));
    if (script.does === 'hang') {
      while (standIn.counts.appends < 2) await systemClock.sleep(5);
      passTimeout();
    }
    t.deepEqual(await appended, []);
    const isStoredTwice = 'isStored' in script && script.isStored;
    const expected = isStoredTwice ? ['a', 'b', 'a', 'b'] : ['a', 'b'];
    t.deepEqual(standIn.storedIds, ['first', ...expected]);
    t.is(standIn.counts.streams, 2);
  });
}

for (const [what, script] of Object.entries({
  'a quota stays spent': { does: 'refuse', code: 8, message: 'Quota exceeded' },
  'the table is gone': { does: 'refuse', code: 5, message: 'Table not found' },
  'the permission is gone': { does: 'refuse', code: 7, message: 'Permission denied' },
  'streams keep breaking': { does: 'break', isStored: false },
  'a new column has not reached the write servers': {
    does: 'refuse',
    code: 3,
    message: 'Input schema has more fields than BigQuery schema',
    storageCode: 7,
  },
} as const)) {
  test.serial(
    `where ${what}, the append asks to be tried again later and blames no row`,
    async (t) => {
      const { standIn, writer } = await setUp(t);
      standIn.appends.push(script, script, script);
      await t.throwsAsync(writer.append(table, records('a')), { code: 'warehouse_unavailable' });
      t.deepEqual(standIn.storedIds, []);
      t.deepEqual(await writer.append(table, records('a')), [], 'and goes on by itself');
      t.deepEqual(standIn.storedIds, ['a']);
    },
  );
}

test.serial(
  'an append that is refused for what it says is not sent again and not taken for an outage',
  async (t) => {
    const { standIn, writer } = await setUp(t);
    standIn.appends.push({ does: 'refuse', code: 3, message: 'Cannot parse' });
    await t.throwsAsync(writer.append(table, records('a')), { code: 'internal' });
    t.is(standIn.counts.appends, 1);
  },
);

test.serial(
  'idle streams that the server ends neither end the process nor the next append',
  async (t) => {
    const { standIn, writer } = await setUp(t);
    await writer.append(table, records('a'));
    standIn.breakIdleStreams();
    while (standIn.counts.openStreams > 0) await systemClock.sleep(5);
    await systemClock.sleep(20);
    t.deepEqual(await writer.append(table, records('b')), []);
    t.deepEqual(standIn.storedIds, ['a', 'b']);
  },
);

test.serial('a server that is not there is an outage, found within seconds', async (t) => {
  const { standIn, writer } = await setUp(t);
  await standIn.close();
  await t.throwsAsync(writer.append(table, records('a')), { code: 'warehouse_unavailable' });
  await t.throwsAsync(writer.check(table), { code: 'warehouse_unavailable' });
});

/** As BigQuery answers: where a row is at fault, all others stopped and none is stored. */
async function setUpInsert(t: ExecutionContext, isBad: (id: string) => boolean) {
  const standIn = await startBigqueryStandIn();
  t.teardown(() => standIn.close());
  const stored: string[] = [];
  standIn.answer = ({ body }) => {
    const rows = body['rows'] as { json: { id: string } }[];
    const ids = rows.map(({ json }) => json.id);
    if (!ids.some(isBad)) {
      stored.push(...ids);
      return { body: {} };
    }
    const insertErrors = ids.map((id, index) => ({
      index,
      errors: [isBad(id) ? { reason: 'invalid', message: `${id} is bad` } : { reason: 'stopped' }],
    }));
    return { body: { insertErrors } };
  };
  const send = bigqueryRest({
    projectId: PROJECT,
    endpoint: standIn.endpoint,
    requestTimeoutMs: 60_000,
  });
  return { standIn, stored, writer: insertWriter({ send, dataset: 'd', clock: systemClock }) };
}

test.serial(
  'the REST insert resends what only stopped, once, with insert ids of its own that stay the same',
  async (t) => {
    const { standIn, stored, writer } = await setUpInsert(t, (id) => id === 'b');
    const refused = await writer.append(table, records('a', 'b', 'c'));
    t.deepEqual(refused, [{ index: 1, reason: 'b is bad' }]);
    t.deepEqual(stored, ['a', 'c']);
    t.is(standIn.requests.length, 2, 'nothing is inserted again behind our back');
    const insertIds = standIn.requests.map(({ body }) =>
      (body['rows'] as { insertId: string }[]).map(({ insertId }) => insertId),
    );
    t.is(new Set(insertIds.flat()).size, 3);
    t.is(insertIds[0]![2], insertIds[1]![1]);
    t.deepEqual((standIn.requests[0]!.body['rows'] as unknown[])[0], {
      insertId: insertIds[0]![0],
      json: {
        id: 'a',
        time: '2024-04-27T12:00:00.000000Z',
        amount: 1,
        shop: 'a',
        count: '1',
        is_card: true,
        day: '2024-04-27',
        extra: '{"a":[1]}',
        message_id: 'm-a',
        publish_time: '2024-04-27T12:00:00.000005Z',
        ingest_time: '2024-04-27T12:00:00.000012Z',
        ingest_sequence: '1',
      },
    });
  },
);

for (const [status, reason, code, requestCount] of [
  [429, 'rateLimitExceeded', 'warehouse_unavailable', 3],
  [503, 'backendError', 'warehouse_unavailable', 3],
  [403, 'quotaExceeded', 'warehouse_unavailable', 1],
  [404, 'notFound', 'warehouse_unavailable', 1],
  [400, 'invalid', 'internal', 1],
] as const) {
  test.serial(
    `the REST insert reports ${status} ${reason} as ${code} after ${requestCount} requests`,
    async (t) => {
      const { standIn, writer } = await setUpInsert(t, () => false);
      standIn.answer = () => ({
        status,
        body: { error: { code: status, message: reason, errors: [{ reason }] } },
      });
      await t.throwsAsync(writer.append(table, records('a')), { code });
      t.is(standIn.requests.length, requestCount);
      const bodies = standIn.requests.map(({ body }) => body);
      t.true(
        bodies.every((body) => isDeepStrictEqual(body, bodies[0])),
        'the same insert ids',
      );
    },
  );
}
