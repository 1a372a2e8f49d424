/** `highwater slo lint`: what is wrong with the definitions, and what would work. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { lintSlos } from '../../../slo/index.ts';
import type { LintFinding } from '../../../slo/index.ts';
import { addLintTo } from '../../lint-command.ts';
import { metricsLookbackMs } from '../../signals.ts';
import { loadConfiguredSlos } from '../../slos.ts';

export function addLintCommand(slo: Command): void {
  addLintTo<LintFinding>(slo, {
    what: 'definitions',
    findingsOf(config) {
      const lookbackMaxMs = metricsLookbackMs(config);
      return lintSlos(loadConfiguredSlos(config), { hasFile: existsSync, lookbackMaxMs });
    },
    subjectOf: ({ slo: name }) => name,
    invalid: ({ message, ...finding }) => ({ ...finding, slo: '', message }),
  });
}
