/** The shape of an SLO file, with what is expected in each place and a value that would pass. */
import { z } from 'zod';
import { choiceOf, durationOf, mappingOf, parseDuration, textOf } from '../runtime/index.ts';
import { parseDecimal } from './decimal.ts';
import { parseObjective } from './objective.ts';
import { parseSelector } from './selector.ts';

/** Source: RFC 1123; OpenSLO wants such names too. */
export const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** An objective list beyond this is generated, and belongs into several files. */
const SLOS_MAX = 200;
/** Alert rules grow with it; the Workbook needs four. */
const TIERS_MAX = 8;

const label = (example: string) =>
  textOf(`a name of a-z, 0-9 and -, at most 63 characters, such as ${example}`, DNS_LABEL);
const sentence = (example: string) => textOf(`a text, such as "${example}"`, /\S/);
const countFrom = (least: number, example: number) => {
  const error = `expected a whole number from ${least} to 1000000000, such as ${example}`;
  return z.int({ error }).min(least, { error }).max(1e9, { error });
};

/** A percentage as a number or a text, with or without a percent sign; kept as the decimal text that was written. */
function percentOf(expected: string, isFit: (text: string) => boolean) {
  const error = `expected ${expected}`;
  return z
    .union([z.number(), z.string()], { error })
    .transform((given) => String(given).replace(/\s*%$/, ''))
    .refine(isFit, { error });
}

const selector = (example: string) => {
  const error = `expected a metric with conditions on its labels, such as ${example}`;
  return z.string({ error }).transform((given, context) => {
    const found = parseSelector(given);
    if (found) return found;
    context.addIssue(error);
    return z.NEVER;
  });
};

/** A number in the metric's unit, or a duration, which is taken in seconds. */
const bound = (example: string) => {
  const error = `expected a number in the unit of the metric, or a duration, such as ${example}`;
  return z.union([z.number(), z.string()], { error }).transform((given, context) => {
    if (typeof given === 'number') return given;
    const durationMs = parseDuration(given);
    if (durationMs !== undefined) return durationMs / 1_000;
    context.addIssue(error);
    return z.NEVER;
  });
};

const requests = 'http_server_request_duration_seconds';
const ratioSchema = mappingOf('a ratio, such as { bad: …, valid: … }', {
  good: selector(`${requests}{http_response_status_code=~"2.."}`).optional(),
  bad: selector(`${requests}{http_response_status_code=~"5.."}`).optional(),
  valid: selector(requests),
});
const atOrBelowSchema = mappingOf(
  'a histogram and its bound, such as { histogram: …, at_most: 300ms }',
  {
    histogram: selector(requests),
    at_most: bound('300ms'),
  },
);
const slicesSchema = mappingOf(
  'a gauge and its bound, such as { gauge: …, at_most: 60s, slice: 1m }',
  {
    gauge: selector('ingest_watermark_lag_seconds{stream="transactions"}'),
    at_most: bound('60s'),
    slice: durationOf('1m').default(60_000),
    presence: selector('highwater_build_info').optional(),
  },
);

const tierSchema = mappingOf(
  'a tier, such as { name: page-1h, severity: page, budget: 2%, long: 1h, short: 5m }',
  {
    name: label('page-1h'),
    severity: choiceOf(['page', 'ticket']),
    budget: percentOf('a percentage above 0 and at most 100, such as 2%', isShare),
    long: durationOf('1h'),
    short: durationOf('5m'),
  },
);
const tierError = { error: 'expected a list of tiers, such as [page-1h, page-6h]' };

export const sloSchema = mappingOf('an SLO, such as the ones in api.yaml', {
  name: label('api-availability'),
  for_each_stream: z
    .union([z.boolean(), z.array(z.string())], {
      error: 'expected true or a list of streams, such as [transactions]',
    })
    .default(false),
  title: sentence('Requests succeed'),
  service: label('api').optional(),
  owner: sentence('data-platform').optional(),
  description: sentence('Share of requests that are answered without a fault of ours.'),
  user_impact: sentence('Their request fails and they have to repeat it.'),
  playbook: textOf('a path, such as alerts/playbooks/api-availability.md', /^[\w./-]+\.md$/),
  labels: z
    .record(label('journey'), textOf('a text, such as read'), {
      error: 'expected labels, such as { journey: read }',
    })
    .default({}),
  objective: percentOf(
    'a percentage above 0 and below 100, such as 99.9 (100 leaves no error budget: no burn rate is defined)',
    (text) => parseObjective(text) !== undefined,
  ),
  window: durationOf('30d'),
  budgeting: choiceOf(['occurrences', 'timeslices']).optional(),
  indicator: mappingOf('an indicator, such as { ratio: { bad: …, valid: … } }', {
    ratio: ratioSchema.optional(),
    at_or_below: atOrBelowSchema.optional(),
    slices: slicesSchema.optional(),
  }),
  tiers: z
    .array(z.union([z.string(), tierSchema], { error: tierSchemaError }), tierError)
    .min(1, tierError)
    .max(TIERS_MAX, { error: `expected at most ${TIERS_MAX} tiers` })
    .default(['page-1h', 'page-6h', 'ticket-1d', 'ticket-3d']),
  low_traffic: mappingOf('a guard, such as { min_events: 100, min_bad_events: 3 }', {
    min_events: countFrom(0, 100).default(0),
    min_bad_events: countFrom(1, 3).default(3),
  }).prefault({}),
  no_data: choiceOf(['alert', 'ignore']).default('alert'),
});

const slosError = { error: 'expected a list of SLOs' };
export const fileSchema = mappingOf('a mapping, such as the one in api.yaml', {
  service: label('api'),
  owner: sentence('data-platform'),
  slos: z
    .array(z.unknown(), slosError)
    .min(1, { error: 'expected at least one SLO' })
    .max(SLOS_MAX, { error: `expected at most ${SLOS_MAX} SLOs in a file` }),
});

export type SloFile = z.output<typeof sloSchema>;
export type FileHead = Omit<z.output<typeof fileSchema>, 'slos'>;

function isShare(text: string): boolean {
  const share = parseDecimal(text);
  return share !== undefined && share.numerator > 0n && Number(text) <= 100;
}

/** A broken tier of a union says what is wrong in it, as the tier's own schema would. */
function tierSchemaError(issue: { readonly input?: unknown }): string {
  const first = tierSchema.safeParse(issue.input).error?.issues[0];
  const at = first?.path.join('.');
  return first ? `${at ? `${at}: ` : ''}${first.message}` : 'expected a tier, such as page-1h';
}
