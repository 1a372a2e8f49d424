/** The shape of a dashboard file, with what is expected in each place and a value that would pass. */
import { z } from 'zod';
import { choiceOf, durationOf, mappingOf, parseDuration, textOf } from '../runtime/index.ts';
import { parseSelector } from '../slo/index.ts';
import { UNITS } from './dashboard.ts';

/** Columns of a dashboard. Source: Google's own sample dashboards; the proto's comment still says 12. */
export const COLUMN_COUNT = 48;
const HEIGHT_MAX = 64;
const PANEL_WIDTH = 16;
const PANEL_HEIGHT = 12;
/** Lines of a chart that can still be told apart. */
const QUERIES_MAX = 8;

const sentence = (example: string) => textOf(`a text, such as "${example}"`, /\S/);
const whole = (max: number, example: number) => {
  const error = `expected a whole number from 1 to ${max}, such as ${example}`;
  return z.int({ error }).min(1, { error }).max(max, { error });
};

const selector = (example: string) => {
  const error = `expected a metric with conditions on its labels, such as ${example}`;
  return z.string({ error }).transform((given, context) => {
    const found = parseSelector(given);
    if (found) return found;
    context.addIssue(error);
    return z.NEVER;
  });
};

/** A number, or the text of one where a placeholder stood. */
const numberOf = (expected: string) => {
  const error = `expected ${expected}`;
  return z
    .union([z.number(), z.string()], { error })
    .refine((given) => given !== '' && Number.isFinite(Number(given)), { error })
    .transform(Number);
};

/** A bound in the unit of the metric, or a duration, which is taken in seconds. */
const bound = (() => {
  const error = 'expected a number in the unit of the metric, or a duration, such as 300ms';
  return z.union([z.number(), z.string()], { error }).transform((given, context) => {
    if (typeof given === 'number') return given;
    const durationMs = parseDuration(given);
    if (durationMs !== undefined) return durationMs / 1_000;
    context.addIssue(error);
    return z.NEVER;
  });
})();

const REQUESTS = 'http_server_request_duration_seconds';
const COUNTER = 'ingest_messages_total{outcome="committed"}';
const GAUGE = 'ingest_in_flight_messages';

export const querySchema = mappingOf('a query, such as { rate: ingest_messages_total, over: 5m }', {
  rate: selector(COUNTER).optional(),
  increase: selector(COUNTER).optional(),
  ratio: mappingOf('a ratio, such as { part: …, whole: … }', {
    part: selector(`${REQUESTS}{http_response_status_code=~"5.."}`),
    whole: selector(REQUESTS),
  }).optional(),
  mean: selector(REQUESTS).optional(),
  quantile: selector(REQUESTS).optional(),
  share: selector(REQUESTS).optional(),
  max: selector(GAUGE).optional(),
  last: selector(GAUGE).optional(),
  sum: selector(GAUGE).optional(),
  slo: choiceOf(['sli', 'budget_remaining', 'burn_rate']).optional(),
  at: numberOf('a quantile above 0 and below 1, such as 0.95').optional(),
  at_most: bound.optional(),
  by: z
    .array(textOf('the name of a label, such as stream', /^[a-zA-Z_]\w*$/), {
      error: 'expected a list of labels, such as [stream]',
    })
    .default([]),
  over: durationOf('5m').optional(),
  legend: sentence('committed').optional(),
});

const threshold = mappingOf('a threshold, such as { value: 14.4, label: page }', {
  value: numberOf('a number other than 0, such as 14.4').refine((value) => value !== 0, {
    error: 'expected a number other than 0, such as 14.4',
  }),
  label: sentence('page').optional(),
  tone: choiceOf(['warning', 'danger']).optional(),
  side: choiceOf(['above', 'below']).optional(),
});
const thresholds = z
  .array(threshold, { error: 'expected a list, such as [{ value: 14.4, label: page }]' })
  .default([]);
const unit = choiceOf(UNITS);
const queries = z
  .array(querySchema, { error: 'expected a list of queries' })
  .min(1, { error: 'expected at least one query' })
  .max(QUERIES_MAX, { error: `expected at most ${QUERIES_MAX} queries in a panel` });

export const panelSchema = mappingOf('a panel, such as { title: …, chart: … }', {
  title: sentence('Requests per second'),
  for_each: choiceOf(['slo', 'tier', 'stream']).optional(),
  width: whole(COLUMN_COUNT, 16).default(PANEL_WIDTH),
  height: whole(HEIGHT_MAX, 12).default(PANEL_HEIGHT),
  text: sentence('Read this first.').optional(),
  incidents: choiceOf(['open']).optional(),
  logs: sentence('severity>=ERROR').optional(),
  number: mappingOf('a number, such as { query: …, unit: ratio }', {
    query: querySchema,
    unit,
    thresholds,
  }).optional(),
  chart: mappingOf('a chart, such as { queries: […], unit: seconds }', {
    queries,
    unit,
    stacked: z.boolean({ error: 'expected true or false' }).default(false),
    thresholds,
  }).optional(),
  heatmap: mappingOf('a heat map, such as { histogram: …, over: 1m, unit: seconds }', {
    histogram: selector('ingest_freshness_seconds'),
    over: durationOf('1m').default(60_000),
    unit,
  }).optional(),
  table: mappingOf('a table, such as { queries: […], unit: count }', { queries, unit }).optional(),
});

const listError = (what: string) => ({ error: `expected a list of ${what}` });

export const sectionSchema = mappingOf('a section, such as { title: …, panels: […] }', {
  title: sentence('Golden signals').optional(),
  note: sentence('What users feel.').optional(),
  for_each: choiceOf(['slo', 'stream']).optional(),
  panels: z
    .array(z.unknown(), listError('panels'))
    .min(1, { error: 'expected at least one panel' }),
});

export const fileSchema = mappingOf('a mapping, such as the one in on-call.yaml', {
  dashboard: textOf('a name of a-z, 0-9 and -, such as on-call', /^[a-z][a-z0-9-]{0,40}$/),
  title: sentence('Highwater: on call'),
  sections: z
    .array(z.unknown(), listError('sections'))
    .min(1, { error: 'expected at least one section' }),
});

export type QueryFile = z.output<typeof querySchema>;
export type PanelFile = z.output<typeof panelSchema>;
