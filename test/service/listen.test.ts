import test from 'ava';
import express from 'express';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { createLogger, VirtualClock } from '../../runtime/index.ts';
import { listen } from '../../service/index.ts';
import { CHECK_TIMEOUT_MS } from '../../service/routes/health.ts';
import { raw, startService } from './server.ts';

test('a port in use is named, with the setting that changes it', async (t) => {
  const service = await startService();
  await t.throwsAsync(listen(express(), { host: '127.0.0.1', port: service.port }), {
    code: 'address_in_use',
    message: new RegExp(`${service.port}.*PORT`),
  });
  await service.stop();
});

test('closing lets a request under way finish and drops kept connections', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const check = () => {
    arrived.resolve();
    return held.promise;
  };
  // Time stands still, so that the check is never given up, however busy the machine is.
  const clock = new VirtualClock();
  const service = await startService({ clock, checks: [{ name: 'held', check }] });
  const agent = new Agent({ keepAlive: true });
  const get = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({ port: service.port, host: '127.0.0.1', path, agent }, (response) => {
        response.resume().once('end', () => resolve(response));
      });
      sent.once('error', reject).end();
    });
  await Promise.all([get('/healthz'), get('/healthz')]);
  const underWay = get('/readyz');
  await arrived.promise;
  const stopped = service.stop();
  await t.throwsAsync(raw(service, '/healthz'), { code: 'ECONNREFUSED' });
  held.resolve();
  const answer = await underWay;
  t.is(answer.statusCode, 200);
  t.is(answer.headers.connection, 'close');
  await stopped;
  agent.destroy();
});

test('readiness names what fails and what hangs, and asks a hanging check once', async (t) => {
  const clock = new VirtualClock();
  let askedCount = 0;
  const service = await startService({
    clock,
    checks: [
      { name: 'warehouse', check: async () => undefined },
      { name: 'messages', check: () => Promise.reject(new Error('no route')) },
      {
        name: 'hanging',
        check: () => {
          askedCount += 1;
          return new Promise(() => undefined);
        },
      },
    ],
  });
  for (let round = 0; round < 2; round += 1) {
    const answering = raw(service, '/readyz');
    const pending = Symbol('pending');
    while ((await Promise.race([answering, turn(pending)])) === pending) {
      await clock.advance(CHECK_TIMEOUT_MS);
    }
    const answer = await answering;
    t.is(answer.status, 503);
    t.like(JSON.parse(answer.body), { status: 'not_ready', failing: ['messages', 'hanging'] });
  }
  t.is(askedCount, 1);
  t.is((await raw(service, '/healthz')).status, 200);
  await service.stop();
});

test('a publish that fails is 503 and says that posting again is safe', async (t) => {
  for (const publish of [
    () => Promise.reject(new Error('down')),
    async () => ['m1', new Error('down')],
  ]) {
    const service = await startService({ publish });
    const event = { id: 'x', timestamp: '2024-04-27T12:00:00Z', data: 1 };
    const answer = await raw(service, '/v1/streams/events/events', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([event, event]),
    });
    t.is(answer.status, 503);
    t.is(answer.headers['retry-after'], '1');
    t.like(JSON.parse(answer.body), { code: 'messages_unavailable' });
    await service.stop();
  }
});

test('each request is one log line, probes at debug', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  const service = await startService({
    logger: createLogger({ level: 'debug', format: 'json', write }),
  });
  await raw(service, '/v1/streams/none', { headers: { 'x-request-id': 'r1' } });
  await raw(service, '/healthz');
  await service.stop();
  const requests = lines.filter((each) => each['event'] === 'http_request');
  t.like(requests[0], { severity: 'INFO', route: '/v1/streams/:stream', requestId: 'r1' });
  t.like(requests[1], { severity: 'DEBUG', route: '/healthz' });
  t.is(requests.length, 2);
});

test('a client that sends too slowly is answered 408 and cut, and no other with it', async (t) => {
  const receive = { headersMs: 100, requestMs: 200, checkEveryMs: 20 };
  const app = express();
  app.post('/', express.raw({ type: () => true }), (_request, response) => response.end('done'));
  const listening = await listen(app, { host: '127.0.0.1', port: 0 }, receive);
  const beginnings = {
    'headers that do not end': 'POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ',
    'a body that does not end': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab',
  };
  for (const [what, beginning] of Object.entries(beginnings)) {
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(listening.port, '127.0.0.1', () => socket.write(beginning));
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
    t.regex(answer, /^HTTP\/1\.1 408 /, what);
  }
  const quick = await raw(listening, '/', { method: 'POST', body: 'x' });
  t.is(quick.body, 'done');
  await listening.close();
});

test('headers larger than any token are refused before anything is asked', async (t) => {
  const service = await startService();
  const answer = await raw(service, '/healthz', { headers: { 'x-large': 'x'.repeat(20_000) } });
  t.is(answer.status, 431);
  await service.stop();
});

test('every answer carries the headers that browsers heed', async (t) => {
  const service = await startService();
  for (const path of ['/', '/nothing', '/healthz', '/docs']) {
    const { headers } = await raw(service, path);
    t.is(headers['x-content-type-options'], 'nosniff', path);
    t.regex(
      String(headers['content-security-policy']),
      /default-src 'none'.*frame-ancestors 'none'/,
    );
    t.is(headers['referrer-policy'], 'no-referrer');
    t.regex(String(headers['strict-transport-security']), /max-age=\d+/);
    t.is(headers['cross-origin-opener-policy'], 'same-origin');
    t.is(headers['x-powered-by'], undefined);
    t.regex(String(headers['x-request-id']), /^[\w-]{36}$/);
  }
  await service.stop();
});

function turn<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(() => resolve(value)));
}
