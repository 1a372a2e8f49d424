/** Where a process runs, as Google's exporters are told: Cloud Run services and worker pools, and a metadata server that is slow or away. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createLogger, isAppError, systemClock } from '../../runtime/index.ts';
import { openResource } from '../../telemetry/resource.ts';
import type { ResourceOptions } from '../../telemetry/resource.ts';
import { eventually, startHighwater, temporaryFolder } from '../helpers/highwater-process.ts';
import { startGoogleMetadata } from './google-metadata.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';

const SERVICE = {
  K_SERVICE: 'highwater-api',
  K_REVISION: 'highwater-api-1',
  K_CONFIGURATION: 'highwater-api',
};
const POOL = { name: 'highwater-ingest', revision: 'highwater-ingest-00003' };
const OPTIONS = {
  part: 'api',
  version: '0.0.1',
  exporter: 'google',
  projectId: 'a-project',
  region: '',
  instance: '',
} as const;

function onService(t: ExecutionContext): void {
  Object.assign(process.env, SERVICE);
  t.teardown(() => Object.keys(SERVICE).forEach((name) => delete process.env[name]));
}

/** What a wait of three seconds is here. */
async function opened(options: Partial<ResourceOptions>, waitMs = 3_000) {
  const events: string[] = [];
  const logger = createLogger({
    level: 'debug',
    format: 'json',
    write: (line) => events.push(String((JSON.parse(line) as { event: unknown }).event)),
  });
  const clock = {
    ...systemClock,
    sleep: (delayMs: number, signal?: AbortSignal) =>
      systemClock.sleep(Math.min(delayMs, waitMs), signal),
  };
  const { attributes } = await openResource({ ...OPTIONS, clock, logger, ...options });
  return { attributes, events };
}

test.serial(
  'an instance of a Cloud Run service knows its region, service, revision and itself',
  async (t) => {
    const metadata = await startGoogleMetadata();
    t.teardown(() => metadata.close());
    onService(t);
    const { attributes } = await opened({});
    t.like(attributes, {
      'cloud.provider': 'gcp',
      'cloud.platform': 'gcp_cloud_run',
      'cloud.account.id': 'a-project',
      'cloud.region': 'europe-north1',
      'faas.name': 'highwater-api',
      'faas.version': 'highwater-api-1',
      'faas.instance': '00bf4bf02d',
      'gcp.project_id': 'a-project',
      'service.name': 'highwater-api',
      'service.namespace': 'highwater',
    });
    t.regex(String(attributes['service.instance.id']), /^[0-9a-f-]{36}$/);
  },
);

test.serial('an instance of a worker pool knows the same of itself', async (t) => {
  const metadata = await startGoogleMetadata();
  t.teardown(() => metadata.close());
  const { attributes } = await opened({ part: 'ingest', workerPool: POOL });
  t.like(attributes, {
    'cloud.provider': 'gcp',
    'cloud.platform': 'gcp_cloud_run',
    'cloud.account.id': 'a-project',
    'cloud.region': 'europe-north1',
    'faas.name': 'highwater-ingest',
    'faas.version': 'highwater-ingest-00003',
    'faas.instance': '00bf4bf02d',
    'service.name': 'highwater-ingest',
  });
  t.regex(String(attributes['service.instance.id']), /^[0-9a-f-]{36}$/);
});

test.serial('settings overrule what is detected', async (t) => {
  const metadata = await startGoogleMetadata();
  t.teardown(() => metadata.close());
  const { attributes } = await opened({ workerPool: POOL, region: 'us-east1', instance: 'a-1' });
  t.like(attributes, { 'cloud.region': 'us-east1', 'service.instance.id': 'a-1' });
});

for (const kind of ['service', 'worker pool'] as const) {
  test.serial(
    `a ${kind} whose metadata server does not answer starts with what is set`,
    async (t) => {
      const metadata = await startGoogleMetadata();
      t.teardown(() => metadata.close());
      metadata.isSilent = true;
      if (kind === 'service') onService(t);
      const pool = kind === 'service' ? {} : { workerPool: POOL };
      const { attributes, events } = await opened({ ...pool, region: 'europe-west1' }, 300);
      t.is(attributes['cloud.region'], 'europe-west1');
      t.truthy(attributes['service.instance.id']);
      t.deepEqual(events, ['telemetry_detection_timed_out']);
      if (kind === 'worker pool') t.is(attributes['faas.name'], 'highwater-ingest');
      const error = await t.throwsAsync(opened({ ...pool }, 300));
      t.true(isAppError(error, 'invalid_config'));
      t.regex(error.message, /TELEMETRY_REGION: expected the region of this process/);
    },
  );
}

test.serial('without a metadata server nothing is waited for', async (t) => {
  for (const options of [{}, { workerPool: POOL }]) {
    const { attributes, events } = await opened({ ...options, region: 'europe-west1' }, 60_000);
    t.is(attributes['cloud.region'], 'europe-west1');
    t.is(attributes['faas.instance'], undefined);
    t.deepEqual(events, []);
  }
});

test.serial('other exporters ask no metadata server', async (t) => {
  const metadata = await startGoogleMetadata();
  t.teardown(() => metadata.close());
  metadata.isSilent = true;
  const { attributes, events } = await opened({ exporter: 'otlp', workerPool: POOL }, 60_000);
  t.is(attributes['cloud.region'], undefined);
  t.deepEqual(events, []);
});

test.serial(
  'in a worker pool the process sends where it runs; a metadata server that went silent holds up neither start nor end',
  async (t) => {
    const [receiver, metadata] = await Promise.all([startOtlpReceiver(), startGoogleMetadata()]);
    t.teardown(() => receiver.close());
    t.teardown(() => metadata.close());
    const folder = temporaryFolder();
    t.teardown(() => folder.remove());
    const environment = {
      ...metadata.environment,
      HIGHWATER_DATA_DIR: folder.path,
      TELEMETRY_EXPORTER: 'google',
      TELEMETRY_GOOGLE_ENDPOINT: receiver.url,
      CLOUD_RUN_WORKER_POOL: POOL.name,
      CLOUD_RUN_WORKER_POOL_REVISION: POOL.revision,
    };
    const run = async (extra: Readonly<Record<string, string>>) => {
      const startedAtMs = performance.now();
      const service = startHighwater(['pubsub'], { ...environment, ...extra });
      await eventually(
        'the start',
        () => /listening|ready|started/.test(service.output.stderr + service.output.stdout),
        60_000,
      );
      const startMs = performance.now() - startedAtMs;
      service.kill('SIGTERM');
      t.is(await service.exited, 0, service.output.stderr);
      return { startMs, log: service.output.stderr };
    };
    const known = await run({});
    t.like(receiver.requests[0]?.resource, {
      'cloud.region': 'europe-north1',
      'faas.name': POOL.name,
      'faas.version': POOL.revision,
    });
    t.false(known.log.includes('telemetry_detection_timed_out'));

    metadata.isSilent = true;
    const silent = await run({ TELEMETRY_REGION: 'europe-west1' });
    t.true(silent.log.includes('telemetry_detection_timed_out'));
    t.log(
      `start ${Math.round(known.startMs)} ms; with a silent metadata server ${Math.round(silent.startMs)} ms`,
    );
  },
);
