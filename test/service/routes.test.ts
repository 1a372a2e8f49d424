import test from 'ava';
import { gzipSync } from 'node:zlib';
import { AppError } from '../../runtime/index.ts';
import type { Warehouse } from '../../warehouse/index.ts';
import { fill, getJson, raw, startService, testDeps } from './server.ts';
import type { TestService } from './server.ts';

let service: TestService;
test.before(async () => {
  service = await startService({
    backlog: async () => [
      {
        subscription: 'projects/p/subscriptions/transactions-ingest',
        undeliveredCount: 3,
        oldestUnackedMessageAgeSeconds: 1.5,
      },
    ],
    ingestStats: () => [{ stream: 'transactions', committedCount: 13 }],
  });
  await fill(service);
});
test.after.always(() => service?.stop());

test('the front page welcomes and links', async (t) => {
  const body = await getJson(service, '/');
  t.regex(body.message, /^Welcome/);
  for (const link of Object.values<string>(body.links)) {
    t.is((await raw(service, link)).status, 200, link);
  }
});

test('a stream tells its columns, counts, freshness, backlog and links that work', async (t) => {
  const body = await getJson(service, '/v1/streams/transactions');
  t.is(body.row_count, 13);
  t.is(body.quarantine_count, 2);
  t.is(body.newest_event_time, '2024-04-27T12:07:00Z');
  t.true(body.data_age_seconds > 0);
  t.deepEqual(body.backlog, { undelivered_count: 3, oldest_unacked_message_age_seconds: 1.5 });
  t.like(body.ingest, { committedCount: 13 });
  t.like(body.columns[2], { name: 'amount', mode: 'REQUIRED', exclusive_minimum: 0 });
  for (const link of Object.values<string>(body.links)) {
    t.is((await raw(service, link)).status, 200, link);
  }
});

test('a stream whose rows cost too much to count is told with no count', async (t) => {
  const { deps, close } = await testDeps();
  const warehouse: Warehouse = {
    ...deps.warehouse,
    newestEvent: async () => null,
    quarantineCount: async () => 0,
    rowCount: async () => Promise.reject(new AppError('limit_exceeded', 'too many bytes')),
  };
  const costly = await startService({ warehouse });
  t.teardown(() => costly.stop().then(close));
  const body = await getJson(costly, '/v1/streams/transactions');
  t.is(body.row_count, null);
  t.is(body.quarantine_count, 0);
});

test('events are read by range, filters, order and limit, newest first by default', async (t) => {
  const rows: [query: string, ids: string[]][] = [
    ['?limit=2', ['spike/1', 'p11']],
    ['?order=asc&limit=2', ['p0', 'p1']],
    ['?from=2024-04-27T12:00:30Z&to=2024-04-27T12:01:30Z', ['p2', 'p1']],
    ['?from=2024-04-27T14:00:30+02:00&to=2024-04-27T12:01:00Z', ['p1']],
    ['?merchant=a+%22b%22%2C+%3Dc', ['spike/1']],
    ['?merchant=nobody', []],
    ['?from=2024-04-27T12:00:30Z&to=2024-04-27T12:00:30Z', []],
  ];
  for (const [query, ids] of rows) {
    const body = await getJson(service, `/v1/streams/transactions/events${query}`);
    const found = body.events.map((each: { transaction_id: string }) => each.transaction_id);
    t.deepEqual(found, ids, query);
    t.is(body.count, ids.length);
  }
});

test('filters compare by the type of their column', async (t) => {
  const rows: [query: string, id: string][] = [
    ['whole=-2', 'b'],
    ['real=1.5', 'a'],
    ['flag=false', 'b'],
    ['day=1999-12-31', 'b'],
    ['text=y', 'c'],
  ];
  for (const [query, id] of rows) {
    const body = await getJson(service, `/v1/streams/typed/events?${query}`);
    t.deepEqual(
      body.events.map((each: { id: string }) => each.id),
      [id],
      query,
    );
  }
});

