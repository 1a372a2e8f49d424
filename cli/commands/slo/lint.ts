/** `highwater slo lint`: what is wrong with the definitions, and what would work. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { isAppError, loadConfig } from '../../../runtime/index.ts';
import type { Config } from '../../../runtime/index.ts';
import { lintSlos } from '../../../slo/index.ts';
import type { LintFinding } from '../../../slo/index.ts';
import { metricsLookbackMs } from '../../signals.ts';
import { loadConfiguredSlos } from '../../slos.ts';

export function addLintCommand(slo: Command): void {
  slo
    .command('lint')
    .description('find what would not work in the definitions; exit code 1 where there is an error')
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
function findingsOf(config: Config): readonly LintFinding[] {
  try {
    const lookbackMaxMs = metricsLookbackMs(config);
    return lintSlos(loadConfiguredSlos(config), { hasFile: existsSync, lookbackMaxMs });
  } catch (error) {
    const problems: unknown = isAppError(error, 'invalid_definition')
      ? error.detail?.['problems']
      : undefined;
    if (!Array.isArray(problems)) throw error;
    return problems.map((problem) => invalidFinding(String(problem)));
  }
}

function invalidFinding(problem: string): LintFinding {
  const [, file = '', line = '1', message = problem] = /^(.+?):(\d+):? ?(.*)$/s.exec(problem) ?? [];
  return { level: 'error', rule: 'invalid', file, line: Number(line), slo: '', message };
}

function lineOf({ level, rule, file, line, slo, message }: LintFinding): string {
  const where = file === '' ? '' : `${file}:${line} `;
  return `${where}${slo === '' ? '' : `${slo} `}${level} [${rule}] ${message}`;
}
