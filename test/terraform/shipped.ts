/** What Terraform reads, computed from the shipped definitions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cloudAlertPolicies, loadPolicies } from '../../alerts/index.ts';
import { compiledDashboards } from '../../dashboards/index.ts';
import { loadStreams } from '../../streams/index.ts';
import { terraformDefinitions } from '../../terraform/index.ts';
import type { DefinitionsSource } from '../../terraform/index.ts';
import { ROOT, shippedDashboards, shippedSubjects } from '../dashboards/shipped.ts';

export function shippedSource(): DefinitionsSource {
  const { slos } = shippedSubjects();
  return {
    streams: loadStreams(join(ROOT, 'streams')),
    slos,
    alertPolicies: cloudAlertPolicies(
      loadPolicies(join(ROOT, 'alerts/policies.yaml'), slos),
      (path) => readFileSync(join(ROOT, path), 'utf8'),
    ),
    dashboards: compiledDashboards(shippedDashboards()),
  };
}

/** The compiled variables, as Terraform sees them. */
export function shippedVariables(): Record<string, Record<string, Record<string, unknown>>> {
  return JSON.parse(terraformDefinitions(shippedSource()).content) as ReturnType<
    typeof shippedVariables
  >;
}
