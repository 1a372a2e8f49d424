/** `highwater slo gate`: whether a deployment pipeline may go on; refuses where it cannot know. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { isAppError, parseDuration } from '../../../runtime/index.ts';
import { decideGate, parseSlosAnswer } from '../../../slo/index.ts';
import type { GateOptions, GateVerdict } from '../../../slo/index.ts';
import { askService, serviceUrl, URL_OPTION } from '../../service-api.ts';

interface Options {
  readonly url?: string;
  readonly json?: boolean;
  readonly label: Readonly<Record<string, string>>;
  readonly revision: Readonly<Record<string, string>>;
  readonly minRemaining: number;
  readonly maxBurn?: NonNullable<GateOptions['burnMax']>;
}

export function addGateCommand(slo: Command): void {
  slo
    .command('gate')
    .description('exit code 0 where a deployment may go on, 1 where not, with the reason')
    .argument('[names...]', 'only these SLOs (default: all)')
    .option(...URL_OPTION)
    .option('--label <key=value>', 'only SLOs with this label; repeatable', pair, {})
    .option('--revision <slo=revision>', 'refuse another definition; repeatable', pair, {})
    .option('--min-remaining <percent>', 'refuse at or below this much budget', percent, 0)
    .option('--max-burn <rate@window>', 'refuse above this burn rate, such as 2@1h', burn)
    .option('--json', 'one JSON object')
    .action(gate);
}

async function gate(names: readonly string[], options: Options): Promise<void> {
  const verdict = await decide(serviceUrl(options.url), {
    names,
    labels: options.label,
    revisions: options.revision,
    remainingRatioMin: options.minRemaining,
    ...(options.maxBurn ? { burnMax: options.maxBurn } : {}),
  });
  process.stdout.write(options.json ? `${JSON.stringify(verdict)}\n` : textOf(verdict));
  if (!verdict.isAllowed) process.exitCode = 1;
}

/** Refuses where the service does not answer as it should. */
async function decide(url: string, options: GateOptions): Promise<GateVerdict> {
  try {
    return decideGate(parseSlosAnswer(await askService(url, '/v1/slos')), options);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { isAllowed: false, reasons: [error.message], checked: [] };
  }
}

function textOf({ isAllowed, reasons, checked }: GateVerdict): string {
  if (isAllowed) return `allowed: ${checked.join(', ')}\n`;
  return `refused:\n${reasons.map((reason) => `  ${reason}\n`).join('')}`;
}

function pair(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError('expected key=value, such as journey=read');
  }
  return { ...before, [key]: value };
}

function percent(text: string): number {
  const value = Number(text.replace(/%$/, ''));
  if (text.trim() !== '' && value >= 0 && value <= 100) return value / 100;
  throw new InvalidArgumentError('expected a percentage from 0 to 100, such as 10');
}

function burn(text: string): NonNullable<GateOptions['burnMax']> {
  const [rate = '', window = ''] = text.split('@');
  const windowMs = parseDuration(window);
  if (/^\d+(\.\d+)?$/.test(rate) && windowMs !== undefined) {
    return { burnRate: Number(rate), windowMs };
  }
  throw new InvalidArgumentError('expected a burn rate and a window, such as 2@1h');
}
