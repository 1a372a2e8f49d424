/** `highwater alerts status | ack | silence`: what the running service watches, and what people do about it. */
import { userInfo } from 'node:os';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { z } from 'zod';
import { parseDuration } from '../../../runtime/index.ts';
import { parseSelector } from '../../../slo/index.ts';
import type { Matcher } from '../../../telemetry/index.ts';
import { askService, serviceUrl, URL_OPTION } from '../../service-api.ts';
import { textTable } from '../../text-table.ts';

const ALERTS = z.object({
  evaluated_at: z.string().nullable(),
  is_stale: z.boolean(),
  failure: z.string().nullable(),
  alerts: z.array(
    z.object({
      policy: z.string(),
      state: z.enum(['quiet', 'pending', 'firing']),
      rungs: z.array(
        z.object({
          rung: z.string(),
          measured: z.array(z.object({ value: z.number().nullable() })),
        }),
      ),
    }),
  ),
  silences: z.array(z.object({ id: z.string(), reason: z.string(), ends_at: z.string() })),
});
const INCIDENT = z.object({
  id: z.string(),
  policy: z.string(),
  route: z.string(),
  severity: z.string(),
  labels: z.record(z.string(), z.string()),
  firing_rungs: z.array(z.string()),
  fired_at: z.string(),
  muted: z.object({ kind: z.string(), reason: z.string() }).nullable(),
  acknowledged: z.object({ by: z.string() }).nullable(),
});
const INCIDENTS = z.object({ incidents: z.array(INCIDENT) });
const SILENCE = z.object({ id: z.string(), ends_at: z.string() });

interface Options {
  readonly url?: string;
  readonly json?: boolean;
}

export function addStatusCommand(alerts: Command): void {
  alerts
    .command('status')
    .description('open incidents, and what each policy measures now')
    .option(...URL_OPTION)
    .option('--json', 'the answers of the API')
    .action(status);
}

export function addAckCommand(alerts: Command): void {
  alerts
    .command('ack')
    .description('say that somebody looks at an incident')
    .argument('<incident>', 'its id, as status shows it')
    .option('--by <name>', 'who', userInfo().username)
    .option('--note <text>', 'what is being done')
    .option(...URL_OPTION)
    .action(async (id: string, options: Options & { by: string; note?: string }) => {
      const { by, note } = options;
      const path = `/v1/incidents/${encodeURIComponent(id)}/acknowledge`;
      await askService(serviceUrl(options.url), path, {
        by,
        ...(note === undefined ? {} : { note }),
      });
      process.stdout.write(`${id} is acknowledged by ${by}\n`);
    });
}

export function addSilenceCommand(alerts: Command): void {
  alerts
    .command('silence')
    .description('tell nobody of some alerts for a while; figures and states go on')
    .argument('<matchers>', `such as '{policy="backlog-age"}'`, matchersOf)
    .requiredOption('--reason <text>', 'why')
    .requiredOption('--for <duration>', 'how long, 30d at most', duration)
    .option('--by <name>', 'who', userInfo().username)
    .option(...URL_OPTION)
    .action(
      async (
        matchers: readonly Matcher[],
        options: Options & { reason: string; for: string; by: string },
      ) => {
        const { reason, by, for: length } = options;
        const body = { matchers, reason, by, for: length };
        const answer = await askService(serviceUrl(options.url), '/v1/silences', body);
        const { id, ends_at: end } = SILENCE.parse(answer);
        process.stdout.write(`${id} is in force until ${end}\n`);
      },
    );
  alerts
    .command('unsilence')
    .description('end a silence now')
    .argument('<silence>', 'its id')
    .option('--by <name>', 'who', userInfo().username)
    .option(...URL_OPTION)
    .action(async (id: string, options: Options & { by: string }) => {
      const path = `/v1/silences/${encodeURIComponent(id)}/end`;
      await askService(serviceUrl(options.url), path, { by: options.by });
      process.stdout.write(`${id} is ended\n`);
    });
}

async function status(options: Options): Promise<void> {
  const url = serviceUrl(options.url);
  const answers = [
    await askService(url, '/v1/alerts'),
    await askService(url, '/v1/incidents?state=open'),
  ];
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ alerts: answers[0], incidents: answers[1] })}\n`);
    return;
  }
  const known = ALERTS.parse(answers[0]);
  const { incidents } = INCIDENTS.parse(answers[1]);
  const open = incidents.map((each) => [
    each.id,
    `${each.route}, ${each.severity}`,
    each.firing_rungs.join(', '),
    each.muted ? `${each.muted.kind}: ${each.muted.reason}` : (each.acknowledged?.by ?? '-'),
  ]);
  const rows = known.alerts.map(({ policy, state, rungs }) => [
    policy,
    state,
    rungs.map(({ measured }) => figure(measured[0]?.value)).join(' '),
  ]);
  process.stdout.write(
    [
      open.length === 0
        ? 'Nothing fires.\n'
        : textTable([['INCIDENT', 'AS', 'RUNGS', 'ACKNOWLEDGED OR MUTED'], ...open]),
      '\n',
      textTable([['POLICY', 'STATE', 'MEASURED'], ...rows]),
      ...known.silences.map((each) => `silence ${each.id} until ${each.ends_at}: ${each.reason}\n`),
      `${known.is_stale ? `STALE${known.failure === null ? '' : `: ${known.failure}`}; ` : ''}evaluated at ${known.evaluated_at ?? 'no time yet'}\n`,
    ].join(''),
  );
}

function figure(value: number | null | undefined): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : '-';
}

function matchersOf(text: string): readonly Matcher[] {
  const found = text.startsWith('{') ? parseSelector(`any${text}`) : undefined;
  if (found && found.matchers.length > 0) return found.matchers;
  throw new InvalidArgumentError('expected conditions on labels, such as {policy="backlog-age"}');
}

function duration(text: string): string {
  if ((parseDuration(text) ?? 0) > 0) return text;
  throw new InvalidArgumentError('expected a duration, such as 2h');
}
