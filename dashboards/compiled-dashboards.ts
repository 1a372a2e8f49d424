/** The compiled dashboards as files: deterministic, so that a stale one is told by its text. */
import { cloudDashboards } from './cloud-dashboard.ts';
import type { Dashboard } from './dashboard.ts';

export const COMPILED_DASHBOARDS_FOLDER = 'dashboards/compiled';

/** A file that other systems read, by its path from the project's folder. */
export interface CompiledDashboard {
  readonly path: string;
  readonly content: string;
}

/** `dashboards/compiled/NAME.json` of each dashboard; further pages are `NAME-2.json` and so on. */
export function compiledDashboards(dashboards: readonly Dashboard[]): readonly CompiledDashboard[] {
  return dashboards.flatMap((dashboard) =>
    cloudDashboards(dashboard).map((json, index) => ({
      path: `${COMPILED_DASHBOARDS_FOLDER}/${dashboard.name}${index === 0 ? '' : `-${index + 1}`}.json`,
      content: `${JSON.stringify(json, undefined, 2)}\n`,
    })),
  );
}
