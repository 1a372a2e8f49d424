/** The shape of alerts/policies.yaml, with what is expected in each place and a value that would pass. */
import { z } from 'zod';
import { choiceOf, durationOf, mappingOf, parseDuration, textOf } from '../runtime/index.ts';
import { parseSelector } from '../slo/index.ts';

/** More policies than anybody can answer for. */
const POLICIES_MAX = 200;
/** Maintenance windows that stand in the file; old ones are deleted. */
const MAINTENANCE_MAX = 100;
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const label = (example: string) =>
  textOf(`a name of a-z, 0-9 and -, at most 63 characters, such as ${example}`, DNS_LABEL);
const sentence = (example: string) => textOf(`a text, such as "${example}"`, /\S/);
const labelName = textOf('the name of a label, such as stream', /^[a-zA-Z_][a-zA-Z0-9_]*$/);

const selector = (example: string) => {
  const error = `expected a metric with conditions on its labels, such as ${example}`;
  return z.string({ error }).transform((given, context) => {
    const found = parseSelector(given);
    if (found) return found;
    context.addIssue(error);
    return z.NEVER;
  });
};

/** Conditions on labels alone, as in `{policy="api-error-ratio"}`. */
const matchers = (example: string) => {
  const error = `expected conditions on labels, such as ${example}`;
  return z.string({ error }).transform((given, context) => {
    const found = given.trimStart().startsWith('{') ? parseSelector(`any${given}`) : undefined;
    if (found && found.matchers.length > 0) return found.matchers;
    context.addIssue(error);
    return z.NEVER;
  });
};

/** A number in the metric's unit, a duration (taken in seconds), or a percentage (taken as a ratio). */
const bound = (example: string) => {
  const error = `expected a number in the unit of the signal, a duration or a percentage, such as ${example}`;
  return z.union([z.number(), z.string()], { error }).transform((given, context) => {
    if (typeof given === 'number') return given;
    const durationMs = parseDuration(given);
    if (durationMs !== undefined) return durationMs / 1_000;
    const [, percent] = /^(\d+(?:\.\d+)?)\s*%$/.exec(given) ?? [];
    if (percent !== undefined) return Number((Number(percent) / 100).toPrecision(12));
    context.addIssue(error);
    return z.NEVER;
  });
};

const countMin = (example: number) => {
  const error = `expected a whole number from 1 to 1000000000, such as ${example}`;
  return z.int({ error }).min(1, { error }).max(1e9, { error });
};

const instant = (example: string) => {
  const error = `expected an instant with its zone, such as ${example}`;
  return z.iso.datetime({ offset: true, error }).transform((given) => Date.parse(given));
};

const requests = 'http_server_request_duration_seconds';

export const conditionSchema = mappingOf(
  'a condition, such as { mean: http_server_request_duration_seconds, window: 5m, above: 500ms }',
  {
    mean: selector(requests).optional(),
    quantile: mappingOf('a quantile, such as { of: …, rank: 0.99 }', {
      of: selector(requests),
      rank: z
        .number({ error: 'expected a number above 0 and below 1, such as 0.99' })
        .gt(0, { error: 'expected a number above 0 and below 1, such as 0.99' })
        .lt(1, { error: 'expected a number above 0 and below 1, such as 0.99' }),
    }).optional(),
    ratio: mappingOf('a ratio, such as { part: …, whole: … }', {
      part: selector(`${requests}{http_response_status_code=~"5.."}`),
      whole: selector(requests),
    }).optional(),
    rate: selector('ingest_messages_total{outcome="quarantined"}').optional(),
    increase: selector('ingest_messages_total{outcome="quarantined"}').optional(),
    max: selector('ingest_watermark_lag_seconds').optional(),
    last: selector('ingest_is_paused').optional(),
    sum: selector('ingest_in_flight_messages').optional(),
    absent: selector('highwater_build_info').optional(),
    window: durationOf('5m'),
    by: z
      .array(labelName, { error: 'expected a list of labels, such as [stream]' })
      .max(3, { error: 'expected at most 3 labels, such as [stream]' })
      .default([]),
    above: bound('500ms').optional(),
    below: bound('1').optional(),
    min_events: countMin(50).optional(),
    min_bad_events: countMin(3).optional(),
  },
);

const severity = choiceOf(['warning', 'error', 'critical']);
const route = choiceOf(['page', 'ticket']);
const labels = z
  .record(label('journey'), textOf('a text, such as read'), {
    error: 'expected labels, such as { journey: read }',
  })
  .default({});

export const policySchema = mappingOf('a policy, such as the ones in alerts/policies.yaml', {
  name: label('api-latency-mean'),
  title: sentence('The mean API latency is over 500 ms'),
  service: label('api').optional(),
  owner: sentence('data-platform').optional(),
  description: sentence('Mean time of all requests of five minutes.'),
  user_impact: sentence('Pages and jobs that read from the API feel slow.'),
  playbook: textOf('a path, such as alerts/playbooks/api-latency-mean.md', /^[\w./-]+\.md$/),
  labels,
  severity,
  route,
  condition: conditionSchema,
  for: durationOf('1m').default(0),
  keep_firing_for: durationOf('5m').default(0),
  no_data: choiceOf(['ignore', 'alert']).default('ignore'),
  when_blind: choiceOf(['ignore', 'fire']).default('ignore'),
  inhibited_by: z
    .array(label('api-uptime'), { error: 'expected a list of policies, such as [api-uptime]' })
    .default([]),
  cloud: mappingOf('a condition for Cloud Monitoring, such as { condition: { last: … } }', {
    condition: conditionSchema,
  }).optional(),
});

const burnRateSchema = mappingOf('a mapping, such as { keep_firing_for: 5m }', {
  tiers: z
    .array(label('page-1h'), { error: 'expected a list of tiers, such as [page-1h, page-6h]' })
    .optional(),
  for: durationOf('1m').default(0),
  keep_firing_for: durationOf('5m').default(0),
  no_data_for: durationOf('15m').default(900_000),
});

const maintenanceSchema = mappingOf(
  'a maintenance window, such as { name: …, reason: …, by: …, matches: …, from: …, to: … }',
  {
    name: label('warehouse-move'),
    reason: sentence('The warehouse moves to another disk.'),
    by: sentence('data-platform'),
    matches: matchers('{policy=~"freshness-.*"}'),
    from: instant('2026-12-01T02:00:00Z'),
    to: instant('2026-12-01T04:00:00Z'),
  },
);

export const fileSchema = mappingOf('a mapping, such as the one in alerts/policies.yaml', {
  service: label('highwater'),
  owner: sentence('data-platform'),
  interval: durationOf('30s').default(30_000),
  burn_rate: burnRateSchema.prefault({}),
  policies: z
    .array(z.unknown(), { error: 'expected a list of policies' })
    .max(POLICIES_MAX, { error: `expected at most ${POLICIES_MAX} policies` }),
  maintenance: z
    .array(maintenanceSchema, { error: 'expected a list of maintenance windows, such as []' })
    .max(MAINTENANCE_MAX, { error: `expected at most ${MAINTENANCE_MAX} maintenance windows` })
    .default([]),
});

export type ConditionFile = z.output<typeof conditionSchema>;
export type PolicyFile = z.output<typeof policySchema>;
export type PoliciesFile = z.output<typeof fileSchema>;
