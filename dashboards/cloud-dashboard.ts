/**
 * A dashboard as Cloud Monitoring takes it. No value of a field's default is written: the API drops those on read, and
 * Terraform would see a difference for ever.
 */
import { AppError } from '../runtime/index.ts';
import { COLUMN_COUNT } from './dashboard-schema.ts';
import type { Dashboard, Panel, Query, Section, Threshold, Unit } from './dashboard.ts';

/** Source: Cloud Monitoring, widgets of a dashboard. */
export const WIDGETS_MAX = 50;
const HEADER_HEIGHT = 4;
/** The interval in which Google samples its own metrics; shorter would show gaps. */
const ALIGNMENT = '60s';

/** UCUM, as Cloud Monitoring names units; `10^2.%` shows 0 to 1 as a percentage. */
const UCUM: Readonly<Record<Unit, string>> = {
  seconds: 's',
  ratio: '10^2.%',
  count: '1',
  per_second: '1/s',
  bytes: 'By',
  bytes_per_second: 'By/s',
  times: '1',
};

type Json = Readonly<Record<string, unknown>>;

/** One Cloud Monitoring dashboard, or several where the widgets do not fit in one: a section is never split. */
export function cloudDashboards(dashboard: Dashboard): readonly Json[] {
  const pages = paginate(dashboard);
  return pages.map((sections, index) => {
    const page = pages.length === 1 ? '' : ` (${index + 1} of ${pages.length})`;
    return {
      displayName: `${dashboard.title}${page}`,
      mosaicLayout: { columns: COLUMN_COUNT, tiles: tilesOf(sections) },
    };
  });
}

function paginate({ name, sections }: Dashboard): Section[][] {
  const pages: Section[][] = [];
  let widgetCount = 0;
  for (const section of sections) {
    const size = section.panels.length + (section.title === undefined ? 0 : 1);
    if (size > WIDGETS_MAX) {
      throw new AppError(
        'invalid_definition',
        `dashboards: expected at most ${WIDGETS_MAX} widgets in a section, which Cloud Monitoring shows in one dashboard; got ${size} in ${section.title ?? name}`,
      );
    }
    const page = pages.at(-1);
    if (page && widgetCount + size <= WIDGETS_MAX) page.push(section);
    else {
      pages.push([section]);
      widgetCount = 0;
    }
    widgetCount += size;
  }
  return pages;
}

/** Panels flow from left to right and start a new row where they do not fit. */
function tilesOf(sections: readonly Section[]): Json[] {
  const tiles: Json[] = [];
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  const place = (width: number, height: number, widget: Json) => {
    if (x + width > COLUMN_COUNT) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    tiles.push(withoutDefaults({ xPos: x, yPos: y, width, height, widget }));
    x += width;
    rowHeight = Math.max(rowHeight, height);
  };
  for (const { title, note, panels } of sections) {
    x = COLUMN_COUNT;
    if (title !== undefined) {
      const header = withoutDefaults({ subtitle: note, dividerBelow: true });
      place(COLUMN_COUNT, HEADER_HEIGHT, { title, sectionHeader: header });
    }
    x = COLUMN_COUNT;
    for (const panel of panels) place(panel.width, panel.height, widgetOf(panel));
  }
  return tiles;
}

function widgetOf({ title, content }: Panel): Json {
  switch (content.kind) {
    case 'text':
      return { title, text: { content: content.markdown, format: 'MARKDOWN' } };
    case 'incidents':
      return { title, incidentList: {} };
    case 'logs':
      return { title, logsPanel: { filter: content.filter } };
    case 'number':
      return {
        title,
        scorecard: withoutDefaults({
          timeSeriesQuery: timeSeriesQuery(content.query, content.unit),
          sparkChartView: { sparkChartType: 'SPARK_LINE' },
          thresholds: content.thresholds.map(scorecardThreshold),
        }),
      };
    case 'chart':
      return {
        title,
        xyChart: withoutDefaults({
          dataSets: content.queries.map((query) =>
            dataSet(query, content.unit, content.isStacked ? 'STACKED_AREA' : 'LINE'),
          ),
          thresholds: content.thresholds.map(({ value, label }) =>
            withoutDefaults({ value, label, targetAxis: 'Y1' }),
          ),
        }),
      };
    case 'heatmap':
      return {
        title,
        xyChart: { dataSets: [dataSet(content.query, content.unit, 'HEATMAP')] },
      };
    case 'table':
      break;
  }
  return {
    title,
    timeSeriesTable: {
      dataSets: content.queries.map((query) => ({
        timeSeriesQuery: timeSeriesQuery(query, content.unit),
      })),
      metricVisualization: 'NUMBER',
    },
  };
}

function dataSet(query: Query, unit: Unit, plotType: string): Json {
  return withoutDefaults({
    timeSeriesQuery: timeSeriesQuery(query, unit),
    plotType,
    legendTemplate: query.legend,
    minAlignmentPeriod: ALIGNMENT,
    targetAxis: 'Y1',
  });
}

function timeSeriesQuery({ promql }: Query, unit: Unit): Json {
  return { prometheusQuery: promql, unitOverride: UCUM[unit] };
}

function scorecardThreshold({ value, label, tone, side }: Threshold): Json {
  return withoutDefaults({
    value,
    label,
    color: tone === 'danger' ? 'RED' : 'YELLOW',
    direction: side === 'below' ? 'BELOW' : 'ABOVE',
  });
}

function withoutDefaults(fields: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== undefined &&
        value !== 0 &&
        value !== '' &&
        value !== false &&
        !(Array.isArray(value) && value.length === 0),
    ),
  );
}
