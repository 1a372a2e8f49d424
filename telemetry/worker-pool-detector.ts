/** A Cloud Run worker pool as a resource: Google's own detector knows services alone. */
import type { ResourceDetector } from '@opentelemetry/resources';
import { instance, isAvailable, project } from 'gcp-metadata';

export interface WorkerPool {
  readonly name: string;
  readonly revision: string;
}

/**
 * The attributes of a Cloud Run service, with the pool in the place of the service. What the metadata server does not tell is left out.
 * Source: Cloud Run, container contract; OpenTelemetry, semantic conventions of resources in Google Cloud.
 */
export function workerPoolDetector({ name, revision }: WorkerPool): ResourceDetector {
  return {
    detect: () => {
      const present = isAvailable();
      const fact = async (ask: () => Promise<unknown>) =>
        (await present) ? String(await ask()) : undefined;
      return {
        attributes: {
          'cloud.provider': 'gcp',
          'cloud.platform': 'gcp_cloud_run',
          'cloud.account.id': fact(() => project('project-id')),
          // `projects/NUMBER/regions/REGION`.
          'cloud.region': fact(() => instance('region')).then((text) => text?.split('/').at(-1)),
          'faas.name': name,
          ...(revision === '' ? {} : { 'faas.version': revision }),
          'faas.instance': fact(() => instance('id')),
        },
      };
    },
  };
}
