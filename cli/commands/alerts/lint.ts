/** `highwater alerts lint`: what is wrong with the policies, and what would work. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { lintAlerts } from '../../../alerts/index.ts';
import type { AlertLintFinding } from '../../../alerts/index.ts';
import { systemClock } from '../../../runtime/index.ts';
import { loadConfiguredAlerts } from '../../alerts.ts';
import { addLintTo } from '../../lint-command.ts';

export function addLintCommand(alerts: Command): void {
  addLintTo<AlertLintFinding>(alerts, {
    what: 'policies',
    findingsOf: (config) =>
      lintAlerts(loadConfiguredAlerts(config), {
        playbookOf: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
        nowMs: systemClock.nowMs(),
      }),
    subjectOf: ({ policy }) => policy,
    invalid: ({ message, ...finding }) => ({ ...finding, policy: '', message }),
  });
}
