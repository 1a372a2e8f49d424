/** The whole root, applied by Terraform and the real Google provider to a stand-in of the APIs: first apply, second plan, one change, destroy. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { ROOT } from '../dashboards/shipped.ts';
import { appliedDrift, withoutPolicy } from './applied-drift.ts';
import { applied, SECRET } from './applied.ts';
import { findTerraform, hasProvider, openWorkspace } from './terraform-command.ts';
import type { Ran } from './terraform-command.ts';

const PAGED = `
pagerduty = { on-call = { secret = "pagerduty-key", version = 1 } }
`;
const WITH_METRICS = `${PAGED}own_metrics_exist = true\n`;
const UNPROTECTED = `${WITH_METRICS}deletion_protection = false\n`;
/** As the service sends them. */
const OWN_METRICS = [
  'http_server_request_duration_seconds/histogram',
  'ingest_freshness_seconds/histogram',
  'ingest_watermark_lag_seconds/gauge',
  'canary_freshness_seconds/histogram',
  'canary_age_seconds/gauge',
];

/** Its SLO, the thresholds of its two policies, and the two dashboards that draw them; the third does not. */
const CHANGED_BY_AN_OBJECTIVE = {
  'module.monitoring.google_monitoring_alert_policy.this["api-availability-page"]': 'update',
  'module.monitoring.google_monitoring_alert_policy.this["api-availability-ticket"]': 'update',
  'module.monitoring.google_monitoring_dashboard.this["on-call"]': 'update',
  'module.monitoring.google_monitoring_dashboard.this["slo-burn"]': 'update',
  'module.monitoring.google_monitoring_slo.this["api-availability"]': 'update',
};

test('prod: applied in one go to an empty project, planned empty, changed in one objective, destroyed', async (t) => {
  t.timeout(900_000);
  const terraform = findTerraform(t);
  if (!terraform) return;
  const workspace = openWorkspace(terraform);
  try {
    if (!(await hasProvider(t, workspace, '.'))) return;
    const root = await applied(workspace, 'prod');
    try {
      const first = await root.terraform(['apply', '-auto-approve'], PAGED);
      t.is(first.code, 0, errorsOf(first));
      t.deepEqual(root.apis.unknown, []);
      t.deepEqual(await root.changes(PAGED), {});
      t.log(/Apply complete![^\n]*/.exec(first.output)?.[0]);
      const alerts = [...root.apis.cloud.resources.values()]
        .map((each) => JSON.stringify(each))
        .filter((text) => text.includes('"conditionPrometheusQueryLanguage"'));
      t.true(alerts.length > 10);
      for (const text of alerts) {
        t.regex(
          text,
          /"https:\/\/console\.cloud\.google\.com\/monitoring\/dashboards\/builder\/[\w-]+\?/,
        );
        t.regex(text, /"https:\/\/console\.cloud\.google\.com\/traces\/explorer\?project=[\w-]+"/);
      }

      // SLOs on metrics of the service itself wait for the first of them.
      const tooEarly = await root.terraform(['apply', '-auto-approve'], WITH_METRICS);
      t.is(tooEarly.code, 1);
      t.regex(tooEarly.output, /Cannot find metric\(s\) that match type/);
      for (const name of OWN_METRICS) {
        root.apis.cloud.seenMetrics.add(`prometheus.googleapis.com/${name}`);
      }
      const second = await root.terraform(['apply', '-auto-approve'], WITH_METRICS);
      t.is(second.code, 0, errorsOf(second));
      t.deepEqual(await root.changes(WITH_METRICS), {});
      t.deepEqual(await appliedDrift(root, workspace, ROOT), []);

      await compileWith(join(workspace.path, '..'), (text) =>
        text.replace('objective: 99.9', 'objective: 99.5'),
      );
      t.deepEqual(await root.changes(WITH_METRICS), CHANGED_BY_AN_OBJECTIVE);
      const slo = root.planned().find(({ address }) => address.endsWith('["api-availability"]'));
      t.is(slo?.change.after?.['goal'], 0.995);
      const folder = join(workspace.path, '..');
      t.deepEqual(await appliedDrift(root, workspace, folder), [
        'SLO api-availability changed',
        'alert policy api-availability-page changed',
        'alert policy api-availability-ticket changed',
        'dashboard on-call changed',
        'dashboard slo-burn changed',
      ]);
      const third = await root.terraform(['apply', '-auto-approve'], WITH_METRICS);
      t.is(third.code, 0, errorsOf(third));
      t.deepEqual(await root.changes(WITH_METRICS), {});
      withoutPolicy(root, 'uptime');
      t.deepEqual(await appliedDrift(root, workspace, folder), [
        'alert policy uptime-page missing',
      ]);

      t.false(root.state().includes(SECRET));

      const open = await root.terraform(['apply', '-auto-approve'], UNPROTECTED);
      t.is(open.code, 0, errorsOf(open));
      const gone = await root.terraform(['destroy', '-auto-approve'], UNPROTECTED);
      t.is(gone.code, 0, errorsOf(gone));
      t.log(/Destroy complete![^\n]*/.exec(gone.output)?.[0]);
      // The secret is bootstrap's.
      const left = [...root.apis.cloud.resources.keys()].filter(
        (key) => !/operations\/|\/secrets\/pagerduty-key$/.test(key),
      );
      t.deepEqual(left, []);
      t.deepEqual(root.apis.unknown, []);
    } finally {
      await root.apis.close();
    }
  } finally {
    workspace.remove();
  }
});

/** What Terraform says went wrong, without the plan before it. */
function errorsOf({ output }: Ran): string {
  const at = output.indexOf('Error:');
  return at < 0 ? output.slice(-4_000) : output.slice(at);
}

/** `highwater compile` in `folder`, from the shipped definitions with another `slo/api.yaml`. */
async function compileWith(folder: string, change: (text: string) => string): Promise<void> {
  for (const room of ['alerts', 'dashboards', 'slo', 'streams']) {
    cpSync(join(ROOT, room), join(folder, room), { recursive: true });
  }
  const file = join(folder, 'slo/api.yaml');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  await promisify(execFile)(process.execPath, [join(ROOT, 'cli/highwater.ts'), 'compile'], {
    cwd: folder,
  });
}
