/** `highwater slo`: definitions, their lint, and what the running service makes of them. */
import type { Command } from 'commander';
import { addGateCommand } from './slo/gate.ts';
import { addLintCommand } from './slo/lint.ts';
import { addListCommand } from './slo/list.ts';
import { addExportCommand, addImportCommand } from './slo/openslo.ts';
import { addReportCommand } from './slo/report.ts';
import { addStatusCommand } from './slo/status.ts';

export function addSloCommand(program: Command): void {
  const slo = program
    .command('slo')
    .description('service level objectives: lint, status, report, gate, OpenSLO');
  for (const add of [
    addListCommand,
    addLintCommand,
    addStatusCommand,
    addReportCommand,
    addGateCommand,
    addExportCommand,
    addImportCommand,
  ]) {
    add(slo);
  }
}
