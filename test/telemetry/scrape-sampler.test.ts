/** Sampling into the local store: at whole multiples of the interval, `up` beside it, and targets that fail in every way. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  createLogger,
  isAppError,
  listenOn,
  messageOf,
  silentLogger,
  systemClock,
  VirtualClock,
} from '../../runtime/index.ts';
import { evaluate, MetricStore, startSampler } from '../../telemetry/index.ts';
import type { MetricFamily, Selector } from '../../telemetry/index.ts';
import { instanceOf, scrapeTarget } from '../../telemetry/scrape-target.ts';

/** Three seconds past a whole ten. */
const START_MS = Date.UTC(2026, 0, 5, 12) + 3_000;
const INTERVAL_MS = 10_000;

function gauge(value: number): readonly MetricFamily[] {
  const samples = [{ name: 'level', labels: { job: 'own' }, value }];
  return [{ name: 'level', kind: 'gauge', help: '', samples }];
}

interface Appended {
  readonly atMs: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What reaches the store, as `name{labels} value`. */
function watched() {
  const store = new MetricStore();
  const appended: Appended[] = [];
  const append = store.append.bind(store);
  store.append = (from, atMs, samples) => {
    const values = samples.map(({ name, labels, value }) => [
      `${name}${JSON.stringify(labels)}`,
      value,
    ]);
    appended.push({ atMs: atMs - START_MS, values: Object.fromEntries(values) });
    return append(from, atMs, samples);
  };
  return { store, appended };
}
const UP = 'up{"instance":"a:1","job":"highwater"}';
const LEVEL = 'level{"exported_job":"own","instance":"a:1","job":"highwater"}';

test('it samples at once, then at whole multiples of the interval, with the labels of the target', async (t) => {
  const clock = new VirtualClock(START_MS);
  const { store, appended } = watched();
  let value = 0;
  const sampler = startSampler({
    store,
    intervalMs: INTERVAL_MS,
    own: { instance: 'a:1', collect: () => Promise.resolve(gauge((value += 1))) },
    targets: [],
    clock,
    logger: silentLogger,
  });
  await clock.advance(30_000);
  await sampler.close();
  t.deepEqual(appended, [
    { atMs: 0, values: { [LEVEL]: 1, [UP]: 1 } },
    { atMs: 7_000, values: { [LEVEL]: 2, [UP]: 1 } },
    { atMs: 17_000, values: { [LEVEL]: 3, [UP]: 1 } },
    { atMs: 27_000, values: { [LEVEL]: 4, [UP]: 1 } },
  ]);
  await clock.advance(60_000);
  t.is(appended.length, 4, 'closed');
});

test('a timer that is a little off counts as of the whole multiple; one that is much off does not', async (t) => {
  const inner = new VirtualClock(START_MS);
  let offMs = 0;
  const clock = {
    nowMs: () => inner.nowMs(),
    monotonicMs: () => inner.monotonicMs(),
    setTimer: (delayMs: number, callback: () => void) => inner.setTimer(delayMs + offMs, callback),
    sleep: (delayMs: number) => inner.sleep(delayMs),
  };
  const { store, appended } = watched();
  const sampler = startSampler({
    store,
    intervalMs: INTERVAL_MS,
    own: {
      instance: 'a:1',
      collect: () => {
        offMs = [-3, 400, 2_000, 0][appended.length] ?? 0;
        return Promise.resolve([]);
      },
    },
    targets: [],
    clock,
    logger: silentLogger,
  });
  await inner.advance(50_000);
  await sampler.close();
  t.deepEqual(
    appended.map(({ atMs }) => atMs),
    [0, 7_000, 17_000, 29_000, 37_000, 47_000],
  );
});

test('what cannot be collected is down, its series end, and both changes are said once', async (t) => {
  const clock = new VirtualClock(START_MS);
  const { store, appended } = watched();
  const lines: string[] = [];
  let isBroken = false;
  const sampler = startSampler({
    store,
    intervalMs: INTERVAL_MS,
    own: {
      instance: 'a:1',
      collect: () => (isBroken ? Promise.reject(new Error('no')) : Promise.resolve(gauge(5))),
    },
    targets: [],
    clock,
    logger: createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) }),
  });
  const level: Selector = { metric: 'level', matchers: [] };
  const known = () =>
    evaluate({ kind: 'last', gauge: level, by: [], windowMs: 1 }, store, clock.nowMs()).length;
  await clock.advance(7_000);
  t.is(known(), 1);
  isBroken = true;
  await clock.advance(20_000);
  t.is(known(), 0, 'no value of before stands for now');
  t.deepEqual(appended.at(-1)?.values, { [UP]: 0 });
  isBroken = false;
  await clock.advance(10_000);
  t.is(known(), 1);
  await sampler.close();
  t.deepEqual(
    lines.map((line) => (JSON.parse(line) as { event: string }).event),
    ['target_down', 'target_up'],
  );
});

