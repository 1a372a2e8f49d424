/** The `lint` of a kind of definitions: its findings a line each, those that cannot be read among them. */
import type { Command } from 'commander';
import { isAppError, loadConfig } from '../runtime/index.ts';
import type { Config } from '../runtime/index.ts';

/** What a lint has to say of one place; `error` fails it. */
interface Finding {
  readonly level: 'error' | 'info';
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface Lint<F extends Finding> {
  /** What is linted, as in "would not work in the policies". */
  readonly what: string;
  /** @throws AppError `invalid_definition` where they cannot be read, with its `problems` */
  readonly findingsOf: (config: Config) => readonly F[];
  /** What the finding is about, by its name; empty: the file as a whole. */
  readonly subjectOf: (finding: F) => string;
  /** A finding about what cannot be read. */
  readonly invalid: (finding: Omit<Finding, 'rule'> & { readonly rule: 'invalid' }) => F;
}

export function addLintTo<F extends Finding>(parent: Command, lint: Lint<F>): void {
  parent
    .command('lint')
    .description(
      `find what would not work in the ${lint.what}; exit code 1 where there is an error`,
    )
    .option('--json', 'one JSON object a line')
    .action(({ json }: { json?: boolean }) => {
      const findings = allFindings(lint, loadConfig());
      for (const each of findings) {
        const line = json ? JSON.stringify(each) : lineOf(each, lint.subjectOf(each));
        process.stdout.write(`${line}\n`);
      }
      const errorCount = findings.filter((each) => each.level === 'error').length;
      if (!json) {
        process.stdout.write(`${errorCount} errors, ${findings.length - errorCount} notes\n`);
      }
      if (errorCount > 0) process.exitCode = 1;
    });
}

function allFindings<F extends Finding>({ findingsOf, invalid }: Lint<F>, config: Config) {
  try {
    return findingsOf(config);
  } catch (error) {
    const problems: unknown = isAppError(error, 'invalid_definition')
      ? error.detail?.['problems']
      : undefined;
    if (!Array.isArray(problems)) throw error;
    return problems.map((problem) => {
      const text = String(problem);
      const [, file = '', line = '1', message = text] = /^(.+?):(\d+):? ?(.*)$/s.exec(text) ?? [];
      return invalid({ level: 'error', rule: 'invalid', file, line: Number(line), message });
    });
  }
}

function lineOf({ level, rule, file, line, message }: Finding, subject: string): string {
  const where = file === '' ? '' : `${file}:${line} `;
  return `${where}${subject === '' ? '' : `${subject} `}${level} [${rule}] ${message}`;
}
