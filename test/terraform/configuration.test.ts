/** The configuration held against itself and against our policies, with no provider. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { SETTINGS } from '../../runtime/index.ts';
import { ROOT } from '../dashboards/shipped.ts';
import { readConfiguration } from './configuration.ts';
import type { Block } from './configuration.ts';

const MODULES = await readConfiguration();
const RESOURCES = MODULES.flatMap(({ resources }) => resources);
const ROOT_MODULE = MODULES.find(({ path }) => path === '.')!;

const nameOf = ({ module, type, name }: Block) => `${module}: ${type}.${name}`;
const ofType = (pattern: RegExp) => RESOURCES.filter(({ type }) => pattern.test(type));
/** All texts of a block, at any depth. */
const textOf = ({ body }: Block) => JSON.stringify(body);

test('every variable has a type and a description, and every output a description', (t) => {
  const bare = MODULES.flatMap(({ path, variables, outputs }) => [
    ...Object.entries(variables)
      .filter(([, body]) => !body['type'] || !body['description'])
      .map(([name]) => `${path}: variable ${name}`),
    ...Object.entries(outputs)
      .filter(([, body]) => !body['description'])
      .map(([name]) => `${path}: output ${name}`),
  ]);
  t.deepEqual(bare, []);
});

test('what is referred to is declared, and what is declared is referred to', (t) => {
  for (const { path, text, variables } of MODULES) {
    const used = new Set([...text.matchAll(/\bvar\.(\w+)/g)].map(([, name]) => name!));
    t.deepEqual(
      [...used].filter((name) => !Object.hasOwn(variables, name)),
      [],
      path,
    );
    t.deepEqual(
      Object.keys(variables).filter((name) => !used.has(name)),
      [],
      path,
    );
  }
});

test('the root hands each module all that it needs, and nothing that it has not', (t) => {
  const META = ['source', 'count', 'for_each', 'depends_on', 'providers'];
  t.deepEqual(
    Object.values(ROOT_MODULE.calls)
      .map((body) => String(body['source']).replace('./', ''))
      .toSorted(),
    MODULES.map(({ path }) => path)
      .filter((path) => path.startsWith('modules/'))
      .toSorted(),
  );
  for (const [name, body] of Object.entries(ROOT_MODULE.calls)) {
    const module = MODULES.find(({ path }) => `./${path}` === body['source'])!;
    const given = Object.keys(body).filter((key) => !META.includes(key));
    const needed = Object.entries(module.variables)
      .filter(([, variable]) => !Object.hasOwn(variable, 'default'))
      .map(([key]) => key);
    t.deepEqual(
      needed.filter((key) => !given.includes(key)),
      [],
      name,
    );
    t.deepEqual(
      given.filter((key) => !Object.hasOwn(module.variables, key)),
      [],
      name,
    );
    const outputs = [...ROOT_MODULE.text.matchAll(new RegExp(`module\\.${name}\\.(\\w+)`, 'g'))];
    t.deepEqual(
      outputs.map(([, key]) => key!).filter((key) => !Object.hasOwn(module.outputs, key)),
      [],
      name,
    );
  }
});