test('one event is read by its id, JSON columns as JSON, times as RFC 3339', async (t) => {
  const event = await getJson(service, '/v1/streams/events/events/2');
  t.like(event, {
    id: '2',
    timestamp: '2024-04-27T12:00:00.000001Z',
    data: { a: [1, 2, { b: null }] },
    message_id: 'message-0',
  });
  const slashed = await getJson(service, '/v1/streams/transactions/events/spike%2F1');
  t.is(slashed.amount, 500);
});

test('windows carry measures, finality, the spike and the gap before', async (t) => {
  const body = await getJson(service, '/v1/streams/transactions/windows');
  t.is(body.count, 13);
  t.deepEqual(body.windows[0], {
    window_start_time: '2024-04-27T12:07:00Z',
    window_end_time: '2024-04-27T12:07:30Z',
    total_transactions: 1,
    total_amount_sum: 500,
    avg_transaction_amount: 500,
    max_amount: 500,
    min_amount: 500,
    is_final: false,
    is_spike: true,
    spike: { moving_average: 100, ratio: 5 },
    gap_before: 2,
  });
  t.like(body.windows[1], { is_final: true, is_spike: false, spike: null, gap_before: 0 });
  t.deepEqual(body.gaps, [
    {
      gap_start_time: '2024-04-27T12:06:00Z',
      gap_end_time: '2024-04-27T12:07:00Z',
      missing_window_count: 2,
    },
  ]);
});

test('a gap is told once over the pages of windows, in both orders and in groups', async (t) => {
  for (const stream of ['transactions', 'typed']) {
    for (const order of ['asc', 'desc']) {
      let path: string | null = `/v1/streams/${stream}/windows?limit=1&order=${order}`;
      const starts: string[] = [];
      let missing = 0;
      while (path) {
        const body: {
          windows: { window_start_time: string; gap_before: number; text?: string }[];
          gaps: { missing_window_count: number }[];
          next: string | null;
        } = await getJson(service, path);
        for (const each of body.windows) starts.push(`${each.window_start_time}${each.text}`);
        for (const each of body.gaps) missing += each.missing_window_count;
        path = body.next;
      }
      t.is(new Set(starts).size, stream === 'typed' ? 3 : 13);
      t.is(missing, stream === 'typed' ? 1 : 2, `${stream} ${order}`);
    }
  }
});

test('quarantine shows payloads as text or base64, by reason and replay', async (t) => {
  const body = await getJson(service, '/v1/streams/transactions/quarantine');
  t.deepEqual(
    body.quarantine.map((each: { payload: string; payload_encoding: string }) => [
      each.payload,
      each.payload_encoding,
    ]),
    [
      ['//4=', 'base64'],
      ['{"amount":0}', 'text'],
    ],
  );
  const path = '/v1/streams/transactions/quarantine';
  t.is((await getJson(service, `${path}?reason_code=not_json`)).count, 1);
  t.is((await getJson(service, `${path}?replayed=true`)).count, 0);
  t.is((await getJson(service, `${path}?replayed=false`)).count, 2);
  const first = await getJson(service, `${path}?limit=1`);
  const second = await getJson(service, first.next);
  t.is(second.quarantine[0].message_id, 'q1');
  t.is(second.next, null);
});

test('CSV quotes as RFC 4180 and tells null from an empty text', async (t) => {
  const headers = { accept: 'text/csv' };
  const answer = await raw(service, '/v1/streams/transactions/events?limit=1', { headers });
  const [head, line] = answer.body.split('\r\n');
  t.regex(answer.headers['content-type'] ?? '', /^text\/csv/);
  t.regex(
    head!,
    /^transaction_id,timestamp,amount,currency,merchant,category,customer_id,message_id,/,
  );
  t.regex(line!, /^spike\/1,2024-04-27T12:07:00Z,500,EUR,"a ""b"", =c",,,message-0,/);
  t.truthy(answer.headers['x-next-cursor']);
});

test('data that the caller has is answered 304, and HEAD has no body', async (t) => {
  const path = '/v1/streams/transactions/events';
  const first = await raw(service, path);
  t.is(first.headers['cache-control'], 'no-cache');
  t.is(first.headers['x-data-newest-event-time'], '2024-04-27T12:07:00Z');
  t.true(Number(first.headers['x-data-age-seconds']) > 0);
  const headers = { 'if-none-match': first.headers.etag! };
  const again = await raw(service, path, { headers });
  t.is(again.status, 304);
  t.is(again.body, '');
  const head = await raw(service, path, { method: 'HEAD' });
  t.is(head.headers['content-length'], String(Buffer.byteLength(first.body)));
  for (const accept of ['text/csv', 'application/x-ndjson']) {
    t.is((await raw(service, path, { method: 'HEAD', headers: { accept } })).body, '');
  }
});

