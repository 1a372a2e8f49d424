/** `highwater alerts`: what the policies are, whether they work, and what they would do, and did. */
import type { Command } from 'commander';
import { addBacktestCommand } from './alerts/backtest.ts';
import { addLintCommand } from './alerts/lint.ts';
import { addListCommand } from './alerts/list.ts';
import { addTestCommand } from './alerts/test.ts';

export function addAlertsCommand(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('alert policies: list, lint, test, backtest');
  for (const add of [addListCommand, addLintCommand, addTestCommand, addBacktestCommand]) {
    add(alerts);
  }
}
