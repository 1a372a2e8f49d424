/** The door before the routes: closed where nothing is said, and every route of the service says what it needs. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { localSignalReader, MetricStore } from '../../../telemetry/index.ts';
import express from 'express';
import { silentLogger, systemClock } from '../../../runtime/index.ts';
import { listen, openIdentity, openToLoopback } from '../../../service/index.ts';
import { accessGate } from '../../../service/auth/access-gate.ts';
import { needsTable } from '../../../service/auth/route-needs.ts';
import { problemHandler } from '../../../service/problem.ts';
import type { RouteTable } from '../../../service/route.ts';
import { routeTable } from '../../../service/route-table.ts';
import type { ServiceDeps } from '../../../service/index.ts';
import { getJson, raw, startService, testDeps } from '../server.ts';

const NEEDS = ['nothing', 'reader', 'publisher', 'operator', 'push'];
/** Probes carry no credential; whatever else should be open to everyone has to be added here, on purpose. */
const OPEN = ['GET /healthz', 'GET /readyz'];

const NO_ALERTS = {} as unknown as NonNullable<ServiceDeps['alerts']>;
const NO_SLOS = {
  slos: [],
  latest: { evaluatedAtMs: undefined, statuses: [], failure: undefined },
  history: () => Promise.resolve([]),
} as unknown as NonNullable<ServiceDeps['slos']>;

test('every operation says what it needs, and only probes need nothing', async (t) => {
  const { deps, close } = await testDeps();
  const table = routeTable({
    ...deps,
    push: () => Promise.resolve(),
    slos: NO_SLOS,
    alerts: NO_ALERTS,
    dashboards: [],
    signals: localSignalReader(new MetricStore()),
  });
  const open: string[] = [];
  for (const [path, { get, post, mount }] of Object.entries(table)) {
    t.truthy(get ?? post ?? mount, path);
    for (const [method, operation] of Object.entries({ GET: get, POST: post, all: mount })) {
      if (!operation) continue;
      t.true(NEEDS.includes(operation.needs), `${method} ${path} needs ${operation.needs}`);
      if (operation.needs === 'nothing') open.push(`${method} ${path}`);
      if (method === 'POST') t.not(operation.needs, 'reader', `${path} changes something`);
    }
  }
  t.deepEqual(open, OPEN);
  const document = readFileSync('docs/identity.md', 'utf8');
  t.true(document.includes(needsTable(table)), `docs/identity.md expects\n${needsTable(table)}`);
  await close();
});

test('what stands in no table, or says no need, is answered to nobody', async (t) => {
  const answered: string[] = [];
  const handle = (request: express.Request, response: express.Response) => {
    answered.push(request.path);
    response.end('secret');
  };
  const silent = { get: { handle } } as unknown as RouteTable[string];
  const table: RouteTable = {
    '/open': { get: { needs: 'reader', handle } },
    '/silent': silent,
    '/mounted': { mount: { needs: 'reader', handle } },
    '/closed': { mount: { handle } } as unknown as RouteTable[string],
  };
  const app = express();
  app.use(accessGate(table, { identity: openToLoopback, clock: systemClock }));
  app.get('/open', handle);
  app.get('/silent', handle);
  app.use('/extra', handle);
  app.use('/mounted', handle);
  app.use('/closed', handle);
  app.use(problemHandler(silentLogger));
  const listening = await listen(app, { host: '127.0.0.1', port: 0 });
  const ask = async (path: string, method = 'GET') =>
    (await raw(listening, path, { method })).status;
  t.is(await ask('/open'), 200);
  t.is(await ask('/silent'), 403);
  t.is(await ask('/silent', 'POST'), 403);
  t.is(await ask('/extra'), 404);
  t.is(await ask('/extra/deeper'), 404);
  t.is(await ask('/OPEN'), 404);
  t.is(await ask('/mounted/below'), 200);
  t.is(await ask('/mountedbelow'), 404);
  t.is(await ask('/closed/below'), 403);
  t.deepEqual(answered, ['/open', '/below']);
  await listening.close();
});

test('no identity is refused on an address that others reach, unless it is said twice', async (t) => {
  const issuer = { audiences: [], keysUrl: 'https://keys.invalid' };
  const open = (host: string, isOpenToAll = false) =>
    openIdentity({
      modes: ['none'],
      host,
      isOpenToAll,
      iap: issuer,
      oidc: issuer,
      keysFile: '',
      grants: { reader: [], publisher: [], operator: [] },
      clock: systemClock,
      logger: silentLogger,
    });
  for (const host of ['127.0.0.1', '127.8.0.1', '::1', 'localhost']) {
    await t.notThrowsAsync(open(host), host);
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.4', 'localhost.example.com', '1127.0.0.1']) {
    await t.throwsAsync(open(host), { code: 'invalid_config', message: /AUTH_OPEN_TO_ALL=yes/ });
    await t.notThrowsAsync(open(host, true), host);
  }
});

test('without identities a page in a browser cannot reach loopback under a name of its own', async (t) => {
  const service = await startService();
  const ask = async (host: string) =>
    (await raw(service, '/v1/streams', { headers: { host } })).status;
  t.is(await ask(`127.0.0.1:${service.port}`), 200);
  t.is(await ask(`localhost:${service.port}`), 200);
  t.is(await ask('[::1]'), 200);
  t.is(await ask('rebound.example.com'), 403);
  t.is(await ask('127.0.0.1.example.com'), 403);
  await service.stop();
});

test('the OpenAPI document says at every operation what it needs, with the schemes that are on', async (t) => {
  const service = await startService();
  const document = await getJson(service, '/openapi.json');
  for (const [path, methods] of Object.entries<Record<string, Record<string, unknown>>>(
    document.paths,
  )) {
    for (const operation of Object.values(methods)) {
      t.true(NEEDS.includes(String(operation['x-needs'])), path);
      t.deepEqual(operation['security'], operation['x-needs'] === 'nothing' ? [] : [{}], path);
    }
  }
  await service.stop();

  const keyed = await startService({ identity: { ...openToLoopback, modes: ['iap', 'api-key'] } });
  const { paths, components } = await getJson(keyed, '/openapi.json');
  t.deepEqual(Object.keys(components.securitySchemes), ['iap', 'apiKey', 'apiKeyHeader', 'pubsub']);
  const replay = paths['/v1/streams/events/quarantine/replay'].post;
  t.deepEqual(replay.security, [
    { iap: ['operator'] },
    { apiKey: ['operator'] },
    { apiKeyHeader: ['operator'] },
  ]);
  t.deepEqual(paths['/healthz'].get.security, []);
  await keyed.stop();
});
