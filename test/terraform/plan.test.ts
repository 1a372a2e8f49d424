/** Policies on the plan of each environment, as the real Google provider makes it: every value is there, whatever it was computed from. */
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../dashboards/shipped.ts';
import { applied, SECRET } from './applied.ts';
import { findCheckov, runCheckov } from './checkov.ts';
import { findTerraform, hasProvider, openWorkspace } from './terraform-command.ts';

const BROAD_ROLE = /^roles\/(?:owner|editor|viewer)$|admin/i;
const PUBLIC_MEMBER = /^"all(?:Users|AuthenticatedUsers)"$/;
/** Roles that no resource can hold. Source: terraform/identities.tf, modules/autoscaler. */
const ON_PROJECT =
  /bigquery\.jobUser|cloudtrace\.agent|logWriter|metricWriter|monitoring\.viewer|parameterViewer|memorystore\.dbConnectionUser|serviceUsageConsumer/;

for (const environment of ['dev', 'prod']) {
  test(`${environment}: the plan shows no public data, no broad role, no secret`, async (t) => {
    t.timeout(300_000);
    const terraform = findTerraform(t);
    if (!terraform) return;
    const workspace = openWorkspace(terraform);
    try {
      if (!(await hasProvider(t, workspace, '.'))) return;
      const root = await applied(workspace, environment);
      try {
        const changes = await root.changes('redis = {}');
        t.true(Object.keys(changes).length > 100);
        t.deepEqual(new Set(Object.values(changes)), new Set(['create']));
        const planned = root.planned().map(({ address, type, change }) => ({
          address,
          type,
          after: change.after ?? {},
        }));
        const grants = planned.filter(({ type }) => /_iam_(?:member|binding|policy)$/.test(type));
        t.true(grants.length > 40);
        const wrong = grants.filter(
          ({ type, after: { role, member } }) =>
            !type.endsWith('_member') ||
            BROAD_ROLE.test(String(role)) ||
            PUBLIC_MEMBER.test(JSON.stringify(member ?? '')) ||
            (type === 'google_project_iam_member' && !ON_PROJECT.test(String(role))),
        );
        t.deepEqual(
          wrong.map(({ address }) => address),
          [],
        );
        // Nothing is asked at plan time that holds a secret, and none is written down.
        t.false(JSON.stringify(planned).includes(SECRET));
        t.deepEqual(
          planned.filter(({ type }) => /secret_version|service_account_key/.test(type)),
          [],
        );
        const isKept = environment === 'prod';
        const kept = planned.filter(
          ({ type, after }) =>
            /cloud_run_v2_(?:service|worker_pool)$/.test(type) ||
            (type === 'google_bigquery_table' && after['view'] === undefined) ||
            (type === 'google_bigquery_table' && JSON.stringify(after['view']) === '[]'),
        );
        t.true(kept.length >= 8);
        for (const { address, after } of kept) {
          t.is(after['deletion_protection'], isKept, address);
        }
        for (const { address, type, after } of planned) {
          if (type !== 'google_cloud_run_v2_service') continue;
          t.true(
            after['iap_enabled'] === true || /INTERNAL/.test(String(after['ingress'])),
            address,
          );
        }
        const checkov = findCheckov(t);
        if (!checkov) return;
        const { failed, passed } = await runCheckov(checkov, workspace.path, [
          '--file=test.plan.json',
          '--framework=terraform_plan',
          `--repo-root-for-plan-enrichment=${workspace.path}`,
          `--config-file=${join(ROOT, 'terraform/.checkov.yaml')}`,
        ]);
        // Tables of dev may be destroyed, as its file says.
        const found = new Set(failed.map(({ check_id: id }) => id));
        t.deepEqual(found, new Set(isKept ? [] : ['CKV_GCP_121']));
        t.true(passed.length > 90, String(passed.length));
        t.log(`${grants.length} grants; Checkov: ${passed.length} checks of the plan passed`);
      } finally {
        await root.apis.close();
      }
    } finally {
      workspace.remove();
    }
  });
}