test('every answer has a request id, the given one where it is sound', async (t) => {
  const given = await raw(service, '/', { headers: { 'x-request-id': 'abc-1' } });
  t.is(given.headers['x-request-id'], 'abc-1');
  const unsound = await raw(service, '/nothing', { headers: { 'x-request-id': 'a b' } });
  t.regex(String(unsound.headers['x-request-id']), /^[0-9a-f-]{36}$/);
  t.is(unsound.headers['x-content-type-options'], 'nosniff');
  t.is(unsound.headers['x-powered-by'], undefined);
});

test.serial('events are posted as an object, an array, lines, and packed', async (t) => {
  const event = { id: 'n1', timestamp: '2024-04-27T12:00:00Z', data: { n: 1 } };
  const text = JSON.stringify(event);
  const rows: [type: string, body: string | Buffer, count: number, encoding?: string][] = [
    ['application/json', text, 1],
    ['application/json; charset=UTF-8', `[${text},${text}]`, 2],
    ['application/x-ndjson', `${text}\n\n${text}\n`, 2],
    ['application/json', gzipSync(text), 1, 'gzip'],
  ];
  for (const [type, body, count, encoding] of rows) {
    service.published.length = 0;
    const answer = await raw(service, '/v1/streams/events/events', {
      method: 'POST',
      headers: { 'content-type': type, ...(encoding && { 'content-encoding': encoding }) },
      body,
    });
    t.is(answer.status, 202, answer.body);
    const { accepted, rejected } = JSON.parse(answer.body);
    t.is(accepted.length, count);
    t.deepEqual(accepted[0], { index: 0, id: 'n1', message_id: 'm0' });
    t.deepEqual(rejected, []);
    t.deepEqual(JSON.parse(service.published[0]!.data.toString()), event);
  }
});

test.serial(
  'a mixed body is accepted with its faults, one without a valid event is refused',
  async (t) => {
    const good = { id: 'n1', timestamp: '2024-04-27T12:00:00Z', data: 1 };
    const bad = { id: 7, timestamp: 'noon', data: 1, other: 1 };
    const mixed = await post([bad, good]);
    t.is(mixed.status, 202);
    const body = JSON.parse(mixed.body);
    t.is(body.accepted[0].index, 1);
    t.true(body.rejected.length >= 3);
    t.true(body.rejected.every((each: { index: number }) => each.index === 0));
    const refused = await post([bad, null, 3]);
    t.is(refused.status, 400);
    t.is(JSON.parse(refused.body).code, 'invalid_body');
    t.deepEqual(
      new Set(JSON.parse(refused.body).errors.map((each: { index: number }) => each.index)),
      new Set([0, 1, 2]),
    );
  },
);

test('the documents page needs nothing from elsewhere and escapes what streams say', async (t) => {
  const answer = await raw(service, '/docs', { headers: { accept: 'text/html' } });
  t.is(answer.status, 200);
  t.regex(
    String(answer.headers['content-security-policy']),
    /default-src 'none'; style-src 'sha256-/,
  );
  t.notRegex(answer.body, /<script|src=|https?:\/\//);
  t.regex(answer.body, /One column of each type &amp; &lt;a tag&gt;/);
  const ids = [...answer.body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  t.is(new Set(ids).size, ids.length);
  for (const [, target] of answer.body.matchAll(/href="#([^"]+)"/g)) t.true(ids.includes(target!));
});

test('OPTIONS names the methods', async (t) => {
  const answer = await raw(service, '/v1/streams/events/events', { method: 'OPTIONS' });
  t.is(answer.status, 204);
  t.is(answer.headers.allow, 'GET, HEAD, OPTIONS, POST');
});

function post(items: unknown) {
  return raw(service, '/v1/streams/events/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(items),
  });
}
