/** `highwater config`: the effective settings. */
import type { Command } from 'commander';
import { loadConfig, printConfig, settingsTable } from '../../runtime/index.ts';

export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description('print the effective settings, secrets hidden; fails where one is not valid')
    .option('--table', 'print what each setting means, as a Markdown table')
    .action((options: { table?: boolean }) => {
      process.stdout.write(`${options.table ? settingsTable() : printConfig(loadConfig())}\n`);
    });
}
