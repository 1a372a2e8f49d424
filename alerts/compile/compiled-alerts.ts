/** The files that alerting compiles to. */
import type { AlertDefinitions } from '../load-policies.ts';
import type { CompiledFile } from './compiled-file.ts';
import { policyCases } from './policy-cases.ts';
import { ruleGroups } from './prometheus-rules.ts';
import type { PlaybookOf } from './prometheus-rules.ts';
import { promtoolTests } from './promtool-test.ts';
import { rulesYaml } from './rules-yaml.ts';

/** It holds compiled files alone. */
export const COMPILED_ALERTS_FOLDER = 'alerts/compiled';

/** Rules for any Prometheus, and their unit tests, by how often they are evaluated: promtool has one interval a file. */
export function compiledAlerts(
  definitions: AlertDefinitions,
  playbookOf: PlaybookOf,
): readonly CompiledFile[] {
  const cases = Map.groupBy(policyCases(definitions), ({ evaluationMs }) => evaluationMs);
  const tests = [...cases]
    .toSorted(([a], [b]) => a - b)
    .map(([evaluationMs, some]) => ({
      path: `${COMPILED_ALERTS_FOLDER}/rules-${evaluationMs / 1_000}s.test.yaml`,
      content: promtoolTests(some, ['rules.yaml']),
    }));
  const rules = rulesYaml(ruleGroups(definitions, playbookOf));
  return [{ path: `${COMPILED_ALERTS_FOLDER}/rules.yaml`, content: rules }, ...tests];
}
