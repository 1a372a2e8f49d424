export { loadAssets } from './console/assets.ts';
export type { Asset, AssetUrls } from './console/assets.ts';
export type { Reader } from './console/alert-forms.ts';
export { SILENCE_LENGTHS } from './console/alert-forms.ts';
export { gameDayPage } from './console/game-day-page.ts';
export { html } from './console/html.ts';
export type { Html } from './console/html.ts';
export { pageHtml } from './console/layout.ts';
export type { ConsolePage, PageFrame } from './console/layout.ts';
export { incidentMarkdown } from './console/incident-markdown.ts';
export { incidentPage, incidentsPage } from './console/incident-page.ts';
export type { IncidentFilter, IncidentModel } from './console/incident-page.ts';
export { nowPage } from './console/now-page.ts';
export type { NowModel, StreamNow } from './console/now-page.ts';
export { sloPage } from './console/slo-page.ts';
export type { SloModel } from './console/slo-page.ts';
export { streamPage, streamsPage } from './console/streams-page.ts';
export type { StreamModel } from './console/streams-page.ts';
export { tracePage } from './console/trace-page.ts';
export type { TraceModel } from './console/trace-page.ts';
export { verdictOf } from './console/verdict.ts';
export { WIDGETS_MAX } from './cloud-dashboard.ts';
export { COMPILED_DASHBOARDS_FOLDER, compiledDashboards } from './compiled-dashboards.ts';
export type { CompiledDashboard } from './compiled-dashboards.ts';
export { queriesOf, UNITS } from './dashboard.ts';
export type {
  Dashboard,
  Panel,
  PanelContent,
  Query,
  Section,
  Threshold,
  Unit,
} from './dashboard.ts';
export { RANGES } from './panel-json.ts';
export type { DashboardJson, PanelJson, RangeName } from './panel-json.ts';
export { PanelReader } from './panel-reader.ts';
export { panelsPage } from './console/panels-page.ts';
export type { PanelsModel } from './console/panels-page.ts';
export { loadDashboards, parseDashboard } from './load-dashboards.ts';
export type { PanelStream, Subjects } from './scope.ts';
export { sloQuery } from './slo-query.ts';
export type { SloFigure } from './slo-query.ts';
