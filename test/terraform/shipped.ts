/** What Terraform reads, computed from the shipped definitions. */
import { join } from 'node:path';
import { compiledDashboards } from '../../dashboards/index.ts';
import { loadStreams } from '../../streams/index.ts';
import { terraformDefinitions } from '../../terraform/index.ts';
import type { DefinitionsSource } from '../../terraform/index.ts';
import { ROOT, shippedDashboards, shippedSubjects } from '../dashboards/shipped.ts';

export function shippedSource(): DefinitionsSource {
  return {
    streams: loadStreams(join(ROOT, 'streams')),
    slos: shippedSubjects().slos,
    alertPolicies: {},
    dashboards: compiledDashboards(shippedDashboards()),
  };
}

/** The compiled variables, as Terraform sees them. */
export function shippedVariables(): Record<string, Record<string, Record<string, unknown>>> {
  return JSON.parse(terraformDefinitions(shippedSource()).content) as ReturnType<
    typeof shippedVariables
  >;
}
