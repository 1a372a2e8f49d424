export { WIDGETS_MAX } from './cloud-dashboard.ts';
export { compiledDashboards } from './compiled-dashboards.ts';
export type { CompiledDashboard } from './compiled-dashboards.ts';
export { queriesOf } from './dashboard.ts';
export type {
  Dashboard,
  Panel,
  PanelContent,
  Query,
  Section,
  Threshold,
  Unit,
} from './dashboard.ts';
export { loadDashboards, parseDashboard } from './load-dashboards.ts';
export type { PanelStream, Subjects } from './scope.ts';
export { sloQuery } from './slo-query.ts';
export type { SloFigure } from './slo-query.ts';
