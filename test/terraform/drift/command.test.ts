/** `highwater drift` as it is called: what it prints, and how it ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readEnvironment } from '../../../cli/environment-variables.ts';
import { hash32, isAppError } from '../../../runtime/index.ts';
import { ROOT } from '../../dashboards/shipped.ts';
import { commandAt, runStep } from '../../delivery/steps.ts';
import { temporaryFolder } from '../../helpers/highwater-process.ts';
import { refusal } from '../google-apis/fault.ts';
import { KEY, openWorld, PROJECT } from './deployed.ts';

test.serial('no drift ends with 0 and says what was looked at', async (t) => {
  const world = await openWorld(t);
  const { code, stdout, stderr } = await world.command();
  t.is(code, 0, stderr);
  t.regex(
    stdout,
    /^no drift: all \d+ of prod are in highwater-prod as they are defined\nnot compared: /,
  );
  t.is(Number(/all (\d+)/.exec(stdout)?.[1]), world.defined.length);
});

test.serial('drift ends with 1 and shows what is missing, changed and not defined', async (t) => {
  const world = await openWorld(t);
  const title = 'SLO at risk: Requests succeed (api-availability, page)';
  await world.edit('alertPolicies', title, {
    severity: 'WARNING',
    documentation: {
      content: 'Look away.\n\u001b[2J\nReally.',
      mimeType: 'text/markdown',
      subject: '[prod] SLO at risk: Requests succeed',
    },
  });
  await world.ask('POST', `v1/projects/${PROJECT}/dashboards`, { displayName: 'Highwater: mine' });
  const gone = `projects/${PROJECT}/services/highwater/serviceLevelObjectives/freshness-events`;
  await world.ask('DELETE', `v3/${gone}`);
  const { code, stdout } = await world.command();
  t.is(code, 1);
  const lines = stdout.split('\n');
  t.is(lines[0], 'missing: SLO freshness-events');
  t.regex(
    String(lines[1]),
    /^changed: alert policy api-availability-page \(projects\/highwater-prod\/alertPolicies\/\d+\)$/,
  );
  t.is(lines[2], '  documentation.content');
  t.is(lines[3], '    - Look away.');
  t.is(lines[4], String.raw`    - \u001b[2J`);
  t.true(lines.includes('    + Their request fails, and they have to send it again.'));
  t.regex(stdout, /\n {2}severity\n {4}- WARNING\n {4}\+ CRITICAL\n/);
  t.regex(stdout, /\nnot defined: dashboard Highwater: mine \(projects\/\d+\/dashboards\/\d+\)\n/);
  t.regex(
    stdout,
    /\ndrift: of \d+ of prod in highwater-prod, 1 missing and 1 changed \(- deployed, \+ defined\); 1 not defined\n/,
  );
  t.false(stdout.includes(KEY));

  const json = await world.command(['--json']);
  t.is(json.code, 1);
  const answer = JSON.parse(json.stdout) as { findings: { finding: string; name: string }[] };
  t.like(answer, { environment: 'prod', project: PROJECT, definedCount: world.defined.length });
  t.deepEqual(
    answer.findings.map(({ finding, name }) => `${finding} ${name}`),
    ['missing freshness-events', 'changed api-availability-page', 'not defined Highwater: mine'],
  );
});

test.serial('what could not be looked at never ends as drift', async (t) => {
  const world = await openWorld(t);
  world.apis.cloud.faultOf = () => refusal(403, 'Permission denied.', 'IAM_PERMISSION_DENIED');
  const denied = await world.command();
  t.is(denied.code, 2);
  t.is(denied.stdout, '');
  t.regex(
    denied.stderr,
    /^highwater: the services of highwater-prod may not be read: expected the permission monitoring\.services\.list, as in roles\/monitoring\.viewer, [^\n]*\n$/,
  );

  const nobody = { GCE_METADATA_HOST: '', METADATA_SERVER_DETECTION: 'none' };
  const bare = await world.command([], nobody);
  t.is(bare.code, 2);
  t.regex(bare.stderr, /^highwater: no credentials to ask Google Cloud with: [^\n]*\n$/);

  const nowhere = await world.command([], { CLOUD_MONITORING_ENDPOINT: 'http://127.0.0.1:9' });
  t.is(nowhere.code, 2);
  t.regex(nowhere.stderr, /^highwater: 127\.0\.0\.1:9 cannot be asked: [^\n]*\n$/);
});

test('variables that cannot be read are refused with what would pass', async (t) => {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const file = (content: string) => {
    const path = join(folder.path, `${hash32(content)}.tfvars`);
    writeFileSync(path, content);
    return path;
  };
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['test', [], /^--environment: expected one of dev, prod; got test$/],
    ['../environments/prod', [], /^--environment: expected one of dev, prod; got \.\./],
    ['prod', [join(folder.path, 'none.tfvars')], /none\.tfvars: ENOENT/],
    ['prod', [file('emails = {')], /\.tfvars: .*\.tfvars:1,/],
    ['prod', [file('environment = "dev"')], /expected environment = "prod"; got dev$/],
    ['prod', [file('emails = { a = "b@example.com" }')], /\n {2}emails\.a: /],
    ['prod', [file('project_id = lower("A")')], /plain values, .* an expression in project_id$/],
  ];
  for (const [name, files, expected] of cases) {
    const error = await t.throwsAsync(readEnvironment(name, files));
    t.true(isAppError(error, 'invalid_argument'));
    t.regex(error.message, expected);
  }
  const read = await readEnvironment('prod', [
    file('emails = { a = { address = "b@example.com" } }'),
  ]);
  t.deepEqual(read.emails, { a: { address: 'b@example.com', routes: ['page', 'ticket'] } });
  t.like(read, { project_id: 'highwater-prod', own_metrics_exist: false, api: { iap: true } });
});

test.serial('wrong use ends with 2, before anybody is asked', async (t) => {
  const world = await openWorld(t, { isDeployed: false });
  const { code, stderr } = await world.command(['--environment', 'test']);
  t.is(code, 2);
  t.is(stderr, 'highwater: --environment: expected one of dev, prod; got test\n');
  t.deepEqual(world.apis.calls, []);
});

test.serial('another project is asked where one is named', async (t) => {
  const world = await openWorld(t, { isDeployed: false });
  const { code, stderr } = await world.command(['--project', 'highwater-other']);
  t.is(code, 2);
  t.regex(stderr, /the services of highwater-other may not be read/);
});

test.serial('the workflow that looks for drift each morning fails by it', async (t) => {
  const world = await openWorld(t, { isDeployed: false });
  const { code, output } = await runStep(commandAt('drift.yml drift 2'), ROOT, {
    ...process.env,
    ...world.metadata.environment,
    CLOUD_MONITORING_ENDPOINT: `${world.apis.url}/monitoring`,
    ENVIRONMENT: 'prod',
  });
  t.is(code, 1, output);
  t.regex(output, /^missing: service highwater$/m);
});

test('help says what each exit code means', async (t) => {
  const world = await openWorld(t, { isDeployed: false });
  const { code, stdout } = await world.command(['--help']);
  t.is(code, 0);
  t.regex(
    stdout,
    /Exit codes:\n {2}0 {2}everything .*\n {2}1 {2}something .*\n {2}2 {2}it could not be looked at/,
  );
});
