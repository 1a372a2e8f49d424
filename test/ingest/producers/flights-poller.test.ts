import test from 'ava';
import type { ExecutionContext } from 'ava';
import type {
  Fault,
  FlightsPoller,
  FlightsPollerOptions,
  OutgoingMessage,
} from '../../../ingest/producers/index.ts';
import { startFlightsPoller, startFlightsReplay } from '../../../ingest/producers/index.ts';
import { createLogger, silentLogger, systemClock, VirtualClock } from '../../../runtime/index.ts';
import { eventually } from '../../helpers/highwater-process.ts';

const KEY = 'sec/ret+key';
const QUICK = { backoffMinMs: 5, backoffMaxMs: 20, requestTimeoutMs: 5_000 };

interface Setup extends Partial<FlightsPollerOptions> {
  readonly faults?: () => Fault | undefined;
  readonly serverKey?: string;
}

/** A replay whose flights move by `flightTime`, and a poller on the machine's clock. */
async function setup(t: ExecutionContext, { faults, serverKey = KEY, ...options }: Setup = {}) {
  const flightTime = new VirtualClock();
  const replay = await startFlightsReplay({
    host: '127.0.0.1',
    port: 0,
    clock: flightTime,
    accessKey: serverKey,
    ...(faults ? { faults } : {}),
  });
  t.teardown(() => replay.close());
  const events: Record<string, unknown>[] = [];
  const publish = async ({ data }: OutgoingMessage) => {
    events.push(JSON.parse(data.toString()));
    return 'id';
  };
  const start = (more: Partial<FlightsPollerOptions> = {}) => {
    const poller = startFlightsPoller({
      publish,
      apiUrl: replay.url,
      accessKey: KEY,
      intervalMs: 20,
      clock: systemClock,
      logger: silentLogger,
      ...options,
      ...more,
      limits: { ...QUICK, ...options.limits, ...more.limits },
    });
    t.teardown(() => poller.close());
    return poller;
  };
  return { start, events, flightTime, publish };
}

const polls = (poller: FlightsPoller, count: number) =>
  eventually(`${count} polls`, () => poller.stats().completedPollCount >= count);

test('All pages are published once, and then only what changed.', async (t) => {
  const { start, events, flightTime } = await setup(t);
  const poller = start();
  await polls(poller, 2);
  const firstCount = events.length;
  t.true(firstCount > 100, 'more than one page');
  t.is(poller.stats().publishedCount, firstCount);
  const before = new Set(events.map((event) => event.flight_event_id));
  t.is(before.size, firstCount);
  await flightTime.advance(10 * 60_000);
  await polls(poller, poller.stats().completedPollCount + 2);
  const changed = events.slice(firstCount);
  t.true(changed.length > 0 && changed.length < firstCount / 2, `${changed.length} changed`);
  t.true(changed.every((event) => !before.has(event.flight_event_id)));
  t.is(poller.stats().publishFailedCount, 0);
});

test('A restart publishes the same flights under the same ids.', async (t) => {
  const { start, events } = await setup(t);
  const first = start();
  await polls(first, 1);
  await first.close();
  const ids = events.splice(0).map((event) => event.flight_event_id);
  await polls(start(), 1);
  t.deepEqual(
    events.map((event) => event.flight_event_id),
    ids,
  );
});

test('What could not be published is published at the next poll.', async (t) => {
  let callCount = 0;
  const { start, events, publish } = await setup(t);
  const poller = start({
    publish: (message) => (callCount++ < 10 ? Promise.reject(new Error('down')) : publish(message)),
  });
  await polls(poller, 2);
  t.is(poller.stats().publishFailedCount, 10);
  t.is(new Set(events.map((event) => event.flight_event_id)).size, events.length);
  t.is(poller.stats().publishedCount, events.length);
  t.is(callCount, events.length + 10);
});

for (const [name, fault] of [
  ['500', { kind: 'status', status: 500 }],
  ['429', { kind: 'status', status: 429, retryAfter: '0' }],
  ['404', { kind: 'status', status: 404 }],
  ['garbage', { kind: 'garbage' }],
] as const) {
  test(`After ${name} the page is asked for again and nothing is lost.`, async (t) => {
    let requestCount = 0;
    const { start, events } = await setup(t, {
      faults: () => (++requestCount % 2 === 1 ? fault : undefined),
    });
    const poller = start();
    await polls(poller, 1);
    const stats = poller.stats();
    t.true(stats.failedRequestCount >= 3);
    t.is(stats.malformedAnswerCount > 0, name === 'garbage');
    t.is(stats.failedPollCount, 0);
    t.is(stats.publishedCount, events.length);
    t.true(events.length > 100);
  });
}

