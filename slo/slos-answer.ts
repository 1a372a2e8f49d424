/** The answers of the SLO routes as those who ask for them read them: checked, so that no other answer is taken for one. */
import { z } from 'zod';
import { AppError } from '../runtime/index.ts';
import type { LedgerRow } from './ledger.ts';
import type { LedgerRowJson, SloJson, SlosJson } from './status-json.ts';

const counts = {
  good_count: z.number().nullable(),
  bad_count: z.number().nullable(),
  valid_count: z.number().nullable(),
};

const sloSchema: z.ZodType<SloJson> = z.object({
  name: z.string(),
  title: z.string(),
  service: z.string(),
  owner: z.string(),
  description: z.string(),
  user_impact: z.string(),
  playbook: z.string(),
  labels: z.record(z.string(), z.string()),
  revision: z.string(),
  state: z.enum(['no_data', 'no_traffic', 'exhausted', 'burning', 'young', 'ok']),
  reason: z.string(),
  evaluated_at: z.string(),
  objective_percent: z.number(),
  target_ratio: z.number(),
  budget_ratio: z.number(),
  window: z.string(),
  window_seconds: z.number(),
  budgeting: z.enum(['occurrences', 'timeslices']),
  indicator: z.record(z.string(), z.union([z.string(), z.number()])),
  is_young: z.boolean(),
  counted: z.object({
    since: z.string(),
    to: z.string(),
    observed_seconds: z.number(),
    ...counts,
  }),
  sli_ratio: z.number().nullable(),
  budget: z
    .object({
      allowed_count: z.number(),
      spent_count: z.number(),
      remaining_count: z.number(),
      remaining_ratio: z.number(),
      allowed_minutes: z.number(),
      remaining_minutes: z.number(),
    })
    .nullable(),
  burn_rates: z.array(
    z.object({
      window: z.string(),
      window_seconds: z.number(),
      ...counts,
      error_ratio: z.number().nullable(),
      burn_rate: z.number(),
      budget_spent_ratio: z.number(),
      exhaustion_seconds: z.number().nullable(),
    }),
  ),
  tiers: z.array(
    z.object({
      name: z.string(),
      severity: z.enum(['page', 'ticket']),
      budget_share_ratio: z.number(),
      factor: z.number(),
      threshold_ratio: z.number(),
      long_window_seconds: z.number(),
      short_window_seconds: z.number(),
      is_burning: z.boolean(),
      is_guarded: z.boolean(),
    }),
  ),
  low_traffic: z.object({ min_events: z.number(), min_bad_events: z.number() }),
  incident: z.object({ window_seconds: z.number(), budget_spent_ratio: z.number() }).nullable(),
  forecast: z
    .object({
      assumption: z.string(),
      basis_window_seconds: z.number(),
      burn_rate: z.number(),
      horizon_seconds: z.number(),
      remaining_ratio: z.number(),
      exhausted_at: z.string().nullable(),
    })
    .nullable(),
  links: z.object({ self: z.string(), history: z.string() }),
});

const slosSchema: z.ZodType<SlosJson> = z.object({
  count: z.number(),
  evaluated_at: z.string().nullable(),
  interval_seconds: z.number(),
  is_stale: z.boolean(),
  failure: z.string().nullable(),
  slos: z.array(sloSchema),
});

const hourSchema: z.ZodType<LedgerRowJson> = z.object({
  hour_start: z.iso.datetime(),
  hour_end: z.iso.datetime(),
  good_count: z.number(),
  valid_count: z.number(),
  objective_percent: z.string(),
  budget_ratio: z.number(),
  revision: z.string(),
});
const historySchema = z.object({ slo: z.string(), hours: z.array(hourSchema) });

/** The answer of `/v1/slos`. @throws AppError `metrics_unavailable` where it is none. */
export function parseSlosAnswer(answer: unknown): SlosJson {
  return parsed(slosSchema, answer, '/v1/slos');
}

/** The answer of `/v1/slos/{slo}`. @throws AppError `metrics_unavailable` where it is none. */
export function parseSloAnswer(answer: unknown): SloJson {
  return parsed(sloSchema, answer, '/v1/slos/{slo}');
}

/** The hours of the answer of `/v1/slos/{slo}/history`. @throws AppError `metrics_unavailable` where it is none. */
export function parseHistoryAnswer(answer: unknown): readonly LedgerRow[] {
  const { slo, hours } = parsed(historySchema, answer, '/v1/slos/{slo}/history');
  return hours.map((hour) => ({
    slo,
    revision: hour.revision,
    startAtMs: Date.parse(hour.hour_start),
    objectivePercentText: hour.objective_percent,
    budgetRatio: hour.budget_ratio,
    goodCount: hour.good_count,
    validCount: hour.valid_count,
  }));
}

function parsed<T>(schema: z.ZodType<T>, answer: unknown, path: string): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const where = first?.path.join('.');
  throw new AppError(
    'metrics_unavailable',
    `The answer is none of ${path}: ${where ? `${where}: ` : ''}${first?.message}`,
  );
}
