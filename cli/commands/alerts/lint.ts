/** `highwater alerts lint`: what is wrong with the policies, and what would work. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { lintAlerts } from '../../../alerts/index.ts';
import type { AlertLintFinding } from '../../../alerts/index.ts';
import { isAppError, loadConfig, systemClock } from '../../../runtime/index.ts';
import type { Config } from '../../../runtime/index.ts';
import { loadConfiguredAlerts } from '../../alerts.ts';

export function addLintCommand(alerts: Command): void {
  alerts
    .command('lint')
    .description('find what would not work in the policies; exit code 1 where there is an error')
    .option('--json', 'one JSON object a line')
    .action(({ json }: { json?: boolean }) => {
      const findings = findingsOf(loadConfig());
      for (const each of findings) {
        process.stdout.write(`${json ? JSON.stringify(each) : lineOf(each)}\n`);
      }
      const errorCount = findings.filter((each) => each.level === 'error').length;
      if (!json) {
        process.stdout.write(`${errorCount} errors, ${findings.length - errorCount} notes\n`);
      }
      if (errorCount > 0) process.exitCode = 1;
    });
}

/** Lint's findings; where the definitions cannot be read, why. */
function findingsOf(config: Config): readonly AlertLintFinding[] {
  try {
    return lintAlerts(loadConfiguredAlerts(config), {
      playbookOf: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
      nowMs: systemClock.nowMs(),
    });
  } catch (error) {
    const problems: unknown = isAppError(error, 'invalid_definition')
      ? error.detail?.['problems']
      : undefined;
    if (!Array.isArray(problems)) throw error;
    return problems.map((problem) => invalidFinding(String(problem)));
  }
}

function invalidFinding(problem: string): AlertLintFinding {
  const [, file = '', line = '1', message = problem] = /^(.+?):(\d+):? ?(.*)$/s.exec(problem) ?? [];
  return { level: 'error', rule: 'invalid', file, line: Number(line), policy: '', message };
}

function lineOf({ level, rule, file, line, policy, message }: AlertLintFinding): string {
  const where = file === '' ? '' : `${file}:${line} `;
  return `${where}${policy === '' ? '' : `${policy} `}${level} [${rule}] ${message}`;
}
