/** The internal port: metrics in the format that is asked for, further paths, and failures that stay with their request. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createLogger, isAppError, messageOf } from '../../runtime/index.ts';
import { sendText, startMetricsServer } from '../../telemetry/index.ts';
import type { MetricFamily } from '../../telemetry/index.ts';
import type { MetricsServerOptions } from '../../telemetry/metrics-server.ts';

const FAMILY: MetricFamily = {
  name: 'asked_total',
  kind: 'counter',
  help: 'How often.',
  samples: [{ name: 'asked_total', labels: {}, value: 2 }],
};

async function open(t: ExecutionContext, options: Partial<MetricsServerOptions> = {}) {
  const lines: string[] = [];
  const server = await startMetricsServer({
    host: '127.0.0.1',
    port: 0,
    families: () => Promise.resolve([FAMILY]),
    logger: createLogger({ level: 'debug', format: 'json', write: (line) => lines.push(line) }),
    ...options,
  });
  t.teardown(() => server.close());
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(server.url + path, init);
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return { server, ask, lines };
}

test('the format is negotiated, and caches are told that it is', async (t) => {
  const { ask } = await open(t);
  const plain = await ask('/metrics?x=1');
  t.is(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.regex(plain.body, /^# TYPE asked_total counter\nasked_total 2\n$/m);
  const open2 = await ask('/metrics', { headers: { accept: 'application/openmetrics-text' } });
  t.is(
    open2.headers.get('content-type'),
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  t.regex(open2.body, /# TYPE asked counter\nasked_total 2\n# EOF\n$/);
  for (const { headers } of [plain, open2]) t.is(headers.get('vary'), 'accept');
});

test('HEAD has no body; other methods and paths are refused with what there is', async (t) => {
  const { server, ask } = await open(t, { routes: { '/faults': () => undefined } });
  const head = await ask('/metrics', { method: 'HEAD' });
  t.is(head.status, 200);
  t.is(head.body, '');
  const post = await ask('/metrics', { method: 'POST', body: 'x' });
  t.is(post.status, 405);
  t.is(post.headers.get('allow'), 'GET, HEAD');
  for (const path of ['/', '/metrics/', '/constructor', '/__proto__', '/%2e']) {
    const answer = await ask(path);
    t.is(answer.status, 404, path);
    t.is(answer.body, 'There is nothing here; there are: /metrics, /faults\n');
  }
  server.addRoute('/later', (_request, response) => sendText(response, 200, 'here'));
  t.is((await ask('/later')).body, 'here\n');
});

test('a failure is answered and logged, and the next request is served', async (t) => {
  let isBroken = true;
  const { ask, lines } = await open(t, {
    families: () =>
      isBroken ? Promise.reject(new Error('the SDK is closed')) : Promise.resolve([FAMILY]),
    routes: {
      '/sync': () => {
        throw new Error('thrown');
      },
      '/half': (_request, response) => {
        response.write('half of it');
        throw new Error('too late');
      },
    },
  });
  t.like(await ask('/metrics'), { status: 500, body: 'the SDK is closed\n' });
  t.like(await ask('/sync'), { status: 500, body: 'thrown\n' });
  await t.throwsAsync(ask('/half'), undefined, 'an answer that broke off is none');
  t.is(lines.filter((line) => line.includes('internal_request_failed')).length, 3);
  isBroken = false;
  t.is((await ask('/metrics')).status, 200);
});

test('a port in use is refused by its number and its setting', async (t) => {
  const { server } = await open(t);
  const error = await t.throwsAsync(open(t, { port: server.port }));
  t.true(isAppError(error, 'address_in_use'));
  t.true(messageOf(error).includes(String(server.port)));
  t.regex(messageOf(error), /METRICS_PORT/);
});

test('closing ends connections that are kept open', async (t) => {
  const { server, ask } = await open(t);
  await ask('/metrics');
  await server.close();
  await t.throwsAsync(ask('/metrics'));
});
