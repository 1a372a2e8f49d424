import test from 'ava';
import type { FlightsReplayOptions } from '../../../ingest/producers/index.ts';
import { cleanFlight, startFlightsReplay } from '../../../ingest/producers/index.ts';
import { VirtualClock } from '../../../runtime/index.ts';

interface Answer {
  readonly pagination: { limit: number; offset: number; count: number; total: number };
  readonly data: readonly { flight_status: string; flight: { number: string } }[];
  readonly error?: { code: string };
}

async function start(
  t: { teardown(fn: () => Promise<void>): void },
  options: Partial<FlightsReplayOptions> = {},
) {
  const replay = await startFlightsReplay({
    host: '127.0.0.1',
    port: 0,
    clock: new VirtualClock(),
    ...options,
  });
  t.teardown(() => replay.close());
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(replay.url + path, { method });
    return { status: response.status, body: (await response.json()) as Answer };
  };
  return { url: replay.url, get };
}

test('At every hour of a day there are scheduled, active and landed flights, each of which cleans.', async (t) => {
  const clock = new VirtualClock(Date.UTC(2026, 10, 23));
  const { get } = await start(t, { clock });
  for (let hour = 0; hour < 24; hour++) {
    const { total } = (await get('/v1/flights')).body.pagination;
    const statuses = new Map<string, number>();
    for (let offset = 0; offset < total; offset += 100) {
      const { body } = await get(`/v1/flights?offset=${offset}`);
      for (const record of body.data) {
        const cleaned = cleanFlight(record, clock.nowMs());
        if (!cleaned.ok) t.fail(cleaned.reason);
        else t.deepEqual(cleaned.droppedFields, []);
        statuses.set(record.flight_status, (statuses.get(record.flight_status) ?? 0) + 1);
      }
    }
    t.deepEqual([...statuses.keys()].toSorted(), ['active', 'landed', 'scheduled'], `hour ${hour}`);
    t.true(total < 1_000, `${total} flights`);
    await clock.advance(3_600_000);
  }
});

test('Pages add up to the whole, without repeats, and two replays say the same.', async (t) => {
  const [one, two] = [await start(t), await start(t)];
  const { total } = (await one.get('/v1/flights')).body.pagination;
  const numbers = new Set<string>();
  for (let offset = 0; offset < total; offset += 37) {
    const path = `/v1/flights?limit=37&offset=${offset}`;
    const { body } = await one.get(path);
    t.deepEqual(body, (await two.get(path)).body);
    t.is(body.pagination.count, body.data.length);
    for (const { flight } of body.data) numbers.add(flight.number);
  }
  t.is(numbers.size, total);
  t.is((await one.get(`/v1/flights?offset=${total}`)).body.data.length, 0);
});

test('A flight is scheduled, then active, then landed with its real delay.', async (t) => {
  const clock = new VirtualClock();
  const { get } = await start(t, { clock });
  const { body } = await get('/v1/flights');
  const { flight } = body.data.find(({ flight_status }) => flight_status === 'scheduled')!;
  const seen: string[] = [];
  for (let minute = 0; minute < 24 * 60 && seen.at(-1) !== 'landed'; minute += 10) {
    const { total } = (await get('/v1/flights')).body.pagination;
    for (let offset = 0; offset < total; offset += 100) {
      const page = (await get(`/v1/flights?offset=${offset}`)).body;
      const record = page.data.find((each) => each.flight.number === flight.number);
      if (record && record.flight_status !== seen.at(-1)) seen.push(record.flight_status);
    }
    await clock.advance(600_000);
  }
  t.deepEqual(seen, ['scheduled', 'active', 'landed']);
});

test('The key, the route, the method and the paging are checked.', async (t) => {
  const { get } = await start(t, { accessKey: 'k' });
  t.is((await get('/v1/flights?access_key=k')).status, 200);
  t.is((await get('/v1/flights')).body.error?.code, 'missing_access_key');
  t.is((await get('/v1/flights?access_key=x')).status, 401);
  t.is((await get('/v1/routes?access_key=k')).status, 404);
  t.is((await get('//?access_key=k')).status, 404);
  t.is((await get('/v1/flights?access_key=k', 'POST')).status, 405);
  t.is((await get('/v1/flights?access_key=k&limit=0')).status, 422);
  t.is((await get('/v1/flights?access_key=k&offset=-1')).status, 422);
});

test('A port in use is a clear error.', async (t) => {
  const { url } = await start(t);
  const port = Number(new URL(url).port);
  await t.throwsAsync(startFlightsReplay({ host: '127.0.0.1', port, clock: new VirtualClock() }), {
    code: 'address_in_use',
  });
});
