/** Who sends: the resource of all metrics and traces, with the region and instance without which Google drops points. */
import type { Attributes } from '@opentelemetry/api';
import { gcpDetector } from '@opentelemetry/resource-detector-gcp';
import type { Resource } from '@opentelemetry/resources';
import {
  detectResources,
  envDetector,
  processDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { AppError, messageOf } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import type { ExporterName } from './exporters.ts';
import { workerPoolDetector } from './worker-pool-detector.ts';
import type { WorkerPool } from './worker-pool-detector.ts';

export interface ResourceOptions {
  /** `api`, `ingest`, `pubsub`, or `highwater` for all in one. */
  readonly part: string;
  readonly version: string;
  readonly exporter: ExporterName;
  readonly projectId: string;
  /** Empty where it is to be detected. */
  readonly region: string;
  /** Empty makes one at each start. */
  readonly instance: string;
  /** Where this process is an instance of one. */
  readonly workerPool?: WorkerPool;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The metadata server answers within milliseconds, or has nothing to say; the library would wait for it for ever. */
const DETECTION_TIMEOUT_MS = 3_000;

/** Detected facts that say more about the machine than a receiver needs. */
const UNTOLD = ['process.command', 'process.command_args', 'process.owner'];

/**
 * Defaults, then what is detected, then OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, then settings: each overrules those before. Where
 * this process runs is asked of a metadata server, so it is asked for Google's exporters alone, and for three seconds
 * at most.
 * @throws AppError `invalid_config` where a Google export would be dropped for want of region or instance
 */
export async function openResource(options: ResourceOptions): Promise<Resource> {
  const { part, version, exporter, projectId, region, instance } = options;
  const isGoogle = exporter === 'google' || exporter === 'google-legacy';
  const defaults = {
    'service.namespace': 'highwater',
    'service.name': part === 'highwater' ? 'highwater' : `highwater-${part}`,
    'service.version': version,
    ...(isGoogle ? { 'gcp.project_id': projectId } : {}),
  };
  const detected = detectResources({
    detectors: [processDetector, serviceInstanceIdDetector],
  });
  const attributes: Attributes = {
    ...defaults,
    ...detected.attributes,
    ...(isGoogle ? await placeOf(options) : {}),
    ...detectResources({ detectors: [envDetector] }).attributes,
    ...(region ? { 'cloud.region': region } : {}),
    ...(instance ? { 'service.instance.id': instance } : {}),
  };
  for (const name of UNTOLD) delete attributes[name];
  if (isGoogle) checkGoogle(attributes, exporter);
  return resourceFromAttributes(attributes);
}

/** Where this process runs, as far as it is known in time. */
async function placeOf({ workerPool, clock, logger }: ResourceOptions): Promise<Attributes> {
  const detector = workerPool ? workerPoolDetector(workerPool) : gcpDetector;
  const detected = detector.detect();
  const found: Attributes = {};
  const asked = Object.entries(detected.attributes ?? {}).map(async ([name, given]) => {
    try {
      const value = await given;
      if (value !== undefined) found[name] = value;
    } catch (error) {
      logger.debug('telemetry_detection_failed', { attribute: name, reason: messageOf(error) });
    }
  });
  const stop = new AbortController();
  const late = clock.sleep(DETECTION_TIMEOUT_MS, stop.signal).then(() => 'late' as const);
  const outcome = await Promise.race([Promise.all(asked), late]);
  stop.abort();
  if (outcome === 'late') {
    logger.warn('telemetry_detection_timed_out', {
      message: 'The metadata server did not say in time where this process runs',
      timeoutMs: DETECTION_TIMEOUT_MS,
    });
  }
  return { ...found };
}

function checkGoogle(attributes: Readonly<Record<string, unknown>>, exporter: string): void {
  const problems: string[] = [];
  if (!attributes['cloud.region'] && !attributes['cloud.availability_zone']) {
    problems.push(
      `TELEMETRY_REGION: expected the region of this process, such as europe-west1, as it was not detected; Google drops points without it`,
    );
  }
  if (!attributes['service.instance.id']) {
    problems.push(
      `TELEMETRY_INSTANCE: expected an id that no other process has, such as ingest-7f3a; Google drops points without it`,
    );
  }
  if (problems.length > 0) {
    throw new AppError(
      'invalid_config',
      `TELEMETRY_EXPORTER=${exporter} cannot start:\n  ${problems.join('\n  ')}`,
    );
  }
}
