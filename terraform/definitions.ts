/** All that Terraform reads, as typed variables: computed here, once; Terraform derives nothing from them. */
import type { CloudAlertPolicy } from '../alerts/index.ts';
import type { CompiledDashboard } from '../dashboards/index.ts';
import type { Slo } from '../slo/index.ts';
import type { Stream } from '../streams/index.ts';
import { API_SERVICE, cloudSlo } from './cloud-slo.ts';
import { streamDefinition } from './stream-definition.ts';
import { tableDefinitions, viewDefinitions } from './table-definition.ts';

export const DEFINITIONS_PATH = 'terraform/definitions.auto.tfvars.json';

/** Names that definitions refer to. Each environment has a project of its own, so they are the same in all. */
const NAMES = {
  api: API_SERVICE,
  ingester: 'highwater-ingest',
  dataset: 'highwater',
  service: 'highwater',
} as const;

export interface DefinitionsSource {
  readonly streams: readonly Stream[];
  readonly slos: readonly Slo[];
  readonly alertPolicies: Readonly<Record<string, CloudAlertPolicy>>;
  readonly dashboards: readonly CompiledDashboard[];
}

/** The file `terraform/definitions.auto.tfvars.json`, deterministic. */
export function terraformDefinitions(source: DefinitionsSource): {
  readonly path: string;
  readonly content: string;
} {
  const { streams, slos, alertPolicies, dashboards } = source;
  const variables = {
    names: NAMES,
    streams: byName(streams, streamDefinition),
    tables: tableDefinitions(streams),
    views: viewDefinitions(streams, NAMES.dataset),
    slos: Object.fromEntries(
      slos.flatMap((slo) => {
        const found = cloudSlo(slo);
        return found.kind === 'slo' ? [[slo.name, found.definition]] : [];
      }),
    ),
    alert_policies: alertPolicies,
    dashboards: Object.fromEntries(
      dashboards.map(({ path }) => [path.replace(/^.*\/|\.json$/g, ''), path]),
    ),
  };
  return { path: DEFINITIONS_PATH, content: `${JSON.stringify(variables, undefined, 2)}\n` };
}

/** SLOs that Cloud Monitoring cannot count itself, each with the reason. */
export function unsayableSlos(slos: readonly Slo[]): readonly string[] {
  return slos.flatMap((slo) => {
    const found = cloudSlo(slo);
    return found.kind === 'unsayable' ? [`${slo.name}: ${found.reason}`] : [];
  });
}

function byName(
  streams: readonly Stream[],
  define: (stream: Stream) => Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    streams
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((stream) => [stream.name, define(stream)]),
  );
}
