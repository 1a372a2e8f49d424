/**
 * A project in which nothing is yet: bootstrap, a key put in by hand, then the root in one go with all that is optional, by the very commands
 * of the workflows, Terraform and the real Google provider; apply.test.ts has what comes after a first apply.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../runtime/index.ts';
import { commandAt, runStep } from '../delivery/steps.ts';
import { bootstrapped, emptyProject, SECRET } from './applied.ts';
import { jsonOf, listOf, textOf } from './google-apis/json.ts';
import { SERVER_AUTHORITY } from './google-apis/kinds-network.ts';
import { startStateBucket } from './google-apis/state-bucket.ts';
import { findTerraform, hasProvider, openWorkspace } from './terraform-command.ts';

/** As terraform/environments/dev.* has it. */
const PROJECT = { projectId: 'highwater-dev', projectNumber: 100000000001 };
const EVERYTHING = `
enforce_schemas = true
ingester        = { kind = "service", instances = 2 }
redis           = {}
pagerduty       = { on-call = { secret = "pagerduty-key", version = 1 } }
`;

test('dev: bootstrap and then the root by the workflows, each in one go, with a service for ingest, schemas, a cache and PagerDuty', async (t) => {
  t.timeout(900_000);
  const terraform = findTerraform(t);
  if (!terraform) return;
  const workspace = openWorkspace(terraform);
  const apis = await emptyProject(PROJECT);
  const bucket = await startStateBucket(apis);
  try {
    if (!(await hasProvider(t, workspace, '.'))) return;
    const bootstrap = await bootstrapped(workspace, apis);
    t.is(bootstrap.applied.code, 0, bootstrap.applied.output);
    t.deepEqual(apis.unknown, []);
    t.is((await bootstrap.run(['plan', '-detailed-exitcode'])).code, 0, 'planned empty');
    t.log(/Apply complete![^\n]*/.exec(bootstrap.applied.output)?.[0]);
    const {
      deployer,
      state_bucket: state,
      workflow_variables: variables,
    } = await bootstrap.outputs();
    t.is(
      (variables as Record<string, string>)['GCP_IDENTITY_PROVIDER'],
      'projects/100000000001/locations/global/workloadIdentityPools/github/providers/github',
    );
    // What bootstrap made is what the files of the environment name.
    const values = join(workspace.path, 'environments/dev.tfvars');
    t.true(readFileSync(values, 'utf8').includes(`"${String(deployer)}"`));
    const backend = readFileSync(join(workspace.path, 'environments/dev.gcs.tfbackend'), 'utf8');
    t.true(backend.includes(`bucket = "${String(state)}"`));

    appendFileSync(values, EVERYTHING);
    const root = dirname(workspace.path);
    const summary = join(root, 'summary.md');
    const step = (place: string, substitutions: Readonly<Record<string, string>> = {}) =>
      runStep(commandAt(place), root, {
        ...substitutions,
        PATH: `${dirname(terraform)}:${process.env['PATH']}`,
        HOME: homedir(),
        TF_CLI_CONFIG_FILE: '/dev/null',
        TF_CLI_ARGS: '-no-color',
        CHECKPOINT_DISABLE: '1',
        ENVIRONMENT: 'dev',
        GITHUB_STEP_SUMMARY: summary,
        ...apis.environment,
        ...bucket.environment,
      });
    const passes = async (place: string, substitutions: Readonly<Record<string, string>> = {}) => {
      const { code, output } = await step(place, substitutions);
      t.is(code, 0, `${place}: ${output.slice(-4_000)}`);
      return output;
    };
    writeFileSync(summary, '');
    const reads = () => apis.calls.filter((call) => call.endsWith(':access')).length;
    await passes('plan.yml plan 1');
    await passes('plan.yml plan 2');
    t.regex(
      readFileSync(summary, 'utf8'),
      /^```\n[^]*Plan: 1\d\d to add, 0 to change, 0 to destroy\.[^]*```\n$/,
    );
    t.is(reads(), 0, 'whoever only plans reads no secret');
    await passes('deliver.yml apply 1');
    const applied = await passes('deliver.yml apply 2');
    t.true(reads() > 0);
    t.deepEqual(apis.unknown, []);
    t.log(/Apply complete![^\n]*/.exec(applied)?.[0]);
    t.regex(await passes('drift.yml drift 3'), /No changes\./);

    // The state is in the bucket, unlocked, and knows no secret.
    t.deepEqual([...bucket.objects.keys()], ['highwater-dev-terraform/highwater/default.tfstate']);
    const stored = bucket.objects.get('highwater-dev-terraform/highwater/default.tfstate');
    t.true((stored?.content.length ?? 0) > 100_000);
    t.false(stored?.content.includes(SECRET));

    const region = 'projects/highwater-dev/locations/europe-west1';
    t.true(apis.cloud.resources.has(`run/${region}/services/highwater-ingest`));
    t.false(apis.cloud.resources.has(`run/${region}/workerPools/highwater-ingest`));
    // Every stream with a schema is held to it, and one with a JSON column has none.
    const topic = (name: string) =>
      apis.cloud.resources.get(`pubsub/projects/highwater-dev/topics/${name}`);
    t.like(topic('transactions'), {
      schemaSettings: { schema: 'projects/highwater-dev/schemas/transactions', encoding: 'JSON' },
    });
    t.is(topic('events')?.['schemaSettings'], undefined);

    // The API reaches the cache by the network of both, over TLS, as itself.
    const api = apis.cloud.resources.get(`run/${region}/services/highwater-api`);
    const template = jsonOf(api?.['template']);
    t.like(template['vpcAccess'], {
      egress: 'PRIVATE_RANGES_ONLY',
      networkInterfaces: [
        {
          network: 'projects/highwater-dev/global/networks/highwater',
          subnetwork: 'projects/highwater-dev/regions/europe-west1/subnetworks/highwater',
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

    // What delivery changes is none of Terraform's business: image, revision and traffic of both.
    for (const name of ['highwater-api', 'highwater-ingest']) {
      const service = apis.cloud.resources.get(`run/${region}/services/${name}`)!;
      const [container] = listOf(jsonOf(service['template'])['containers']).map(jsonOf);
      container!['image'] = 'registry/highwater@sha256:2';
      jsonOf(service['template'])['revision'] = `${name}-00002`;
      service['client'] = 'gcloud';
      service['traffic'] = ['00001', '00002'].map((number, index) => ({
        type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
        revision: `${name}-${number}`,
        percent: index === 0 ? 90 : 10,
      }));
    }
    t.regex(await passes('drift.yml drift 3'), /No changes\./);

    // Somebody changes something by hand: the drift check fails, and the next apply puts it back.
    const changed = topic('transactions')!;
    const before = changed['messageRetentionDuration'];
    changed['messageRetentionDuration'] = '600s';
    const drift = await step('drift.yml drift 3');
    t.is(drift.code, 2, drift.output.slice(-2_000));
    t.regex(drift.output, /Plan: 0 to add, 1 to change, 0 to destroy\./);
    await passes('deliver.yml apply 2');
    t.is(topic('transactions')?.['messageRetentionDuration'], before);
    const [delivered] = listOf(
      jsonOf(apis.cloud.resources.get(`run/${region}/services/highwater-api`)?.['template'])[
        'containers'
      ],
    );
    t.is(jsonOf(delivered)['image'], 'registry/highwater@sha256:2');

    // A new key is seen by its version alone; applied without being read, it is refused.
    writeFileSync(values, readFileSync(values, 'utf8').replace('version = 1 }', 'version = 2 }'));
    const newKey = await step('drift.yml drift 3');
    t.is(newKey.code, 2);
    t.regex(newKey.output, /notification_channel\.pagerduty\["on-call"\] will be updated/);
    const terraformWith = (...words: readonly string[]) =>
      workspace.run([...words, '-input=false', '-var-file=environments/dev.tfvars'], {
        ...apis.environment,
        ...bucket.environment,
      });
    const unread = await terraformWith('apply', '-auto-approve', '-var=read_secrets=false');
    t.is(unread.code, 1, unread.output.slice(-2_000));
    // Cloud Build does the same.
    const environment = { _ENVIRONMENT: 'dev' };
    await passes('cloudbuild-terraform.yaml init', environment);
    await passes('cloudbuild-terraform.yaml run', {
      ...environment,
      _COMMAND: 'apply -auto-approve',
    });
    await passes('cloudbuild-terraform.yaml run', {
      ...environment,
      _COMMAND: 'plan -lock=false -detailed-exitcode -var=read_secrets=false',
    });

    const gone = await terraformWith('destroy', '-auto-approve');
    t.is(gone.code, 0, gone.output.slice(-4_000));
    t.log(/Destroy complete![^\n]*/.exec(gone.output)?.[0]);
    // The state is not lost by a slip.
    const kept = await bootstrap.run(['destroy', '-auto-approve']);
    t.is(kept.code, 1);
    t.regex(kept.output, /google_storage_bucket\.state has lifecycle\.prevent_destroy set/);
    t.deepEqual(apis.unknown, []);
  } finally {
    await bucket.close();
    await apis.close();
    workspace.remove();
  }
});
