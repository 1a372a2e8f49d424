/** Redis over TLS, with a password or with a token that ends: a real server, an authority of its own. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import { googleToken } from '../../telemetry/index.ts';
import { redisCache } from '../../warehouse/index.ts';
import type { AnswerCache } from '../../warehouse/index.ts';
import { freePort } from '../helpers/free-port.ts';
import { eventually, temporaryFolder } from '../helpers/highwater-process.ts';

const SHORT_MS = 3_000;

/** Says why it cannot run, or is `true`. */
function hasTools(t: ExecutionContext): boolean {
  const missing = ['redis-server', 'openssl'].find((name) => spawnSync(name, ['--version']).error);
  if (!missing) return true;
  const reason = `${missing} was not found: install Debian’s package ${missing}`;
  t.log(`skipped: ${reason}`);
  t.falsy(process.env['CI'], reason);
  return false;
}

/** An authority, and a certificate that it signed for `redis.example`: for no address, as Memorystore's. */
function makeCertificates(folder: string, name: string): string {
  const openssl = (...words: string[]) =>
    execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout'];
  openssl('req', '-x509', ...key, `${name}-ca.key`, '-out', `${name}-ca.pem`, '-subj', '/CN=ca');
  openssl('req', ...key, `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=redis.example');
  const signer = ['-CA', `${name}-ca.pem`, '-CAkey', `${name}-ca.key`, '-CAcreateserial'];
  openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-out', `${name}.pem`, '-days', '2');
  return readFileSync(join(folder, `${name}-ca.pem`), 'utf8');
}

/** Speaks TLS alone, and wants a password. */
function startRedis(t: ExecutionContext, folder: string, port: number, password: string) {
  const words = ['--port', '0', '--tls-port', String(port), '--bind', '127.0.0.1', '--save', ''];
  words.push('--tls-cert-file', join(folder, 'own.pem'), '--tls-key-file', join(folder, 'own.key'));
  words.push('--tls-ca-cert-file', join(folder, 'own-ca.pem'), '--tls-auth-clients', 'no');
  const server = spawn('redis-server', [...words, '--requirepass', password], { stdio: 'ignore' });
  t.teardown(() => server.kill('SIGKILL'));
  return server;
}

async function keeps(cache: AnswerCache): Promise<boolean> {
  await cache.set('probe', 'kept', 60_000);
  return (await cache.get('probe')) === 'kept';
}

async function comesUp(cache: AnswerCache): Promise<boolean> {
  await eventually('an answer from Redis', () => keeps(cache), 60_000);
  return true;
}

/** Whether it never keeps anything in some seconds of trying. */
async function staysDown(cache: AnswerCache): Promise<boolean> {
  const endMs = systemClock.monotonicMs() + SHORT_MS;
  while (systemClock.monotonicMs() < endMs) {
    if (await keeps(cache)) return false;
    await systemClock.sleep(100);
  }
  return true;
}

test('over TLS the server is known by its own authority, and shows what it keeps to whoever has the password', async (t) => {
  t.timeout(240_000);
  if (!hasTools(t)) return;
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const authority = makeCertificates(folder.path, 'own');
  const stranger = makeCertificates(folder.path, 'other');
  const port = await freePort();
  startRedis(t, folder.path, port, 'secret');
  const caches: AnswerCache[] = [];
  const open = (host: string, password: string, by?: string) => {
    const cache = redisCache({
      url: `rediss://:${password}@${host}:${port}`,
      ...(by && { authority: by }),
      clock: systemClock,
      logger: silentLogger,
    });
    caches.push(cache);
    return cache;
  };
  try {
    t.true(await comesUp(open('127.0.0.1', 'secret', authority)));
    t.true(await staysDown(open('127.0.0.1', 'secret', stranger)), 'another authority');
    t.true(await staysDown(open('127.0.0.1', 'secret')), 'an authority that nobody named');
    t.true(
      await staysDown(open('localhost', 'secret', authority)),
      'a certificate of another name',
    );
    t.true(await staysDown(open('127.0.0.1', 'wrong', authority)), 'another password');
  } finally {
    for (const cache of caches) await cache.close();
  }
});

test('a token is asked for again at each connection: one that has ended costs speed and no more', async (t) => {
  t.timeout(240_000);
  if (!hasTools(t)) return;
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const authority = makeCertificates(folder.path, 'own');
  const port = await freePort();
  let token = 'token-1';
  let isFailing = false;
  const cache = redisCache({
    url: `rediss://127.0.0.1:${port}`,
    authority,
    password: async () => {
      if (isFailing) throw new Error('no credentials');
      return token;
    },
    clock: systemClock,
    logger: silentLogger,
  });
  try {
    const first = startRedis(t, folder.path, port, 'token-1');
    t.true(await comesUp(cache));
    const ended = once(first, 'exit');
    first.kill('SIGKILL');
    await ended;
    startRedis(t, folder.path, port, 'token-2');
    t.true(await staysDown(cache), 'the old token');
    isFailing = true;
    t.true(await staysDown(cache), 'no token at all');
    [isFailing, token] = [false, 'token-2'];
    t.true(await comesUp(cache), 'the new token');
  } finally {
    await cache.close();
  }
});

test('the token is that of the account that the process runs as', async (t) => {
  const asked: string[] = [];
  const metadata = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('metadata-flavor', 'Google');
    const isToken = request.url?.includes('/service-accounts/default/token') ?? false;
    response.setHeader('content-type', isToken ? 'application/json' : 'text/plain');
    const body = { access_token: 'token-of-the-account', expires_in: 3_600, token_type: 'Bearer' };
    response.end(isToken ? JSON.stringify(body) : 'highwater-test');
  });
  await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
  const before = { ...process.env };
  const { port } = metadata.address() as AddressInfo;
  process.env['GCE_METADATA_HOST'] = `127.0.0.1:${port}`;
  process.env['METADATA_SERVER_DETECTION'] = 'assume-present';
  process.env['CLOUDSDK_CONFIG'] = '/nonexistent';
  delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
  try {
    const token = googleToken(systemClock);
    t.is(await token(), 'token-of-the-account');
    t.is(await token(), 'token-of-the-account');
    t.is(
      asked.filter((path) => path.includes('/token')).length,
      1,
      'kept until it is about to end',
    );
  } finally {
    for (const name of ['GCE_METADATA_HOST', 'METADATA_SERVER_DETECTION', 'CLOUDSDK_CONFIG']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    metadata.close();
  }
});
