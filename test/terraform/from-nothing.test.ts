/**
 * A project in which nothing is yet: bootstrap, a key put in by hand, then the root in one go with all that is optional, by Terraform and
 * the real Google provider; apply.test.ts has what comes after a first apply.
 */
import test from 'ava';
import { loadConfig } from '../../runtime/index.ts';
import { jsonOf, listOf, textOf } from './google-apis/json.ts';
import { SERVER_AUTHORITY } from './google-apis/kinds-network.ts';
import { applied, bootstrapped, emptyProject, SECRET } from './applied.ts';
import { findTerraform, hasProvider, openWorkspace } from './terraform-command.ts';

const EVERYTHING = `
enforce_schemas = true
ingester        = { kind = "service", instances = 2 }
redis           = {}
pagerduty       = { on-call = { secret = "pagerduty-key", version = 1 } }
`;

test('dev: bootstrap and then the root, each in one go, with a service for ingest, schemas and PagerDuty', async (t) => {
  t.timeout(900_000);
  const terraform = findTerraform(t);
  if (!terraform) return;
  const workspace = openWorkspace(terraform);
  const apis = await emptyProject();
  try {
    if (!(await hasProvider(t, workspace, '.'))) return;
    const bootstrap = await bootstrapped(workspace, apis);
    t.is(bootstrap.applied.code, 0, bootstrap.applied.output);
    t.deepEqual(apis.unknown, []);
    t.is((await bootstrap.run(['plan', '-detailed-exitcode'])).code, 0, 'planned empty');
    t.log(/Apply complete![^\n]*/.exec(bootstrap.applied.output)?.[0]);
    const { deployer, workflow_variables: variables } = await bootstrap.outputs();
    t.is(deployer, 'highwater-deploy@highwater-test.iam.gserviceaccount.com');
    t.is(
      (variables as Record<string, string>)['GCP_IDENTITY_PROVIDER'],
      'projects/123456789012/locations/global/workloadIdentityPools/github/providers/github',
    );

    const root = await applied(workspace, 'dev', apis);
    const first = await root.terraform(['apply', '-auto-approve'], EVERYTHING);
    t.is(first.code, 0, first.output.slice(-4_000));
    t.deepEqual(apis.unknown, []);
    t.deepEqual(await root.changes(EVERYTHING), {});
    t.log(/Apply complete![^\n]*/.exec(first.output)?.[0]);
    t.false(root.state().includes(SECRET));

    const region = 'projects/highwater-test/locations/europe-west1';
    t.true(apis.cloud.resources.has(`run/${region}/services/highwater-ingest`));
    t.false(apis.cloud.resources.has(`run/${region}/workerPools/highwater-ingest`));
    // Every stream with a schema is held to it, and one with a JSON column has none.
    const topic = (name: string) =>
      apis.cloud.resources.get(`pubsub/projects/highwater-test/topics/${name}`);
    t.like(topic('transactions'), {
      schemaSettings: { schema: 'projects/highwater-test/schemas/transactions', encoding: 'JSON' },
    });
    t.is(topic('events')?.['schemaSettings'], undefined);

    // The API reaches the cache by the network of both, over TLS, as itself.
    const api = apis.cloud.resources.get(`run/${region}/services/highwater-api`);
    const template = jsonOf(api?.['template']);
    t.like(template['vpcAccess'], {
      egress: 'PRIVATE_RANGES_ONLY',
      networkInterfaces: [
        {
          network: 'projects/highwater-test/global/networks/highwater',
          subnetwork: 'projects/highwater-test/regions/europe-west1/subnetworks/highwater',
        },
      ],
    });
    const env = Object.fromEntries(
      listOf(jsonOf(listOf(template['containers'])[0])['env'])
        .map(jsonOf)
        .map(({ name, value }) => [textOf(name), textOf(value)]),
    );
    t.like(env, {
      ANSWER_CACHE: 'redis',
      ANSWER_CACHE_REDIS_URL: 'rediss://10.80.0.3:6379',
      ANSWER_CACHE_REDIS_CA: SERVER_AUTHORITY,
      ANSWER_CACHE_REDIS_AUTH: 'google',
    });
    // What Terraform hands the process is what the process takes.
    t.is(loadConfig(env).ANSWER_CACHE_REDIS_AUTH, 'google');

    // Whoever only plans reads no secret, and sees the same; what is applied like that is refused by the API.
    const reads = () => apis.calls.filter((call) => call.endsWith(':access')).length;
    const before = reads();
    const planOnly = `${EVERYTHING}read_secrets = false\n`;
    t.deepEqual(await root.changes(planOnly), {});
    t.is(reads(), before);
    const newKey = planOnly.replace('version = 1', 'version = 2');
    t.deepEqual(await root.changes(newKey), {
      'module.monitoring.google_monitoring_notification_channel.pagerduty["on-call"]': 'update',
    });
    t.is((await root.terraform(['apply', '-auto-approve'], newKey)).code, 1);

    const gone = await root.terraform(['destroy', '-auto-approve'], EVERYTHING);
    t.is(gone.code, 0, gone.output.slice(-4_000));
    // The state is not lost by a slip.
    const kept = await bootstrap.run(['destroy', '-auto-approve']);
    t.is(kept.code, 1);
    t.regex(kept.output, /google_storage_bucket\.state has lifecycle\.prevent_destroy set/);
    t.deepEqual(apis.unknown, []);
  } finally {
    await apis.close();
    workspace.remove();
  }
});
