/** `highwater alerts list`: every alert there is, and who is told. */
import type { Command } from 'commander';
import { alertName, conditionPromQL } from '../../../alerts/index.ts';
import { formatDuration, loadConfig } from '../../../runtime/index.ts';
import { loadConfiguredAlerts } from '../../alerts.ts';
import { textTable } from '../../text-table.ts';

export function addListCommand(alerts: Command): void {
  alerts
    .command('list')
    .description('the alerts that are defined, those of the SLOs too')
    .option('--json', 'one JSON array, with the PromQL of each')
    .action(({ json }: { json?: boolean }) => {
      const { policies } = loadConfiguredAlerts(loadConfig());
      const rows = policies.flatMap((policy) =>
        policy.rungs.map((rung) => ({
          alert: alertName(policy, rung),
          policy: policy.name,
          rung: rung.name,
          route: rung.route,
          severity: rung.severity,
          for: formatDuration(rung.forMs),
          keep_firing_for: formatDuration(rung.keepFiringForMs),
          by: policy.by,
          summary: rung.summary,
          promql: conditionPromQL(rung.condition),
          playbook: policy.playbook,
          place: `${policy.place.file}:${policy.place.line}`,
        })),
      );
      if (json) {
        process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
        return;
      }
      const cells = rows.map((row) => [
        row.alert,
        row.route,
        row.severity,
        row.for,
        row.by.join(', '),
        row.playbook,
        row.place,
      ]);
      const head = ['ALERT', 'ROUTE', 'SEVERITY', 'FOR', 'BY', 'PLAYBOOK', 'DEFINED AT'];
      process.stdout.write(textTable([head, ...cells]));
    });
}
