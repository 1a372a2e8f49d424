/** The one reader of dashboard files: strict, and every problem of every file at once. */
import { AppError, DefinitionSource, listDefinitionFiles } from '../runtime/index.ts';
import type { Path } from '../runtime/index.ts';
import { fileSchema, panelSchema, sectionSchema } from './dashboard-schema.ts';
import type { PanelFile } from './dashboard-schema.ts';
import type { Dashboard, Panel, PanelContent, Query, Section } from './dashboard.ts';
import { readHeatmap, readQuery } from './panel-query.ts';
import type { Report } from './panel-query.ts';
import { fill, OUTSIDE, scopesOf } from './scope.ts';
import type { Scope, Subjects } from './scope.ts';

/**
 * The dashboards of all `*.yaml` files in a folder, by name.
 * @throws AppError `invalid_definition` with one line a problem: `file:line path: expected …, such as …; got …`.
 */
export function loadDashboards(dir: string, subjects: Subjects): readonly Dashboard[] {
  const problems: string[] = [];
  const found = listDefinitionFiles(dir).map((file) =>
    readFile(new DefinitionSource(file, problems), subjects),
  );
  return settle(found, problems);
}

/** The dashboard of one text, named `file` in messages. @throws AppError `invalid_definition` as `loadDashboards`. */
export function parseDashboard(text: string, file: string, subjects: Subjects): Dashboard {
  const problems: string[] = [];
  const [dashboard] = settle(
    [readFile(new DefinitionSource(file, problems, text), subjects)],
    problems,
  );
  if (dashboard) return dashboard;
  throw new AppError('internal', `${file} passed unread.`);
}

/** A dashboard beside the means to report on it. */
interface Found {
  readonly dashboard: Dashboard;
  readonly reportName: (message: string) => void;
}

function settle(
  files: readonly (Found | undefined)[],
  problems: readonly string[],
): readonly Dashboard[] {
  const found = files.filter((each) => each !== undefined);
  for (const [index, { dashboard, reportName }] of found.entries()) {
    const isTaken = found.slice(0, index).some((other) => other.dashboard.name === dashboard.name);
    if (isTaken) reportName('expected a name of its own, such as on-call');
  }
  // A panel for each SLO tells each of its problems once an SLO.
  const distinct = [...new Set(problems)];
  if (distinct.length > 0) {
    throw new AppError(
      'invalid_definition',
      `The dashboard definitions are not valid:\n  ${distinct.join('\n  ')}`,
      { detail: { problems: distinct } },
    );
  }
  return found.map(({ dashboard }) => dashboard).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function readFile(source: DefinitionSource, subjects: Subjects): Found | undefined {
  if (!source.isReadable) return undefined;
  const file = fileSchema.safeParse(source.raw);
  source.reportIssues(file.error);
  const sections = listAt(source.raw, 'sections').flatMap((raw, index) =>
    readSection(source, ['sections', index], raw, subjects),
  );
  if (!file.success) return undefined;
  const { dashboard: name, title } = file.data;
  return {
    dashboard: { name, title, sections },
    reportName: (message) => source.report(['dashboard'], message),
  };
}

function readSection(
  source: DefinitionSource,
  at: Path,
  raw: unknown,
  subjects: Subjects,
): Section[] {
  const shape = sectionSchema.safeParse(raw);
  source.reportIssues(shape.error, at);
  const turns = scopesOf(shape.data?.for_each, OUTSIDE, subjects) ?? [];
  return turns.map((scope) => {
    const { title, note } = sectionSchema.safeParse(fill(raw, scope)).data ?? {};
    return {
      ...(title === undefined ? {} : { title }),
      ...(note === undefined ? {} : { note }),
      panels: listAt(raw, 'panels').flatMap((panel, index) =>
        readPanels(source, [...at, 'panels', index], panel, scope, subjects),
      ),
    };
  });
}

function readPanels(
  source: DefinitionSource,
  at: Path,
  raw: unknown,
  outer: Scope,
  subjects: Subjects,
): Panel[] {
  const each = panelSchema.shape.for_each.safeParse(isRecord(raw) ? raw['for_each'] : undefined);
  const turns = scopesOf(each.data, outer, subjects);
  if (!turns) {
    source.report([...at, 'for_each'], 'expected a tier within for_each: slo of its section');
    return [];
  }
  return turns.flatMap((scope) => {
    const result = panelSchema.safeParse(fill(raw, scope));
    source.reportIssues(result.error, at);
    if (!result.success) return [];
    const { title, width, height } = result.data;
    const content = readContent(result.data, scope, (path, message) =>
      source.report([...at, ...path], message),
    );
    return content ? [{ title, width, height, content }] : [];
  });
}

const CONTENTS = ['text', 'incidents', 'logs', 'number', 'chart', 'heatmap', 'table'] as const;

function readContent(file: PanelFile, scope: Scope, report: Report): PanelContent | undefined {
  if (CONTENTS.filter((kind) => file[kind] !== undefined).length !== 1) {
    report([], `expected exactly one of ${CONTENTS.join(', ')}`);
    return undefined;
  }
  const { text, logs, number, chart, heatmap, table } = file;
  if (text !== undefined) return { kind: 'text', markdown: text.trim() };
  if (logs !== undefined) return { kind: 'logs', filter: logs.trim() };
  if (number) {
    const query = readQuery(number.query, scope, under(report, ['number', 'query']));
    const { unit, thresholds } = number;
    for (const [index, { tone, side }] of thresholds.entries()) {
      if (tone && side) continue;
      report(['number', 'thresholds', index], 'expected tone and side, such as danger and above');
    }
    return query && { kind: 'number', query, unit, thresholds };
  }
  if (chart) {
    const queries = readQueries(chart.queries, scope, under(report, ['chart', 'queries']));
    const { unit, thresholds, stacked: isStacked } = chart;
    for (const [index, { tone, side }] of thresholds.entries()) {
      if (!tone && !side) continue;
      // Source: Cloud Monitoring's XyChart refuses colour and direction.
      report(['chart', 'thresholds', index], 'expected value and label alone in a chart');
    }
    return queries && { kind: 'chart', queries, unit, isStacked, thresholds };
  }
  if (heatmap) {
    const query = readHeatmap(heatmap, under(report, ['heatmap']));
    return query && { kind: 'heatmap', query, unit: heatmap.unit };
  }
  if (table) {
    const queries = readQueries(table.queries, scope, under(report, ['table', 'queries']));
    return queries && { kind: 'table', queries, unit: table.unit };
  }
  return { kind: 'incidents' };
}

function readQueries(
  files: NonNullable<PanelFile['chart']>['queries'],
  scope: Scope,
  report: Report,
): readonly Query[] | undefined {
  const queries = files
    .map((file, index) => readQuery(file, scope, under(report, [index])))
    .filter((each) => each !== undefined);
  return queries.length === files.length ? queries : undefined;
}

function under(report: Report, at: Path): Report {
  return (path, message) => report([...at, ...path], message);
}

function listAt(raw: unknown, key: string): readonly unknown[] {
  const list = isRecord(raw) ? raw[key] : undefined;
  return Array.isArray(list) ? list : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