test('resources that are referred to exist in their module', (t) => {
  for (const { path, text, resources } of MODULES) {
    const declared = new Set(resources.map(({ type, name }) => `${type}.${name}`));
    const code = text.replaceAll(/#.*$/gm, '').replaceAll(/ephemeral\.\w+\.\w+/g, '');
    const used = [...code.matchAll(/\b(google_\w+)\.(\w+)/g)].map(
      ([, type, name]) => `${type}.${name}`,
    );
    t.deepEqual(
      used.filter((each) => !declared.has(each)),
      [],
      path,
    );
  }
});

test('settings that the processes are given are settings that they know', (t) => {
  const names = MODULES.flatMap(({ text }) => [
    ...text.matchAll(/^\s+([A-Z][A-Z0-9_]+)\s+=/gm),
  ]).map(([, name]) => name!);
  t.true(names.includes('HIGHWATER_WAREHOUSE'));
  // Of another program, and of the workflows.
  const others = /^(?:CREMA_CONFIG|GCP_\w+)$/;
  t.deepEqual(
    names.filter((name) => !Object.hasOwn(SETTINGS, name) && !others.test(name)),
    [],
  );
});

test('the README names every variable and every output of the root', (t) => {
  const readme = readFileSync(join(ROOT, 'terraform/README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
  const named = new Set(
    rows.flatMap((line) => [...line.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)),
  );
  const { variables, outputs } = ROOT_MODULE;
  t.deepEqual(
    [...Object.keys(variables), ...Object.keys(outputs)].filter((name) => !named.has(name)),
    [],
  );
});

test('nothing is public', (t) => {
  t.deepEqual(
    RESOURCES.filter((each) => /allUsers|allAuthenticatedUsers/.test(textOf(each))).map(nameOf),
    [],
  );
  for (const bucket of ofType(/^google_storage_bucket$/)) {
    t.like(bucket.body, {
      uniform_bucket_level_access: true,
      public_access_prevention: 'enforced',
    });
  }
});

test('grants add to what is there, and are on the resource wherever a resource can hold them', (t) => {
  t.deepEqual(ofType(/_iam_(?:policy|binding)$/).map(nameOf), []);
  const onProject = ofType(/^google_project_iam_member$/).map(nameOf);
  t.deepEqual(onProject.toSorted(), [
    '.: google_project_iam_member.runtime',
    'bootstrap: google_project_iam_member.act_as',
    'bootstrap: google_project_iam_member.grants',
    'bootstrap: google_project_iam_member.this',
    'modules/autoscaler: google_project_iam_member.this',
    'modules/cache: google_project_iam_member.user',
  ]);
});

test('what runs may neither administer nor own', (t) => {
  const roles = MODULES.filter(({ path }) => path !== 'bootstrap').flatMap(({ text }) =>
    [...text.matchAll(/"(roles\/[\w.]+)"/g)].map(([, role]) => role!),
  );
  t.true(roles.length > 15);
  t.deepEqual(
    roles.filter((role) => /admin|owner|^roles\/editor$/i.test(role)),
    [],
  );
});

test('who may grant roles may grant those of the runtime accounts, and no others', (t) => {
  const bootstrap = MODULES.find(({ path }) => path === 'bootstrap')!;
  const list = /grantable_roles = \[([^\]]*)\]/.exec(bootstrap.text)?.[1] ?? '';
  const grantable = [...list.matchAll(/"(roles\/[\w.]+)"/g)].map(([, role]) => role!);
  const granted = MODULES.filter(({ path }) => path !== 'bootstrap').flatMap(({ path, text }) => {
    const roles = [...text.matchAll(/"(roles\/[\w.]+)"/g)].map(([, role]) => role!);
    if (path === '.') return roles.filter((role) => role !== 'roles/iam.serviceAccountUser');
    if (path === 'modules/cache') return roles;
    return path === 'modules/autoscaler' ? roles.filter((role) => /viewer$/i.test(role)) : [];
  });
  t.deepEqual([...new Set(granted)].toSorted(), grantable.toSorted());
  for (const { body } of ofType(/^google_project_iam_member$/).filter(
    ({ name }) => name === 'grants' || name === 'act_as',
  )) {
    t.truthy(body['condition']);
  }
});

test('federation lets in one repository, by its number', (t) => {
  const [provider] = ofType(/^google_iam_workload_identity_pool_provider$/);
  t.regex(String(provider?.body['attribute_condition']), /assertion\.repository_id == /);
});

test('no secret passes through the state', (t) => {
  t.deepEqual(ofType(/^google_secret_manager_secret_version$/).map(nameOf), []);
  // The password that this makes is read into the state.
  t.deepEqual(ofType(/^google_redis_instance$/).map(nameOf), []);
  const keys = RESOURCES.filter((each) =>
    /"(?:service_key|auth_token|password|secret_data)"/.test(textOf(each)),
  );
  t.deepEqual(keys.map(nameOf), []);
});

test('what holds data or answers requests is kept from being destroyed by a variable', (t) => {
  const kept = ofType(/^google_(?:cloud_run_v2_(?:service|worker_pool)|bigquery_table)$/);
  t.true(kept.length >= 5);
  t.deepEqual(
    kept
      .filter(
        ({ name, body }) =>
          name !== 'view' && body['deletion_protection'] !== '${var.deletion_protection}',
      )
      .map(nameOf),
    [],
  );
});

test('Terraform leaves alone what delivery changes', (t) => {
  for (const each of ofType(/^google_cloud_run_v2_/).filter(
    ({ type, module }) => !type.endsWith('_member') && module !== 'modules/autoscaler',
  )) {
    const text = textOf(each);
    for (const path of [
      'template[0].containers[0].image',
      'template[0].revision',
      'client',
      'client_version',
    ]) {
      t.true(text.includes(`"\${${path}}"`), `${nameOf(each)}: ${path}`);
    }
  }
});

test('every subscription is kept for ever, and every dead-letter topic has one', (t) => {
  const subscriptions = ofType(/^google_pubsub_subscription$/);
  t.is(subscriptions.length, 2);
  for (const { body } of subscriptions) t.deepEqual(body['expiration_policy'], [{ ttl: '' }]);
});

test('alert policies ask by PromQL that needs no metric to be there, close by themselves and say so', (t) => {
  const [policy] = ofType(/^google_monitoring_alert_policy$/);
  const text = textOf(policy!);
  t.regex(text, /"disable_metric_validation":true/);
  t.regex(text, /"notification_prompts":\["OPENED","CLOSED"\]/);
  // Source: Cloud Monitoring refuses a rate limit on any policy but those of logs.
  t.notRegex(text, /notification_rate_limit|condition_threshold/);
});
