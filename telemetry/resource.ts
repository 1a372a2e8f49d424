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
import { AppError } from '../runtime/index.ts';
import type { ExporterName } from './exporters.ts';

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
}

/** Detected facts that say more about the machine than a receiver needs. */
const UNTOLD = ['process.command', 'process.command_args', 'process.owner'];

/**
 * Defaults, then what is detected, then OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, then settings: each overrules those before. Google's
 * detector asks a metadata server, so it is used for Google's exporters alone; it does not know worker pools, for
 * which TELEMETRY_REGION says where they are.
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
    detectors: [
      processDetector,
      serviceInstanceIdDetector,
      ...(isGoogle ? [gcpDetector] : []),
      envDetector,
    ],
  });
  await detected.waitForAsyncAttributes?.();
  const attributes: Attributes = {
    ...defaults,
    ...detected.attributes,
    ...(region ? { 'cloud.region': region } : {}),
    ...(instance ? { 'service.instance.id': instance } : {}),
  };
  for (const name of UNTOLD) delete attributes[name];
  if (isGoogle) checkGoogle(attributes, exporter);
  return resourceFromAttributes(attributes);
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
