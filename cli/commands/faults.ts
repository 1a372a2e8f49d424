/** `highwater faults set | show | clear`: breaks parts of a running service on purpose, for a while. */
import type { Command } from 'commander';
import { z } from 'zod';
import { formatDuration } from '../../runtime/index.ts';
import { parseFaults } from '../../telemetry/index.ts';
import { askInternal, AT_OPTION, internalUrl } from '../internal-port.ts';

const shownSchema = z.object({
  faults: z.array(z.object({ fault: z.string(), value: z.unknown(), forMs: z.number() })),
});

export function addFaultsCommand(program: Command): void {
  const faults = program
    .command('faults')
    .description(
      'break a running service on purpose; it must have been started with HIGHWATER_FAULTS=allow',
    );
  faults
    .command('set')
    .description(
      'such as: errors=0.1 latency=800ms ingest=stopped subscription=stuck warehouse=broken',
    )
    .argument('<fault...>', 'name=value')
    .option('--for <duration>', 'how long, 1h at most', '5m')
    .option(...AT_OPTION)
    .action(async (words: readonly string[], options: { for: string; at?: string }) => {
      const body = { ...Object.fromEntries(words.map(pairOf)), for: options.for };
      parseFaults(body);
      await call(options.at, 'POST', body);
    });
  faults
    .command('show')
    .description('what is in force')
    .option(...AT_OPTION)
    .action((options: { at?: string }) => call(options.at, 'GET'));
  faults
    .command('clear')
    .description('end all of it now')
    .option(...AT_OPTION)
    .action((options: { at?: string }) => call(options.at, 'DELETE'));
}

function pairOf(word: string): readonly [string, string] {
  const [name = '', ...value] = word.split('=');
  return [name, value.join('=')];
}

async function call(
  given: string | undefined,
  method: 'DELETE' | 'GET' | 'POST',
  body?: object,
): Promise<void> {
  const answer = await askInternal(internalUrl(given), {
    path: '/faults',
    method,
    notFound: 'That process takes no faults: start it with HIGHWATER_FAULTS=allow.',
    ...(body ? { body } : {}),
  });
  const { faults } = shownSchema.parse(answer);
  const lines = faults.map(
    ({ fault, value, forMs }) =>
      `${fault}=${fault === 'latency' ? formatDuration(Number(value)) : String(value)} for ${formatDuration(Math.ceil(forMs / 1_000) * 1_000)}`,
  );
  process.stdout.write(`${lines.join('\n') || 'no fault is injected'}\n`);
}
