/** `highwater api-key create | list | revoke`: the keys file of the API; a running service takes changes up by itself. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { loadConfig, parseDuration, systemClock } from '../../runtime/index.ts';
import {
  changeApiKeys,
  createApiKey,
  readApiKeys,
  revokeApiKey,
  ROLES,
  stateOf,
} from '../../service/index.ts';
import type { Role } from '../../service/index.ts';
import { apiKeysFile } from '../identity.ts';
import { textTable } from '../text-table.ts';

interface FileOption {
  readonly file?: string;
}

export function addApiKeyCommand(program: Command): void {
  const apiKey = program
    .command('api-key')
    .description('keys of the API for AUTH_MODE=api-key: their hashes are kept, never the keys');
  const file = ['--file <path>', 'keys file (default: AUTH_KEYS_FILE)'] as const;
  apiKey
    .command('create')
    .description('make a key and print it, this once')
    .argument('<name>', 'who uses it; stands in logs, such as canary')
    .requiredOption('--role <role>', `${ROLES.join(', ')}; repeatable`, role)
    .option('--expires-in <duration>', 'such as 90d (default: never)', duration)
    .option(...file)
    .action(create);
  apiKey
    .command('list')
    .description('names, roles and states')
    .option('--json', 'one JSON object a line')
    .option(...file)
    .action(list);
  apiKey
    .command('revoke')
    .description('refuse a key from now on; a running service notices within two seconds')
    .argument('<name>', 'its name or id')
    .option(...file)
    .action(revoke);
}

async function create(
  name: string,
  options: FileOption & { role: readonly Role[]; expiresIn?: number },
): Promise<void> {
  const nowMs = systemClock.nowMs();
  let text = '';
  await changeApiKeys(pathOf(options), (keys) => {
    const made = createApiKey(
      keys,
      {
        name,
        roles: options.role,
        ...(options.expiresIn === undefined ? {} : { expiresAtMs: nowMs + options.expiresIn }),
      },
      nowMs,
    );
    text = made.text;
    return made.keys;
  });
  process.stderr.write(`The key of ${name}; it is not shown again:\n`);
  process.stdout.write(`${text}\n`);
}

async function list(options: FileOption & { json?: boolean }): Promise<void> {
  const nowMs = systemClock.nowMs();
  const rows = (await readApiKeys(pathOf(options))).map((key) => ({
    name: key.name,
    id: key.id,
    state: stateOf(key, nowMs),
    roles: key.roles,
    created_at: key.created_at,
    expires_at: key.expires_at,
    revoked_at: key.revoked_at,
  }));
  if (options.json) {
    process.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return;
  }
  const table = rows.map((row) => [
    row.name,
    row.id,
    row.state,
    row.roles.join(', '),
    row.created_at,
    row.expires_at ?? 'never',
  ]);
  process.stdout.write(
    textTable([['NAME', 'ID', 'STATE', 'ROLES', 'CREATED', 'EXPIRES'], ...table]),
  );
}

async function revoke(nameOrId: string, options: FileOption): Promise<void> {
  const nowMs = systemClock.nowMs();
  await changeApiKeys(pathOf(options), (keys) => revokeApiKey(keys, nameOrId, nowMs));
  process.stdout.write(`${nameOrId} is revoked\n`);
}

function pathOf({ file }: FileOption): string {
  return file ?? apiKeysFile(loadConfig());
}

function role(text: string, before: readonly Role[] = []): readonly Role[] {
  const found = ROLES.find((each) => each === text);
  if (found) return before.includes(found) ? before : [...before, found];
  throw new InvalidArgumentError(`expected one of ${ROLES.join(', ')}`);
}

function duration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined && durationMs > 0) return durationMs;
  throw new InvalidArgumentError('expected a duration, such as 90d');
}
