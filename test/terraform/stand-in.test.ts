/** The stand-in of Google's APIs by itself: what a client of the real ones relies on, and what they refuse. */
import test from 'ava';
import { startGoogleApis, TOKEN } from './google-apis/server.ts';
import type { GoogleApis } from './google-apis/server.ts';
import { jsonOf } from './google-apis/json.ts';
import type { Json } from './google-apis/json.ts';

const P = 'projects/highwater-test';
const N = 'projects/123456789012';

async function withApis(body: (apis: GoogleApis, ask: Ask) => Promise<void>): Promise<void> {
  const apis = await startGoogleApis({
    projectId: 'highwater-test',
    projectNumber: 123456789012,
    secrets: { 'key/1': 'value' },
  });
  for (const name of [
    'artifactregistry',
    'bigquery',
    'monitoring',
    'pubsub',
    'run',
    'secretmanager',
  ]) {
    apis.cloud.enabled.add(`${name}.googleapis.com`);
  }
  apis.cloud.resources.set(`secretmanager/${P}/secrets/key`, {});
  try {
    await body(apis, async (line, sent) => {
      const [method = '', path = ''] = line.split(' ');
      const response = await fetch(`${apis.url}/${path}`, {
        method,
        headers: { authorization: `Bearer ${TOKEN}` },
        ...(sent && { body: JSON.stringify(sent) }),
      });
      return { code: response.status, answer: (await response.json()) as Json };
    });
  } finally {
    await apis.close();
  }
}
type Ask = (line: string, sent?: object) => Promise<{ code: number; answer: Json }>;

const POLICY = {
  displayName: 'a',
  combiner: 'OR',
  conditions: [{ displayName: 'c', conditionPrometheusQueryLanguage: { query: 'up > 0' } }],
};
const threshold = (type: string) => ({
  ...POLICY,
  conditions: [{ displayName: 'c', conditionThreshold: { filter: `metric.type="${type}"` } }],
});

test('without a token, for another project and before an API is on, nothing is answered', async (t) => {
  await withApis(async (apis, ask) => {
    t.is((await fetch(`${apis.url}/pubsub/v1/${P}/topics/a`)).status, 401);
    t.is((await ask('GET pubsub/v1/projects/another/topics/a')).code, 403);
    apis.cloud.enabled.delete('pubsub.googleapis.com');
    const { code, answer } = await ask(`PUT pubsub/v1/${P}/topics/a`, {});
    t.is(code, 403);
    t.regex(JSON.stringify(answer), /has not been used in project/);
    const enabled = await ask(`POST serviceusage/v1/${P}/services:batchEnable`, {
      serviceIds: ['pubsub.googleapis.com'],
    });
    t.is(enabled.answer['done'], false);
    t.is((await ask(`PUT pubsub/v1/${P}/topics/a`, {})).code, 200);
  });
});

test('defaults are not said again, and an update changes what its mask names', async (t) => {
  await withApis(async (_apis, ask) => {
    t.is((await ask(`PUT pubsub/v1/${P}/subscriptions/s`, { topic: `${P}/topics/a` })).code, 404);
    await ask(`PUT pubsub/v1/${P}/topics/a`, {});
    const made = await ask(`PUT pubsub/v1/${P}/subscriptions/s`, {
      topic: `${P}/topics/a`,
      expirationPolicy: { ttl: '' },
      retainAckedMessages: false,
      labels: {},
    });
    t.like(made.answer, { ackDeadlineSeconds: 10, expirationPolicy: {}, state: 'ACTIVE' });
    t.false('retainAckedMessages' in made.answer || 'labels' in made.answer);
    const changed = await ask(
      `PATCH pubsub/v1/${P}/subscriptions/s?updateMask=ackDeadlineSeconds`,
      {
        subscription: { ackDeadlineSeconds: 60, topic: 'ignored' },
      },
    );
    t.like(changed.answer, { ackDeadlineSeconds: 60, topic: `${P}/topics/a` });
    t.is((await ask(`DELETE pubsub/v1/${P}/topics/a`)).code, 200);
    const orphan = await ask(`GET pubsub/v1/${P}/subscriptions/s`);
    t.is(orphan.answer['topic'], '_deleted-topic_');
  });
});

test('names are the server’s, and a filter on a metric that was never seen is a 404', async (t) => {
  await withApis(async (apis, ask) => {
    const path = `monitoring/v3/${P}/alertPolicies`;
    const made = await ask(`POST ${path}`, POLICY);
    t.regex(String(made.answer['name']), /^projects\/highwater-test\/alertPolicies\/\d+$/);
    t.is((await ask(`POST ${path}`, threshold('custom.googleapis.com/a'))).code, 404);
    apis.cloud.seenMetrics.add('custom.googleapis.com/a');
    t.is((await ask(`POST ${path}`, threshold('custom.googleapis.com/a'))).code, 200);
    t.is((await ask(`POST ${path}`, threshold('run.googleapis.com/request_count'))).code, 200);
    for (const wrong of [
      { ...POLICY, conditions: [] },
      { ...POLICY, alertStrategy: { autoClose: '60s' } },
      { ...POLICY, userLabels: { SLO: 'a' } },
      { ...POLICY, documentation: { content: 'a'.repeat(8_193) } },
    ]) {
      t.is((await ask(`POST ${path}`, wrong)).code, 400);
    }
    await ask(`POST monitoring/v3/${P}/services?serviceId=h`, {});
    const slos = `monitoring/v3/${P}/services/h/serviceLevelObjectives?serviceLevelObjectiveId=a`;
    t.is((await ask(`POST ${slos}`, { goal: 1.01 })).code, 400);
    const slo = await ask(`POST ${slos}`, { goal: 0.99 });
    t.is(slo.answer['name'], `${N}/services/h/serviceLevelObjectives/a`);
    t.is((await ask(`GET monitoring/v3/${String(slo.answer['name'])}`)).code, 200);
  });
});

