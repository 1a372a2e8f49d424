/** `highwater alerts test`: every case that the policies compile to, answered by the evaluator in virtual time. */
import type { Command } from 'commander';
import { alertName, policyCases, runCase } from '../../../alerts/index.ts';
import type { CaseResult } from '../../../alerts/index.ts';
import { AppError, formatDuration, loadConfig } from '../../../runtime/index.ts';
import { loadConfiguredAlerts } from '../../alerts.ts';
import { textTable } from '../../text-table.ts';

export function addTestCommand(alerts: Command): void {
  alerts
    .command('test')
    .description(
      'fire every alert with made-up series, and keep it quiet; exit code 1 where one fails',
    )
    .argument('[policy]', 'one policy alone')
    .option('--json', 'one JSON object a line')
    .action(async (name: string | undefined, { json }: { json?: boolean }) => {
      const definitions = loadConfiguredAlerts(loadConfig());
      const cases = policyCases(definitions).filter(
        ({ policy }) => name === undefined || policy.name === name,
      );
      if (cases.length === 0) {
        const known = definitions.policies.map((policy) => policy.name).join(', ');
        throw new AppError('invalid_argument', `expected a policy, one of ${known}; got ${name}`);
      }
      const results: CaseResult[] = [];
      for (const each of cases) {
        const result = await runCase(definitions, each);
        results.push(result);
        if (json) process.stdout.write(`${JSON.stringify(jsonOf(result))}\n`);
      }
      const failedCount = results.filter(({ hasPassed }) => !hasPassed).length;
      if (!json) {
        process.stdout.write(textTable([HEAD, ...results.map(rowOf)]));
        process.stdout.write(`${results.length - failedCount} passed, ${failedCount} failed\n`);
      }
      if (failedCount > 0) process.exitCode = 1;
    });
}

const HEAD = ['ALERT', 'CASE', 'EVALUATED FOR', 'RESULT'];

function rowOf(result: CaseResult): string[] {
  const { policy, rung, kind, checks } = result.case;
  const endMs = Math.max(...checks.map(({ atMs }) => atMs));
  const [failure] = result.failures;
  const said = failure
    ? `FAILED at ${formatDuration(failure.atMs)}: expected ${firing(failure.expected)}, got ${firing(failure.got)}`
    : 'passed';
  return [alertName(policy, rung), kind, formatDuration(endMs), said];
}

function jsonOf({ case: { policy, rung, kind, checks }, hasPassed, failures }: CaseResult) {
  return {
    alert: alertName(policy, rung),
    policy: policy.name,
    rung: rung.name,
    case: kind,
    passed: hasPassed,
    checks: checks.map(({ atMs, firing: groups }) => ({ at_ms: atMs, firing: groups })),
    failures: failures.map(({ atMs, expected, got }) => ({ at_ms: atMs, expected, got })),
  };
}

function firing(groups: readonly Readonly<Record<string, string>>[]): string {
  if (groups.length === 0) return 'quiet';
  return `firing ${groups.map((labels) => Object.values(labels).join('/')).join(', ')}`.trim();
}