test('series that the store has no room for are said once', async (t) => {
  const clock = new VirtualClock(START_MS);
  const lines: string[] = [];
  const sampler = startSampler({
    store: new MetricStore({ seriesMax: 1 }),
    intervalMs: INTERVAL_MS,
    own: { instance: 'a:1', collect: () => Promise.resolve(gauge(1)) },
    targets: [],
    clock,
    logger: createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) }),
  });
  await clock.advance(30_000);
  await sampler.close();
  t.is(lines.filter((line) => line.includes('series_refused')).length, 1);
});

/** A page of another process, answered as `answer` does. */
async function target(
  t: ExecutionContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  const port = await listenOn(server, { host: '127.0.0.1', port: 0 }, 'PORT');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}/metrics`;
}

test('a target is asked for Prometheus’s text', async (t) => {
  let accept: string | undefined;
  const url = await target(t, (request, response) => {
    ({ accept } = request.headers);
    response.end('up{a="b"} 1\n');
  });
  const samples = await scrapeTarget(url, 5_000, systemClock);
  t.deepEqual(samples, [{ name: 'up', labels: { a: 'b' }, value: 1, kind: 'gauge' }]);
  t.is(accept, 'text/plain;version=0.0.4');
});

const FAILURES: readonly (readonly [string, (response: ServerResponse) => void, RegExp])[] = [
  ['a status', (response) => response.writeHead(503).end('up 1'), /expected status 200; got 503/],
  ['no metrics', (response) => response.end('<html>'), /line 1: expected a sample/],
  ['silence', () => undefined, /no answer within 300 ms/],
  [
    'half an answer',
    (response) => {
      response.write('up 1\n');
    },
    /no answer within 300 ms/,
  ],
  [
    'a broken connection',
    (response) => {
      response.write('up 1\n', () => response.destroy());
    },
    /^http:\/\/127\.0\.0\.1:\d+\/metrics: ./,
  ],
  [
    'a page beyond 8 MiB',
    (response) => response.end('#'.repeat(8 * 2 ** 20 + 1)),
    /expected at most 8388608 bytes/,
  ],
];
for (const [what, answer, message] of FAILURES) {
  test(`a target that answers with ${what} is unavailable`, async (t) => {
    const url = await target(t, (_request, response) => answer(response));
    // The page that is too large takes its time on a busy machine.
    const timeoutMs = what.startsWith('a page') ? 30_000 : 300;
    const error = await t.throwsAsync(scrapeTarget(url, timeoutMs, systemClock));
    t.true(isAppError(error, 'metrics_unavailable'));
    t.regex(messageOf(error), message);
  });
}

test('a target that nobody serves is unavailable', async (t) => {
  const error = await t.throwsAsync(scrapeTarget('http://127.0.0.1:1/metrics', 5_000, systemClock));
  t.true(isAppError(error, 'metrics_unavailable'));
});

test('an instance is host and port, as Prometheus labels it', (t) => {
  t.is(instanceOf('http://a.example:9464/metrics'), 'a.example:9464');
  t.is(instanceOf('http://a.example/metrics'), 'a.example:80');
  t.is(instanceOf('https://a.example/metrics'), 'a.example:443');
});
