/** The exporter that Google deprecated: loaded only when chosen, said to be deprecated, and as visible as the others. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'ava';
import { isAppError } from '../../runtime/index.ts';
import { metricSpec } from '../../telemetry/index.ts';
import { LEGACY_PACKAGE, LEGACY_VERSION } from '../../telemetry/exporters.ts';
import { eventually } from '../helpers/highwater-process.ts';
import { startGoogleMetadata } from './google-metadata.ts';
import { startMonitoring } from './monitoring-stand-in.ts';
import { startedTelemetry } from './started-telemetry.ts';

/** It is 200 MB, so it is no dependency: a folder in which it was installed. */
const FOLDER = process.env['HIGHWATER_TEST_MONITORING_EXPORTER'];
const HOW_TO_GET = `install it in a folder of its own and set HIGHWATER_TEST_MONITORING_EXPORTER to that folder: npm install --prefix DIR ${LEGACY_PACKAGE}@${LEGACY_VERSION}`;
const whereInstalled = FOLDER || process.env['CI'] ? test.serial : test.serial.skip;
if (!FOLDER) process.stderr.write(`Cloud Monitoring exporter: skipped; ${HOW_TO_GET}\n`);

process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '';
process.env['CLOUDSDK_CONFIG'] = '/nonexistent';

const notInstalled = () => Promise.reject(new Error('Cannot find package'));

async function rigFor(t: { teardown(close: () => Promise<void>): void }) {
  const [monitoring, metadata] = await Promise.all([startMonitoring(), startGoogleMetadata()]);
  t.teardown(() => monitoring.close());
  t.teardown(() => metadata.close());
  const loadLegacy = async () => {
    if (!FOLDER) throw new Error(HOW_TO_GET);
    const load = createRequire(join(FOLDER, 'package.json'));
    const { MetricExporter } = load(LEGACY_PACKAGE) as {
      MetricExporter: new (options: object) => object;
    };
    // The endpoint is the one thing that a test has to change.
    const AtStandIn = class extends MetricExporter {
      constructor(options: object) {
        super({ ...options, apiEndpoint: monitoring.address });
      }
    };
    return { MetricExporter: AtStandIn };
  };
  return { monitoring, options: { exporter: 'google-legacy', loadLegacy } as const };
}

whereInstalled(
  'metrics arrive as Cloud Monitoring has them, with descriptors, resource and token',
  async (t) => {
    const { monitoring, options } = await rigFor(t);
    const telemetry = await startedTelemetry(t, options);
    const route = {
      http_request_method: 'GET',
      http_route: '/v1/slos',
      http_response_status_code: '200',
    };
    const duration = telemetry.metrics.histogram('http_server_request_duration_seconds', route);
    for (const seconds of [0.3, 0.31]) duration.observe(seconds);
    telemetry.metrics.counter('ingest_received_total', { stream: 'events' }).add(3);
    telemetry.metrics.observe('ingest_is_paused', () => [
      { labels: { stream: 'events' }, value: 1 },
    ]);
    const names = [
      'ingest_received_total',
      'ingest_is_paused',
      'http_server_request_duration_seconds',
    ];
    const of = (name: string) =>
      monitoring.written
        .flat()
        .filter(({ metric }) => metric.type === `workload.googleapis.com/${name}`);
    // The first export asks for each descriptor, one after the other, and may take more than its five seconds.
    await eventually('all series', async () => {
      await telemetry.flush();
      return names.every((name) => of(name).length > 0);
    });
    const series = monitoring.written.flat();
    const [received] = of('ingest_received_total');
    t.deepEqual(received?.metric.labels, { stream: 'events' });
    t.is(received?.metricKind, 'CUMULATIVE');
    t.is(received?.points[0]?.value.doubleValue, 3);
    const [paused] = of('ingest_is_paused');
    t.is(paused?.metricKind, 'GAUGE');
    const [timed] = of('http_server_request_duration_seconds');
    t.deepEqual(timed?.metric.labels, route);
    const distribution = timed!.points[0]!.value.distributionValue!;
    t.is(distribution.count, '2');
    t.deepEqual(
      distribution.bucketOptions.explicitBuckets.bounds,
      metricSpec('http_server_request_duration_seconds')!.bounds as number[],
    );
    for (const { resource, metric } of series) {
      t.is(resource.type, 'generic_task', metric.type);
      t.like(resource.labels, {
        location: 'europe-west1',
        namespace: 'highwater',
        job: 'highwater-api',
        task_id: 'api-1',
      });
    }
    for (const { type, unit, description } of monitoring.descriptors) {
      const spec = metricSpec(type.replace('workload.googleapis.com/', ''))!;
      t.is(unit, spec.unit);
      t.is(description, spec.help);
    }
    t.true(monitoring.written.every((each) => each.length <= 200));
    t.true([...monitoring.tokens].every((token) => token?.startsWith('Bearer ya29.token-')));
    t.is(await telemetry.exportCount('metrics', 'failed'), 0);
    const said = telemetry.lines.find(({ event }) => event === 'telemetry_exporter_deprecated');
    t.is(said?.severity, 'WARNING');
    t.regex(
      String(said?.['reason']),
      /deprecated by Google .* set TELEMETRY_EXPORTER=google instead/,
    );
  },
);

whereInstalled('refused series are counted and logged', async (t) => {
  const { monitoring, options } = await rigFor(t);
  monitoring.seriesStatus = 403;
  const telemetry = await startedTelemetry(t, options);
  await eventually('a failed export', async () => {
    await telemetry.flush();
    return (await telemetry.exportCount('metrics', 'failed')) >= 1;
  });
  t.true(telemetry.lines.some(({ event }) => event === 'telemetry_export_failed'));
});

whereInstalled(
  'metrics left out for a refused descriptor are counted, though the exporter calls it a success',
  async (t) => {
    const { monitoring, options } = await rigFor(t);
    monitoring.descriptorStatus = 403;
    const telemetry = await startedTelemetry(t, options);
    await eventually('a partial export', async () => {
      await telemetry.flush();
      return (await telemetry.exportCount('metrics', 'partial')) >= 1;
    });
    t.deepEqual(monitoring.written, []);
    t.is(await telemetry.exportCount('metrics', 'sent'), 0);
    const signal = { signal: 'metrics' };
    t.true((await telemetry.sampleValue('telemetry_rejected_items_total', signal)) >= 1);
  },
);

test.serial(
  'chosen and not installed, start is refused with what to choose and what to install',
  async (t) => {
    const error = await t.throwsAsync(
      startedTelemetry(t, { exporter: 'google-legacy', loadLegacy: notInstalled }),
    );
    t.true(isAppError(error, 'invalid_config'));
    t.regex(
      error.message,
      /Choose TELEMETRY_EXPORTER=google, or: npm install .*cloud-monitoring-exporter@0\.22\.0/,
    );
  },
);

test('no other choice loads it, and the project does not depend on it', async (t) => {
  const require = createRequire(import.meta.url);
  t.throws(() => require.resolve(LEGACY_PACKAGE), { code: 'MODULE_NOT_FOUND' });
});
