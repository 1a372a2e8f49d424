/** `highwater slo report`: a month of the running service's SLOs, as Markdown or HTML. */
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { systemClock } from '../../../runtime/index.ts';
import {
  parseHistoryAnswer,
  parseMonth,
  parseSlosAnswer,
  reportHtml,
  reportMarkdown,
  sloReport,
} from '../../../slo/index.ts';
import type { Month } from '../../../slo/index.ts';
import { askService, serviceUrl, URL_OPTION } from '../../service-api.ts';

interface Options {
  readonly url?: string;
  readonly month: Month;
  readonly format: 'markdown' | 'html';
  readonly out?: string;
}

export function addReportCommand(slo: Command): void {
  slo
    .command('report')
    .description('what a month came to, hour by hour as the service kept it')
    .argument('[names...]', 'only these SLOs (default: all)')
    .requiredOption('--month <month>', 'such as 2026-11, in UTC', month)
    .addOption(
      new Option('--format <format>', 'of the report')
        .choices(['markdown', 'html'])
        .default('markdown'),
    )
    .option('--out <file>', 'write it there instead of showing it')
    .option(...URL_OPTION)
    .action(report);
}

async function report(names: readonly string[], options: Options): Promise<void> {
  const { month: wanted } = options;
  const url = serviceUrl(options.url);
  const { slos } = parseSlosAnswer(await askService(url, '/v1/slos'));
  const known = slos.map((each) => each.name);
  const chosen = names.length === 0 ? known : names;
  const nowMs = systemClock.nowMs();
  const range = new URLSearchParams({
    from: new Date(wanted.fromMs).toISOString(),
    to: new Date(wanted.toMs).toISOString(),
  });
  const reports = [];
  for (const name of chosen) {
    const path = `/v1/slos/${encodeURIComponent(name)}/history?${range.toString()}`;
    const rows = parseHistoryAnswer(await askService(url, path));
    const title = slos.find((each) => each.name === name)?.title ?? name;
    reports.push(sloReport({ name, title }, rows, wanted, nowMs));
  }
  const text = (options.format === 'html' ? reportHtml : reportMarkdown)(wanted, reports);
  if (options.out === undefined) process.stdout.write(text);
  else writeFileSync(options.out, text);
}

function month(text: string): Month {
  const found = parseMonth(text);
  if (found) return found;
  throw new InvalidArgumentError('expected a month, such as 2026-11');
}