test('A request that hangs is cut off and tried again.', async (t) => {
  let requestCount = 0;
  const { start } = await setup(t, {
    faults: () => (++requestCount === 1 ? { kind: 'hang' } : undefined),
    limits: { requestTimeoutMs: 100 },
  });
  const poller = start({ limits: { requestTimeoutMs: 100 } });
  await polls(poller, 1);
  t.true(poller.stats().failedRequestCount >= 1);
  t.is(poller.stats().lastError, 'no answer within 100 ms');
});

test('A server that is away fails polls, and the poller comes back by itself.', async (t) => {
  let isAway = true;
  const { start } = await setup(t, {
    faults: () => (isAway ? { kind: 'status', status: 503 } : undefined),
  });
  const poller = start();
  await eventually('failed polls', () => poller.stats().failedPollCount >= 2);
  t.is(poller.stats().lastSuccessAtMs, null);
  isAway = false;
  await polls(poller, 1);
  t.is(poller.stats().state, 'running');
});

// The pages of one virtual minute: with a virtual clock the poller asks again only when the time is moved.
for (const [form, retryAfter] of [
  ['seconds', '120'],
  ['a date', new Date(Date.UTC(2024, 3, 27, 12, 2)).toUTCString()],
] as const) {
  test(`Retry-After in ${form} is waited for.`, async (t) => {
    const clock = new VirtualClock();
    let requestCount = 0;
    const { start } = await setup(t, {
      clock,
      faults: () =>
        ++requestCount === 1 ? { kind: 'status', status: 429, retryAfter } : undefined,
    });
    const poller = start();
    await eventually('the refusal', () => poller.stats().failedRequestCount === 1);
    await clock.advance(119_000);
    t.is(poller.stats().requestCount, 1);
    await clock.advance(1_000);
    await eventually('the second request', () => requestCount > 1);
    await polls(poller, 1);
    t.is(poller.stats().failedRequestCount, 1);
  });
}

test('A refused key ends the poller with a clear error, and the key stands nowhere.', async (t) => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'debug',
    format: 'json',
    write: (line) => void lines.push(line),
  });
  const { start } = await setup(t, { serverKey: 'another', logger });
  const poller = start();
  const error = await poller.ended;
  t.is(error?.code, 'invalid_config');
  t.regex(error?.message ?? '', /HTTP 401 \(invalid_access_key.*FLIGHTS_API_KEY/);
  t.is(poller.stats().state, 'refused');
  t.is(poller.stats().requestCount, 1);
  const said = lines.join('') + error?.message + String(error?.stack) + poller.stats().lastError;
  t.false(said.includes(KEY) || said.includes(encodeURIComponent(KEY)));
  t.true(lines.some((line) => line.includes('flights_key_refused')));
});

test('A host that is not there is retried, and the key is not in the reason.', async (t) => {
  const { start } = await setup(t);
  const poller = start({ apiUrl: 'http://127.0.0.1:1' });
  await eventually('two failures', () => poller.stats().failedRequestCount >= 2);
  t.regex(poller.stats().lastError ?? '', /ECONNREFUSED|bad port/);
  t.false(poller.stats().lastError?.includes(KEY));
});

test('The pages of a poll are bounded, and the cut is counted.', async (t) => {
  const { start, events } = await setup(t, { limits: { pageRecordsMax: 10, pagesMax: 2 } });
  const poller = start();
  await polls(poller, 1);
  t.is(events.length, 20);
  t.true(poller.stats().truncatedPollCount >= 1);
});

test('Closing in the middle of a hanging request ends at once.', async (t) => {
  const { start } = await setup(t, { faults: () => ({ kind: 'hang' }) });
  const poller = start();
  await eventually('a request', () => poller.stats().requestCount === 1);
  const startedAtMs = systemClock.monotonicMs();
  await poller.close();
  t.true(systemClock.monotonicMs() - startedAtMs < 3_000);
  t.is(poller.stats().state, 'closed');
});
