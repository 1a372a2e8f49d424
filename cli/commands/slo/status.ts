/** `highwater slo status`: what the running service knows of its SLOs. */
import type { Command } from 'commander';
import { AppError, formatDuration } from '../../../runtime/index.ts';
import { parseSloAnswer, parseSlosAnswer } from '../../../slo/index.ts';
import type { SloJson, SlosJson } from '../../../slo/index.ts';
import { askService, serviceUrl, URL_OPTION } from '../../service-api.ts';
import { textTable } from '../../text-table.ts';

interface StatusOptions {
  readonly url?: string;
  readonly json?: boolean;
}

export function addStatusCommand(slo: Command): void {
  slo
    .command('status')
    .description('state, SLI, budget and burn rates, from the running service')
    .argument('[name]', 'one SLO in full')
    .option(...URL_OPTION)
    .option('--json', 'the answer of the API')
    .action(status);
}

async function status(name: string | undefined, options: StatusOptions): Promise<void> {
  const path = name === undefined ? '/v1/slos' : `/v1/slos/${encodeURIComponent(name)}`;
  const answer = await askService(serviceUrl(options.url), path);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  } else if (name === undefined) {
    process.stdout.write(overview(parseSlosAnswer(answer)));
  } else {
    process.stdout.write(details(parseSloAnswer(answer)));
  }
}

function overview({ slos, evaluated_at: at, is_stale: isStale, failure }: SlosJson): string {
  if (at === null) {
    throw new AppError(
      'metrics_unavailable',
      `Nothing is evaluated yet${failure ? `: ${failure}` : ''}.`,
    );
  }
  const head = ['SLO', 'STATE', 'SLI', 'OBJECTIVE', 'BUDGET LEFT', 'BURN RATE', 'LASTS'];
  const rows = slos.map((slo) => {
    const tier = slo.tiers[0];
    const burn = slo.burn_rates.find((each) => each.window_seconds === tier?.long_window_seconds);
    return [
      slo.name,
      slo.state,
      ratio(slo.sli_ratio),
      `${slo.objective_percent} %`,
      ratio(slo.budget?.remaining_ratio ?? null),
      burn ? `${figure(burn.burn_rate)} over ${burn.window}` : '-',
      lasts(burn?.exhaustion_seconds ?? null),
    ];
  });
  const stale = isStale ? `STALE${failure ? `: ${failure}` : ''}; ` : '';
  return `${textTable([head, ...rows])}${stale}evaluated at ${at}\n`;
}

function details(slo: SloJson): string {
  const { counted, budget, forecast } = slo;
  const facts: (readonly [string, string])[] = [
    ['state', `${slo.state}: ${slo.reason}`],
    ['means', slo.user_impact],
    ['SLI', `${ratio(slo.sli_ratio)} of ${slo.objective_percent} % over ${slo.window}`],
    [
      'counted',
      `${figure(counted.bad_count)} bad of ${figure(counted.valid_count)} valid since ${counted.since}`,
    ],
    [
      'budget',
      budget
        ? `${ratio(budget.remaining_ratio)} left: ${figure(budget.spent_count)} of ${figure(budget.allowed_count)} spent, ${figure(budget.remaining_minutes)} of ${figure(budget.allowed_minutes)} minutes left`
        : '-',
    ],
    [
      'forecast',
      forecast
        ? `${ratio(forecast.remaining_ratio)} left in ${formatDuration(forecast.horizon_seconds * 1_000)}, exhausted ${forecast.exhausted_at ?? 'never'}. ${forecast.assumption}`
        : '-',
    ],
    ['owner', slo.owner],
    ['playbook', slo.playbook],
  ];
  const windows = slo.burn_rates.map((each) => [
    each.window,
    figure(each.bad_count),
    figure(each.valid_count),
    figure(each.burn_rate),
    ratio(each.budget_spent_ratio),
    lasts(each.exhaustion_seconds),
  ]);
  const tiers = slo.tiers.map((each) => [
    each.name,
    each.severity,
    `above ${each.factor} over ${formatDuration(each.long_window_seconds * 1_000)} and ${formatDuration(each.short_window_seconds * 1_000)}`,
    each.is_burning ? 'burning' : each.is_guarded ? 'quiet (low traffic)' : 'quiet',
  ]);
  return [
    `${slo.name}: ${slo.title}\n\n`,
    textTable(facts),
    '\n',
    textTable([['WINDOW', 'BAD', 'VALID', 'BURN RATE', 'OF BUDGET', 'LASTS'], ...windows]),
    '\n',
    textTable([['TIER', 'SEVERITY', 'BURNS WHERE', 'NOW'], ...tiers]),
    `\nevaluated at ${slo.evaluated_at}, revision ${slo.revision}\n`,
  ].join('');
}

function ratio(value: number | null): string {
  return value === null ? '-' : `${Number((100 * value).toFixed(4))} %`;
}

function figure(value: number | null): string {
  return value === null ? '-' : String(Number(value.toFixed(2)));
}

/** At most two units: nobody plans by the second three weeks ahead. */
function lasts(seconds: number | null): string {
  if (seconds === null) return 'on';
  const unitSeconds = seconds >= 86_400 ? 3_600 : seconds >= 3_600 ? 60 : 1;
  return formatDuration(Math.floor(seconds / unitSeconds) * unitSeconds * 1_000);
}
