/** `highwater gameday` against a running service with short windows: real faults, real traffic, the alerts that come of them. */
import { join } from 'node:path';
import test from 'ava';
import { QUICK, writeQuickDefinitions } from '../alerts/quick-definitions.ts';
import { eventually, startHighwater, temporaryFolder } from '../helpers/highwater-process.ts';
import { startedHighwater } from '../helpers/started-highwater.ts';

interface Drill {
  readonly drill: string;
  readonly outcome: string;
  readonly policy: string;
  readonly incident: string;
  readonly is_told: boolean;
  readonly seconds_to_detect: number;
  readonly seconds_to_clear: number;
}

function environmentOf(folder: string) {
  return {
    ...writeQuickDefinitions(
      folder,
      ['api-latency-mean', 'api-error-ratio', 'backlog-age'],
      ['api.yaml'],
      QUICK,
    ),
    HIGHWATER_DATA_DIR: join(folder, 'data'),
    METRICS_SAMPLE_INTERVAL: '1s',
    SLO_INTERVAL: '1s',
  };
}

async function faultsOf(metricsUrl: string): Promise<readonly unknown[]> {
  const answer = (await (await fetch(`${metricsUrl}/faults`)).json()) as { faults: unknown[] };
  return answer.faults;
}

test('each drill breaks the service, sees its alert come and go, and leaves no fault', async (t) => {
  t.timeout(420_000);
  const folder = temporaryFolder();
  // With its demo, as people start it: refused messages wait for a review all the while, and are no backlog.
  const service = await startedHighwater([], {
    ...environmentOf(folder.path),
    HIGHWATER_FAULTS: 'allow',
  });
  t.teardown(async () => {
    await service.close();
    folder.remove();
  });
  const at = ['--at', service.metricsUrl];
  await eventually('an evaluation of the alerts', async () => {
    const answer = (await (await fetch(`${service.url}/v1/alerts`)).json()) as {
      evaluated_at: string | null;
    };
    return answer.evaluated_at !== null;
  });
  await eventually(
    'a refused message that waits for its review',
    async () =>
      /num_undelivered_messages\{subscription_id="\w+-dead-letter-review"\} [1-9]/.test(
        await (await fetch(`${service.metricsUrl}/metrics`)).text(),
      ),
    120_000,
  );

  const drills = ['latency', 'errors', 'backlog'];
  const command = startHighwater(['gameday', ...drills, '--json', ...at]);
  t.is(await command.exited, 0, command.output.stderr);
  const result = JSON.parse(command.output.stdout) as { drills: readonly Drill[] };
  t.deepEqual(
    result.drills.map(({ drill, outcome, policy }) => [drill, outcome, policy]),
    [
      ['latency', 'passed', 'api-latency-mean'],
      ['errors', 'passed', 'api-error-ratio'],
      ['backlog', 'passed', 'backlog-age'],
    ],
  );
  for (const { incident, is_told: isTold, ...each } of result.drills) {
    t.true(isTold);
    t.true(each.seconds_to_detect > 0 && each.seconds_to_clear > 0, JSON.stringify(each));
    const response = await fetch(`${service.url}/v1/incidents/${encodeURIComponent(incident)}`);
    t.like(await response.json(), { policy: each.policy, state: 'resolved' });
  }
  t.regex(command.output.stderr, /^log will be told, as in earnest; Ctrl\+C removes the fault/m);
  t.regex(command.output.stderr, /^latency: injected latency=2000$/m);
  t.regex(
    command.output.stderr,
    /^latency: waiting for api-latency-mean to fire: .* over 15s, fires above 0\.5$/m,
  );
  t.regex(
    command.output.stderr,
    /^errors: api-error-ratio fired after \d+.*; the fault is removed$/m,
  );
  t.deepEqual(await faultsOf(service.metricsUrl), []);

  const interrupted = startHighwater(['gameday', 'backlog', ...at]);
  await eventually('the injected fault', () => interrupted.output.stderr.includes('injected'));
  t.is((await faultsOf(service.metricsUrl)).length, 1);
  const second = startHighwater(['gameday', 'errors', ...at]);
  t.is(await second.exited, 2);
  t.regex(second.output.stderr, /A game day is under way/);
  interrupted.kill('SIGINT');
  t.is(await interrupted.exited, 1, interrupted.output.stderr);
  t.deepEqual(await faultsOf(service.metricsUrl), []);
  t.regex(interrupted.output.stdout, /^backlog {2}stopped/m);
});

test('it touches nothing but an embedded service on loopback that allows faults', async (t) => {
  const folder = temporaryFolder();
  const service = await startedHighwater(['--no-demo'], environmentOf(folder.path));
  t.teardown(async () => {
    await service.close();
    folder.remove();
  });
  const forbidden = startHighwater(['gameday', 'all', '--at', service.metricsUrl]);
  t.is(await forbidden.exited, 1);
  t.regex(forbidden.output.stderr, /HIGHWATER_FAULTS=allow/);
  const elsewhere = startHighwater(['gameday', 'all', '--at', 'http://metrics.example.com:9464']);
  t.is(await elsewhere.exited, 2);
  t.regex(elsewhere.output.stderr, /expected a service on loopback/);
  const cloud = startHighwater(['start'], {
    HIGHWATER_FAULTS: 'allow',
    HIGHWATER_WAREHOUSE: 'bigquery',
    HIGHWATER_DATA_DIR: folder.path,
  });
  t.is(await cloud.exited, 2);
  t.regex(cloud.output.stderr, /HIGHWATER_FAULTS: allow expects HIGHWATER_WAREHOUSE=duckdb/);
  const unknown = startHighwater(['gameday', 'flood']);
  t.is(await unknown.exited, 2);
});
