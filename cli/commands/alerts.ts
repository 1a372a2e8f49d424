/** `highwater alerts`: what the policies are, whether they work, what fires, and what they would do, and did. */
import type { Command } from 'commander';
import { addBacktestCommand } from './alerts/backtest.ts';
import { addLintCommand } from './alerts/lint.ts';
import { addListCommand } from './alerts/list.ts';
import { addSendTestCommand } from './alerts/send-test.ts';
import { addAckCommand, addSilenceCommand, addStatusCommand } from './alerts/status.ts';
import { addTestCommand } from './alerts/test.ts';

export function addAlertsCommand(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('alerts: list, lint, test, status, acknowledge, silence, backtest, send-test');
  for (const add of [
    addListCommand,
    addLintCommand,
    addTestCommand,
    addStatusCommand,
    addAckCommand,
    addSilenceCommand,
    addBacktestCommand,
    addSendTestCommand,
  ]) {
    add(alerts);
  }
}
