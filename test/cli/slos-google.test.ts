/** The running service with `METRICS_SOURCE=google`: figures from Cloud Monitoring, through ended tokens and outages. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../runtime/index.ts';
import { parseSlosAnswer } from '../../slo/index.ts';
import { eventually, temporaryFolder } from '../helpers/highwater-process.ts';
import { startedHighwater } from '../helpers/started-highwater.ts';
import { startCloudPrometheus } from '../telemetry/cloud-prometheus.ts';
import { startGoogleMetadata } from '../telemetry/google-metadata.ts';
import { refusal } from '../terraform/google-apis/fault.ts';

const SELECTOR = 'http_server_request_duration_seconds{http_route="/v1/slos"}';
const DEFINITIONS = `service: api
owner: test
slos:
  - name: errors
    objective: 95
    title: A title
    description: A description.
    user_impact: None.
    playbook: alerts/playbooks/api-availability.md
    window: 1h
    tiers: [{ name: fast, severity: page, budget: 10%, long: 5m, short: 1m }]
    indicator: { ratio: { bad: '${SELECTOR.replace('}', ',http_response_status_code=~"5.."}')}', valid: '${SELECTOR}' } }
`;

test('SLOs are read back from Cloud Monitoring, and go on when a token ends and after an outage', async (t) => {
  t.timeout(300_000);
  const [api, metadata] = await Promise.all([startCloudPrometheus(), startGoogleMetadata()]);
  const folder = temporaryFolder();
  mkdirSync(join(folder.path, 'slo'));
  writeFileSync(join(folder.path, 'slo/a.yaml'), DEFINITIONS);
  let badCount = 1;
  api.dataOf = (query, path) => {
    const value = [systemClock.nowMs() / 1_000, query.includes('5..') ? String(badCount) : '100'];
    return path === 'query'
      ? { resultType: 'vector', result: [{ metric: {}, value }] }
      : { resultType: 'matrix', result: [{ metric: {}, values: [value] }] };
  };
  const service = await startedHighwater(['--no-demo'], {
    ...metadata.environment,
    GOOGLE_APPLICATION_CREDENTIALS: '',
    CLOUDSDK_CONFIG: '/nonexistent',
    GOOGLE_CLOUD_PROJECT: 'a-project',
    HIGHWATER_DATA_DIR: join(folder.path, 'data'),
    HIGHWATER_SLO_DIR: join(folder.path, 'slo'),
    METRICS_SOURCE: 'google',
    CLOUD_MONITORING_ENDPOINT: api.url,
    SLO_INTERVAL: '1s',
    CANARY_INTERVAL: '0s',
  });
  try {
    const answer = async () =>
      parseSlosAnswer(await (await fetch(`${service.url}/v1/slos`)).json());
    const sliIs = (sli: number) =>
      eventually(
        `an SLI of ${sli}`,
        async () => {
          const { slos, is_stale: isStale } = await answer();
          return slos[0]?.sli_ratio === sli && !isStale;
        },
        60_000,
      );
    await sliIs(0.99);
    t.true(
      api.questions.every(({ line }) =>
        line.startsWith('POST /v1/projects/a-project/location/global/prometheus/api/v1/query'),
      ),
    );

    const ended = new Set(metadata.tokens);
    api.takesToken = (token) => !ended.has(token);
    badCount = 2;
    await sliIs(0.98);
    t.is(metadata.tokens.length, ended.size + 1, 'one token more');
    t.is((await answer()).failure, null);

    api.faults = Array.from({ length: 1_000 }, () => refusal(403, 'Permission denied.'));
    badCount = 3;
    const { failure } = await eventually('a failure that is told', async () => {
      const given = await answer();
      return given.failure === null ? undefined : given;
    });
    t.regex(String(failure), /answered 403 to .*: Permission denied\./);
    api.faults = [];
    await sliIs(0.97);
    t.is((await answer()).failure, null);
    t.false(/ya29/.test(service.output.stderr), 'no token in the log');
  } finally {
    await service.close();
    await api.close();
    await metadata.close();
    folder.remove();
  }
});
