/** Every file that `highwater compile` makes, from the definitions as the configuration names them. */
import { cloudAlertPolicies, COMPILED_ALERTS_FOLDER, compiledAlerts } from '../alerts/index.ts';
import type { CompiledFile } from '../alerts/index.ts';
import {
  COMPILED_DASHBOARDS_FOLDER,
  compiledDashboards,
  loadDashboards,
} from '../dashboards/index.ts';
import type { Config } from '../runtime/index.ts';
import { loadStreams } from '../streams/index.ts';
import { terraformDefinitions } from '../terraform/index.ts';
import { loadConfiguredAlerts, playbookOf } from './alerts.ts';
import { loadConfiguredSlos, sloStreams } from './slos.ts';

export const DASHBOARDS_FOLDER = 'dashboards';

/** Folders that hold compiled files alone: what is not made any more is deleted. */
export const COMPILED_FOLDERS: readonly string[] = [
  COMPILED_ALERTS_FOLDER,
  COMPILED_DASHBOARDS_FOLDER,
];

/** The same definitions give the same bytes. @throws AppError `invalid_definition` with every problem of a kind of file. */
export function compiledFiles(config: Config): readonly CompiledFile[] {
  const streams = loadStreams(config.HIGHWATER_STREAMS_DIR);
  const slos = loadConfiguredSlos(config);
  const alerts = loadConfiguredAlerts(config);
  const dashboards = compiledDashboards(
    loadDashboards(DASHBOARDS_FOLDER, { streams: sloStreams(streams), slos }),
  );
  const alertPolicies = cloudAlertPolicies(alerts, playbookOf);
  return [
    ...compiledAlerts(alerts, playbookOf),
    ...dashboards,
    terraformDefinitions({ streams, slos, alertPolicies, dashboards }),
  ];
}
