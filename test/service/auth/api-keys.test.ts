/** API keys: made by the command, hashed on disk, several, revoked while the service runs, named in logs and never shown. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createLogger, silentLogger, VirtualClock } from '../../../runtime/index.ts';
import { changeApiKeys, createApiKey, openIdentity, revokeApiKey } from '../../../service/index.ts';
import type { Role } from '../../../service/index.ts';
import { RELOAD_CHECK_MS } from '../../../service/auth/api-key-file.ts';
import { startHighwater, temporaryFolder } from '../../helpers/highwater-process.ts';
import { raw, startService } from '../server.ts';

async function openRig() {
  const folder = temporaryFolder();
  const keysFile = join(folder.path, 'keys', 'api-keys.json');
  const clock = new VirtualClock();
  const lines: string[] = [];
  const logger = createLogger({
    level: 'debug',
    format: 'json',
    write: (line) => void lines.push(line),
  });
  const issuer = { audiences: [], keysUrl: 'https://keys.invalid' };
  const identity = await openIdentity({
    modes: ['api-key'],
    host: '0.0.0.0',
    isOpenToAll: false,
    iap: issuer,
    oidc: issuer,
    keysFile,
    grants: { reader: ['*'], publisher: ['*'], operator: ['*'] },
    clock,
    logger,
  });
  const service = await startService({ identity, logger });
  return {
    clock,
    keysFile,
    lines,
    service,
    async create(name: string, roles: readonly Role[], expiresAtMs?: number): Promise<string> {
      let made = '';
      await changeApiKeys(keysFile, (keys) => {
        const { text, ...rest } = createApiKey(
          keys,
          { name, roles, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) },
          clock.nowMs(),
        );
        made = text;
        return rest.keys;
      });
      await clock.advance(RELOAD_CHECK_MS);
      return made;
    },
    async status(path: string, key: string, method = 'GET'): Promise<number> {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const options = { method, headers, ...(method === 'POST' ? { body: '{}' } : {}) };
      return (await raw(service, path, options)).status;
    },
    async stop() {
      await service.stop();
      folder.remove();
    },
  };
}

const LIST = '/v1/streams';
const EVENTS = '/v1/streams/events/events';
const REPLAY = '/v1/streams/events/quarantine/replay';

test('each role opens its own operations and no other', async (t) => {
  const rig = await openRig();
  // 400: the door is open, and the empty event is refused behind it. 404: nothing is wired up to replay.
  const expected: readonly (readonly [Role, number, number, number])[] = [
    ['reader', 200, 403, 403],
    ['publisher', 403, 400, 403],
    ['operator', 200, 400, 404],
  ];
  for (const [role, list, publish, replay] of expected) {
    const key = await rig.create(role, [role]);
    t.is(await rig.status(LIST, key), list, `${role} list`);
    t.is(await rig.status(EVENTS, key, 'POST'), publish, `${role} publish`);
    t.is(await rig.status(REPLAY, key, 'POST'), replay, `${role} replay`);
    t.is(await rig.status('/nothing', key), 404, `${role} unknown path`);
  }
  const both = await rig.create('canary', ['reader', 'publisher']);
  t.is(await rig.status(LIST, both), 200);
  t.is(await rig.status(EVENTS, both, 'POST'), 400);
  await rig.stop();
});

test('a key works in either header, and a wrong one beside a right one is refused', async (t) => {
  const rig = await openRig();
  const key = await rig.create('reader', ['reader']);
  const ask = async (headers: Record<string, string>) =>
    (await raw(rig.service, LIST, { headers })).status;
  t.is(await ask({ 'x-api-key': key }), 200);
  t.is(await ask({ authorization: `bearer ${key}` }), 200);
  t.is(await ask({ 'x-api-key': `${key.slice(0, -1)}_`, authorization: `Bearer ${key}` }), 401);
  t.is(await ask({ authorization: `Basic ${key}` }), 401);
  t.is(await ask({ authorization: key }), 401);
  t.is((await raw(rig.service, `${LIST}?key=${key}`)).status, 401);
  await rig.stop();
});

test('keys that are revoked, expired, unknown, cut or changed are refused', async (t) => {
  const rig = await openRig();
  const { clock, keysFile } = rig;
  const first = await rig.create('first', ['reader']);
  const second = await rig.create('second', ['reader'], clock.nowMs() + 60_000);
  t.is(await rig.status(LIST, first), 200);
  t.is(await rig.status(LIST, second), 200);
  const id = first.split('_')[1]!;
  for (const wrong of [
    first.slice(0, -1),
    `${first}x`,
    first.toUpperCase(),
    `hw_${id}_${'A'.repeat(43)}`,
    `hw_${'0'.repeat(16)}_${'A'.repeat(43)}`,
    'hw_',
    'x',
  ]) {
    t.is(await rig.status(LIST, wrong), 401, wrong);
  }
  await changeApiKeys(keysFile, (keys) => revokeApiKey(keys, 'first', clock.nowMs()));
  await clock.advance(RELOAD_CHECK_MS);
  t.is(await rig.status(LIST, first), 401);
  t.is(await rig.status(LIST, second), 200);
  await clock.advance(60_000);
  t.is(await rig.status(LIST, second), 401);
  const reasons = rig.lines.join('');
  t.regex(reasons, /key first is revoked/);
  t.regex(reasons, /key second is expired/);
  await rig.stop();
});

test('keys are named in logs and answers, and neither they nor their hashes are shown', async (t) => {
  const rig = await openRig();
  const key = await rig.create('canary', ['reader']);
  await rig.status(LIST, key);
  await rig.status(EVENTS, key, 'POST');
  await rig.status(LIST, `${key.slice(0, -4)}AAAA`);
  const log = rig.lines.join('');
  t.true(log.includes('"principal":"api-key:canary"'));
  t.true(log.includes('wrong secret for key canary'));
  const file = readFileSync(rig.keysFile, 'utf8');
  const secret = key.split('_').slice(2).join('_');
  t.false(log.includes(secret));
  t.false(file.includes(secret));
  t.regex(file, /"sha256": "[0-9a-f]{64}"/);
  t.is(statSync(rig.keysFile).mode & 0o777, 0o600);
  await rig.stop();
});

test('a keys file that is spoilt keeps the keys of before, and one that is gone has none', async (t) => {
  const rig = await openRig();
  const key = await rig.create('reader', ['reader']);
  t.is(await rig.status(LIST, key), 200);
  writeFileSync(rig.keysFile, '{"version": 1, "keys": [{"name": "x"}]}');
  await rig.clock.advance(RELOAD_CHECK_MS);
  t.is(await rig.status(LIST, key), 200);
  t.regex(rig.lines.join(''), /api_keys_reload_failed/);
  rmSync(rig.keysFile);
  await rig.clock.advance(RELOAD_CHECK_MS);
  t.is(await rig.status(LIST, key), 401);
  await rig.stop();
});

test('at the start a keys file that cannot be read is a wrong configuration', async (t) => {
  const folder = temporaryFolder();
  const keysFile = join(folder.path, 'keys.json');
  writeFileSync(keysFile, '{}');
  const issuer = { audiences: [], keysUrl: 'https://keys.invalid' };
  await t.throwsAsync(
    openIdentity({
      modes: ['api-key'],
      host: '127.0.0.1',
      isOpenToAll: false,
      iap: issuer,
      oidc: issuer,
      keysFile,
      grants: { reader: [], publisher: [], operator: [] },
      clock: new VirtualClock(),
      logger: silentLogger,
    }),
    { code: 'invalid_config', message: /AUTH_KEYS_FILE/ },
  );
  folder.remove();
});

test('the command makes, lists and revokes keys', async (t) => {
  const folder = temporaryFolder();
  const environment = { HIGHWATER_DATA_DIR: folder.path };
  const run = async (...words: readonly string[]) => {
    const process = startHighwater(['api-key', ...words], environment);
    return { code: await process.exited, ...process.output };
  };
  const made = await run(
    'create',
    'ci',
    '--role',
    'reader',
    '--role',
    'publisher',
    '--expires-in',
    '90d',
  );
  t.is(made.code, 0, made.stderr);
  t.regex(made.stdout, /^hw_[0-9a-f]{16}_[\w-]{43}\n$/);
  t.is((await run('create', 'ci', '--role', 'reader')).code, 2);
  t.is((await run('create', 'ci2', '--role', 'king')).code, 2);
  t.is((await run('create', 'No!', '--role', 'reader')).code, 2);
  const list = await run('list', '--json');
  t.like(JSON.parse(list.stdout), { name: 'ci', state: 'active', roles: ['reader', 'publisher'] });
  t.is((await run('revoke', 'ci')).code, 0);
  t.regex((await run('list')).stdout, /ci +[0-9a-f]{16} +revoked +reader, publisher/);
  t.is((await run('revoke', 'ci')).code, 2);
  folder.remove();
});
