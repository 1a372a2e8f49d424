/** `highwater faults set | show | clear`: breaks parts of a running service on purpose, for a while. */
import type { Command } from 'commander';
import { z } from 'zod';
import { AppError, formatDuration, loadConfig, messageOf } from '../../runtime/index.ts';
import { parseFaults } from '../../telemetry/index.ts';
import { baseUrl } from '../service-api.ts';

const shownSchema = z.object({
  faults: z.array(z.object({ fault: z.string(), value: z.unknown(), forMs: z.number() })),
});

export function addFaultsCommand(program: Command): void {
  const faults = program
    .command('faults')
    .description(
      'break a running service on purpose; it must have been started with HIGHWATER_FAULTS=allow',
    );
  const at = [
    '--at <url>',
    'base URL of its metrics port (default: the configured one)',
    baseUrl,
  ] as const;
  faults
    .command('set')
    .description(
      'such as: errors=0.1 latency=800ms ingest=stopped subscription=stuck warehouse=broken',
    )
    .argument('<fault...>', 'name=value')
    .option('--for <duration>', 'how long, 1h at most', '5m')
    .option(...at)
    .action(async (words: readonly string[], options: { for: string; at?: string }) => {
      const body = { ...Object.fromEntries(words.map(pairOf)), for: options.for };
      parseFaults(body);
      await call(options.at, 'POST', body);
    });
  faults
    .command('show')
    .description('what is in force')
    .option(...at)
    .action((options: { at?: string }) => call(options.at, 'GET'));
  faults
    .command('clear')
    .description('end all of it now')
    .option(...at)
    .action((options: { at?: string }) => call(options.at, 'DELETE'));
}

function pairOf(word: string): readonly [string, string] {
  const [name = '', ...value] = word.split('=');
  return [name, value.join('=')];
}

async function call(given: string | undefined, method: string, body?: object): Promise<void> {
  const at = given ?? configuredUrl();
  let response: Response;
  try {
    response = await fetch(new URL('/faults', at), {
      method,
      ...(body && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
  } catch (error) {
    throw new AppError(
      'api_unavailable',
      `Nothing answers at ${at}: ${messageOf(error)}; name its metrics port with --at.`,
      { cause: error },
    );
  }
  const text = await response.text();
  if (response.status === 404) {
    throw new AppError(
      'not_found',
      'That process takes no faults: start it with HIGHWATER_FAULTS=allow.',
    );
  }
  if (!response.ok) throw new AppError('invalid_argument', text.trim());
  const { faults } = shownSchema.parse(JSON.parse(text));
  const lines = faults.map(
    ({ fault, value, forMs }) =>
      `${fault}=${fault === 'latency' ? formatDuration(Number(value)) : String(value)} for ${formatDuration(Math.ceil(forMs / 1_000) * 1_000)}`,
  );
  process.stdout.write(`${lines.join('\n') || 'no fault is injected'}\n`);
}

function configuredUrl(): string {
  const { METRICS_HOST: host, METRICS_PORT: port } = loadConfig();
  return `http://${host}:${port}`;
}
