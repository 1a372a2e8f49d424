/** `highwater alerts`: what the policies would do, and did. */
import type { Command } from 'commander';
import { addBacktestCommand } from './alerts/backtest.ts';

export function addAlertsCommand(program: Command): void {
  const alerts = program.command('alerts').description('alert policies: backtest');
  for (const add of [addBacktestCommand]) add(alerts);
}