test('an operation takes a while, and a dashboard is changed under its etag', async (t) => {
  await withApis(async (_apis, ask) => {
    const path = `artifactregistry/v1/${P}/locations/r/repositories`;
    const made = await ask(`POST ${path}?repository_id=h`, { format: 'DOCKER' });
    t.is(made.answer['done'], false);
    const done = await ask(`GET artifactregistry/v1/${String(made.answer['name'])}`);
    t.like(done.answer, { done: true, response: { format: 'DOCKER' } });

    const board = await ask(`POST monitoring/v1/${P}/dashboards`, {
      displayName: 'a',
      mosaicLayout: { tiles: [{ xPos: 0, width: 4, widget: { title: '' } }] },
    });
    t.deepEqual(board.answer['mosaicLayout'], { tiles: [{ width: 4, widget: {} }] });
    const name = `monitoring/v1/${String(board.answer['name'])}`;
    t.is((await ask(`PATCH ${name}`, { displayName: 'b', etag: 'old' })).code, 409);
    const { etag } = board.answer;
    t.is((await ask(`PATCH ${name}`, { displayName: 'b', etag })).answer['displayName'], 'b');
  });
});

test('grants are written under an etag, to accounts that are there', async (t) => {
  await withApis(async (_apis, ask) => {
    await ask(`PUT pubsub/v1/${P}/topics/a`, {});
    const { answer } = await ask(`GET pubsub/v1/${P}/topics/a:getIamPolicy`);
    const member = 'serviceAccount:x@highwater-test.iam.gserviceaccount.com';
    const grant = (etag: unknown, role = 'roles/pubsub.viewer') =>
      ask(`POST pubsub/v1/${P}/topics/a:setIamPolicy`, {
        policy: { etag, bindings: [{ role, members: [member] }] },
      });
    t.is((await grant(answer['etag'])).code, 400);
    await ask(`POST iam/v1/${P}/serviceAccounts`, { accountId: 'x', serviceAccount: {} });
    const written = await grant(answer['etag']);
    t.is(written.code, 200);
    t.is((await grant(answer['etag'])).code, 409);
    t.is((await grant(written.answer['etag'], 'editor')).code, 400);
    t.is((await ask(`GET pubsub/v1/${P}/topics/none:getIamPolicy`)).code, 404);
  });
});

test('a view needs its table, a table keeps its columns, and a secret’s value is had by version', async (t) => {
  await withApis(async (apis, ask) => {
    const sets = `bigquery/bigquery/v2/${P}/datasets`;
    await ask(`POST ${sets}`, { datasetReference: { datasetId: 'd' }, location: 'EU' });
    const view = { tableReference: { tableId: 'v' }, view: { query: 'select 1 from `d`.`t`' } };
    t.is((await ask(`POST ${sets}/d/tables`, view)).code, 404);
    const fields = [
      { name: 'a', type: 'INT64' },
      { name: 'b', type: 'STRING' },
    ];
    const table = { tableReference: { tableId: 't' }, schema: { fields } };
    const made = await ask(`POST ${sets}/d/tables`, table);
    t.like(made.answer, { location: 'EU', type: 'TABLE', numRows: '0' });
    t.is((await ask(`POST ${sets}/d/tables`, view)).code, 200);
    const less = { ...table, schema: { fields: fields.slice(1) } };
    t.is((await ask(`PUT ${sets}/d/tables/t`, less)).code, 400);
    t.is((await ask(`DELETE ${sets}/d`)).code, 400);
    t.is((await ask(`DELETE ${sets}/d?deleteContents=true`)).code, 200);
    t.deepEqual([...apis.cloud.resources.keys()], [`secretmanager/${P}/secrets/key`]);

    const read = await ask(`GET secretmanager/v1/${P}/secrets/key/versions/1:access`);
    t.is(jsonOf(read.answer['payload'])['data'], Buffer.from('value').toString('base64'));
    t.is((await ask(`GET secretmanager/v1/${P}/secrets/key/versions/2`)).code, 404);
    await ask('GET pubsub/v1/nothing');
    t.deepEqual(apis.unknown, ['GET pubsub/v1/nothing']);
  });
});

test('a condition needs a policy of version 3, and a federation of everyone’s tokens one', async (t) => {
  await withApis(async (_apis, ask) => {
    const setPolicy = (version: number) =>
      ask(`POST cloudresourcemanager/v1/${P}:setIamPolicy`, {
        policy: {
          version,
          bindings: [
            { role: 'roles/viewer', members: ['user:a@example.com'], condition: { title: 'a' } },
          ],
        },
      });
    t.is((await setPolicy(1)).code, 400);
    t.is((await setPolicy(3)).code, 200);
    const pools = `iam/v1/${P}/locations/global/workloadIdentityPools`;
    await ask(`POST ${pools}?workloadIdentityPoolId=github`, {});
    const provider = (attributeCondition: string) =>
      ask(`POST ${pools}/github/providers?workloadIdentityPoolProviderId=github`, {
        attributeMapping: { 'google.subject': 'assertion.sub' },
        attributeCondition,
      });
    t.is((await provider('')).code, 400);
    t.is((await provider('assertion.repository_id == "1"')).code, 200);
  });
});
