/** `highwater slo list`: the definitions there are. */
import type { Command } from 'commander';
import { formatDuration, loadConfig } from '../../../runtime/index.ts';
import { loadConfiguredSlos } from '../../slos.ts';
import { textTable } from '../../text-table.ts';

export function addListCommand(slo: Command): void {
  slo
    .command('list')
    .description('the SLOs that are defined')
    .option('--json', 'one JSON array')
    .action(({ json }: { json?: boolean }) => {
      const slos = loadConfiguredSlos(loadConfig());
      const rows = slos.map((each) => ({
        name: each.name,
        objective_percent: each.objective.percent.value,
        window: formatDuration(each.windowMs),
        budgeting: each.budgeting,
        owner: each.owner,
        revision: each.revision,
        place: `${each.place.file}:${each.place.line}`,
      }));
      if (json) {
        process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
        return;
      }
      const cells = rows.map((row) => [
        row.name,
        `${row.objective_percent} %`,
        row.window,
        row.budgeting,
        row.owner,
        row.revision,
        row.place,
      ]);
      const head = ['SLO', 'OBJECTIVE', 'WINDOW', 'BUDGETING', 'OWNER', 'REVISION', 'DEFINED AT'];
      process.stdout.write(textTable([head, ...cells]));
    });
}
