/** The alert definitions as the configuration names them, and the playbooks beside them. */
import { readFileSync } from 'node:fs';
import { loadPolicies } from '../alerts/index.ts';
import type { AlertDefinitions } from '../alerts/index.ts';
import { AppError } from '../runtime/index.ts';
import type { Config } from '../runtime/index.ts';
import type { Slo } from '../slo/index.ts';
import { loadConfiguredSlos } from './slos.ts';

/** @throws AppError `invalid_definition` with every problem. */
export function loadConfiguredAlerts(config: Config): AlertDefinitions {
  return loadPoliciesFor(config, loadConfiguredSlos(config));
}

/** The configured policies and those of `slos`, which a backtest or a process has as it counts them. */
export function loadPoliciesFor(config: Config, slos: readonly Slo[]): AlertDefinitions {
  return loadPolicies(config.HIGHWATER_ALERT_POLICIES, slos);
}

/** The text of a playbook. @throws AppError `invalid_definition` where there is no such file. */
export function playbookOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const problem = `${path}: expected a playbook, as its policy names it`;
    throw new AppError('invalid_definition', problem, {
      cause: error,
      detail: { problems: [problem] },
    });
  }
}
