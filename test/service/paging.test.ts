import test from 'ava';
import { EXPORT_ROWS_MAX } from '../../service/list.ts';
import { fill, getJson, payment, raw, startService } from './server.ts';
import type { TestService } from './server.ts';

const COUNT = 5_000;
const EVENTS = '/v1/streams/transactions/events';
let service: TestService;
test.before(async () => {
  service = await startService();
  const rows = Array.from({ length: COUNT }, (_, index) => payment(`p${index}`, 0, 1 + index));
  await service.warehouse.append(service.streams.get('transactions')!, rows);
});
test.after.always(() => service?.stop());

test('pages give each of 5,000 rows of one instant once, in both orders', async (t) => {
  const seen: Record<string, string[]> = {};
  for (const order of ['asc', 'desc']) {
    const ids: string[] = [];
    let path: string | null = `${EVENTS}?order=${order}&limit=613`;
    while (path) {
      const body: { events: { transaction_id: string }[]; next: string | null } = await getJson(
        service,
        path,
      );
      ids.push(...body.events.map((each) => each.transaction_id));
      path = body.next;
    }
    t.is(ids.length, COUNT);
    t.is(new Set(ids).size, COUNT);
    seen[order] = ids;
  }
  t.deepEqual(seen['asc'], seen['desc']!.toReversed());
});

test('NDJSON gives all rows at once, and CSV as many', async (t) => {
  const lines = await raw(service, EVENTS, { headers: { accept: 'application/x-ndjson' } });
  const ids = lines.body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).transaction_id as string);
  t.is(new Set(ids).size, COUNT);
  t.is(lines.trailers['x-next-cursor'], undefined);
  const csv = await raw(service, EVENTS, { headers: { accept: 'text/csv' } });
  t.is(csv.body.split('\r\n').length, COUNT + 2);
  t.true(EXPORT_ROWS_MAX >= COUNT);
});

test('a long export that is cut by its limit ends with a cursor in the trailer', async (t) => {
  const headers = { accept: 'application/x-ndjson' };
  const first = await raw(service, `${EVENTS}?limit=4500`, { headers });
  t.is(first.body.trimEnd().split('\n').length, 4_500);
  const cursor = first.trailers['x-next-cursor'];
  const rest = await raw(service, `${EVENTS}?limit=4500&cursor=${cursor}`, { headers });
  t.is(rest.body.trimEnd().split('\n').length, 500);
  t.is(rest.headers['x-next-cursor'], undefined);
});

test('an export that fails in the middle breaks off', async (t) => {
  const broken = await startService();
  const { warehouse } = broken;
  await fill(broken);
  let callCount = 0;
  const failing = await startService({
    warehouse: {
      ...bound(warehouse),
      async events(stream, query) {
        callCount += 1;
        if (callCount > 1) throw new Error('gone');
        const rows = await warehouse.events(stream, query);
        return Array.from({ length: query.limit }, () => rows[0]!);
      },
    },
  });
  try {
    await t.throwsAsync(raw(failing, EVENTS, { headers: { accept: 'text/csv' } }), {
      message: /aborted|hang up|ECONNRESET/,
    });
    t.is(callCount, 2);
  } finally {
    await failing.stop();
    await broken.stop();
  }
});

test('an export stops reading the warehouse when its reader leaves', async (t) => {
  const source = await startService();
  await fill(source);
  let callCount = 0;
  const endless = await startService({
    warehouse: {
      ...bound(source.warehouse),
      async events(stream, query) {
        callCount += 1;
        const rows = await source.warehouse.events(stream, { ...query, limit: 1 });
        return Array.from({ length: query.limit }, () => rows[0]!);
      },
    },
  });
  try {
    const leaving = new AbortController();
    const answer = await fetch(endless.url + EVENTS, {
      headers: { accept: 'text/csv' },
      signal: leaving.signal,
    });
    const reader = answer.body!.getReader();
    await reader.read();
    leaving.abort();
    await t.throwsAsync(reader.read());
    await endless.stop();
    t.true(callCount < 400, String(callCount));
  } finally {
    await source.stop();
  }
});

/** A warehouse whose methods can be replaced one by one. */
function bound(warehouse: TestService['warehouse']): TestService['warehouse'] {
  return new Proxy(warehouse, {
    ownKeys: () => METHODS,
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const METHODS = [
  'prepare',
  'append',
  'quarantine',
  'markReplayed',
  'events',
  'event',
  'windows',
  'windowContinuity',
  'windowSpikes',
  'newestEvent',
  'rowCount',
  'quarantined',
  'quarantineCount',
  'check',
  'close',
];
