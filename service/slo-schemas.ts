/** JSON Schemas of the SLO routes' answers. */
import { count, object, orNull, ref, text, time } from './openapi-schemas.ts';
import type { JsonSchema } from './parameters.ts';

const texts = { type: 'object', additionalProperties: text } as const;
const number = { type: 'number' } as const;
const ratio = { type: 'number', minimum: 0, maximum: 1 } as const;
const amount = { type: 'number', minimum: 0 } as const;
const flag = { type: 'boolean' } as const;
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });

const COUNTS = {
  good_count: orNull(amount),
  bad_count: orNull(amount),
  valid_count: orNull(amount),
};

/** What the SLO routes answer. */
export function sloSchemas(): Record<string, JsonSchema> {
  return {
    Slos: object({
      count,
      evaluated_at: orNull(time),
      interval_seconds: amount,
      is_stale: { ...flag, description: 'Too old to act on: evaluation has stopped or fails.' },
      failure: orNull(text),
      slos: list(ref('Slo')),
    }),
    Slo: sloSchema(),
    SloHistory: object({
      slo: text,
      from: time,
      to: time,
      count,
      hours: list(
        object({
          hour_start: time,
          hour_end: time,
          good_count: amount,
          valid_count: amount,
          objective_percent: text,
          budget_ratio: ratio,
          revision: text,
        }),
      ),
    }),
    SloBurnDown: object({
      slo: text,
      from: time,
      to: time,
      step_seconds: amount,
      count,
      points: list(
        object({
          at: time,
          bad_count: amount,
          valid_count: amount,
          remaining_ratio: {
            ...number,
            description: 'Of the budget of the whole window, as its traffic is known now.',
          },
        }),
      ),
    }),
    SloBreakdown: object({
      slo: text,
      label: {
        ...orNull(text),
        description: 'The label that says where; null where the indicator tells no parts apart.',
      },
      window_seconds: orNull(amount),
      count,
      rows: list(object({ value: text, bad_count: amount, valid_count: amount })),
    }),
  };
}

function sloSchema(): JsonSchema {
  return object({
    name: text,
    title: text,
    service: text,
    owner: text,
    description: text,
    user_impact: text,
    playbook: text,
    labels: texts,
    revision: { ...text, description: 'Changes where the meaning of the figures does.' },
    state: {
      type: 'string',
      enum: ['no_data', 'no_traffic', 'exhausted', 'burning', 'young', 'ok'],
    },
    reason: text,
    evaluated_at: time,
    objective_percent: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 100 },
    target_ratio: ratio,
    budget_ratio: { ...ratio, description: '1 - target_ratio' },
    window: text,
    window_seconds: amount,
    budgeting: { type: 'string', enum: ['occurrences', 'timeslices'] },
    indicator: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
    is_young: { ...flag, description: 'There is less history than the window.' },
    counted: object({ since: time, to: time, observed_seconds: amount, ...COUNTS }),
    sli_ratio: { ...orNull(ratio), description: 'good_count / valid_count' },
    budget: orNull(
      object({
        allowed_count: { ...amount, description: 'budget_ratio * valid_count' },
        spent_count: { ...amount, description: 'bad_count' },
        remaining_count: number,
        remaining_ratio: {
          type: 'number',
          maximum: 1,
          description: '1 - spent_count / allowed_count; below 0 where overspent',
        },
        allowed_minutes: { ...amount, description: 'budget_ratio * observed_seconds / 60' },
        remaining_minutes: number,
      }),
    ),
    burn_rates: list(
      object({
        window: text,
        window_seconds: amount,
        ...COUNTS,
        error_ratio: { ...orNull(ratio), description: 'bad_count / valid_count' },
        burn_rate: { ...amount, description: 'error_ratio / budget_ratio' },
        budget_spent_ratio: { ...amount, description: 'bad_count / budget.allowed_count' },
        exhaustion_seconds: orNull(amount),
      }),
    ),
    tiers: list(
      object({
        name: text,
        severity: { type: 'string', enum: ['page', 'ticket'] },
        budget_share_ratio: ratio,
        factor: { ...amount, description: 'budget_share_ratio * window / long window' },
        threshold_ratio: { ...amount, description: 'factor * budget_ratio' },
        long_window_seconds: amount,
        short_window_seconds: amount,
        is_burning: flag,
        is_guarded: flag,
      }),
    ),
    low_traffic: object({ min_events: amount, min_bad_events: amount }),
    incident: orNull(object({ window_seconds: amount, budget_spent_ratio: amount })),
    forecast: orNull(
      object({
        assumption: text,
        basis_window_seconds: amount,
        burn_rate: amount,
        horizon_seconds: amount,
        remaining_ratio: { type: 'number', maximum: 1 },
        exhausted_at: orNull(time),
      }),
    ),
    links: object({ self: text, history: text }),
  });
}

/** Two objectives side by side. */
export function whatIfSchema(): JsonSchema {
  const side = object({
    objective_percent: number,
    budget_ratio: ratio,
    allowed_count: amount,
    remaining_ratio: number,
    page_count: count,
    ticket_count: count,
    median_seconds_to_detect: orNull(amount),
    median_seconds_to_resolve: orNull(amount),
    alerts: list({ type: 'object', description: 'As `highwater backtest --json` has it.' }),
  });
  return object({
    slo: text,
    window_seconds: amount,
    from: time,
    to: time,
    step_seconds: amount,
    notes: list(text),
    good_count: amount,
    valid_count: amount,
    current: side,
    proposed: side,
  });
}
