/** JSON Schemas and paths of the routes of alerts, incidents and silences. */
import { count, object, orNull, ref, text, time } from './openapi-schemas.ts';
import type { JsonSchema } from './parameters.ts';

const number = { type: 'number' } as const;
const seconds = { type: 'number', minimum: 0 } as const;
const flag = { type: 'boolean' } as const;
const texts = { type: 'object', additionalProperties: text } as const;
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const choice = (...values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });

const ROUTE = choice('page', 'ticket');
const SEVERITY = choice('warning', 'error', 'critical');

/** All schemas of these routes, by name. */
export function alertSchemas(): Record<string, JsonSchema> {
  return {
    Alerts: object({
      evaluated_at: orNull(time),
      interval_seconds: seconds,
      is_stale: { ...flag, description: 'Too old to act on: evaluation has stopped or fails.' },
      failure: orNull(text),
      count,
      alerts: list(ref('Alert')),
      silences: list(ref('Silence')),
    }),
    Alert: alertSchema(),
    Incidents: object({ count, incidents: list(ref('Incident')) }),
    Incident: object(INCIDENT),
    IncidentWithTimeline: object({
      ...INCIDENT,
      timeline: list(
        object({
          at: time,
          change: choice('firing', 'raised', 'joined', 'left', 'muted', 'unmuted', 'resolved'),
          rung: text,
          value: orNull(number),
          is_told: { ...flag, description: 'Receivers were told.' },
          severity: orNull(SEVERITY),
          route: orNull(ROUTE),
          muted_by: orNull(text),
        }),
      ),
      notifications: list(
        object({
          sequence: count,
          channel: text,
          state: choice('pending', 'delivered', 'refused', 'given_up', 'dropped'),
          created_at: time,
          finished_at: orNull(time),
          attempt_count: count,
          last_error: orNull(text),
        }),
      ),
      examples: list(
        object({
          trace: text,
          span: text,
          value: orNull(number),
          at: time,
          links: object({ self: text, page: orNull(text) }),
        }),
      ),
    }),
    IncidentEvidence: evidenceSchema(),
    Silences: object({ count, silences: list(ref('Silence')) }),
    Silence: object({
      id: text,
      matchers: list(object({ label: text, op: choice('=', '!=', '=~', '!~'), value: text })),
      reason: text,
      by: text,
      starts_at: time,
      ends_at: time,
    }),
  };
}

const INCIDENT: Readonly<Record<string, JsonSchema>> = {
  id: text,
  policy: text,
  title: orNull(text),
  user_impact: orNull(text),
  playbook: orNull(text),
  slo: orNull(text),
  state: choice('open', 'resolved'),
  route: { ...ROUTE, description: 'The loudest so far.' },
  severity: SEVERITY,
  labels: texts,
  rung: text,
  firing_rungs: list(text),
  value: orNull(number),
  started_at: { ...time, description: 'When the first condition began to hold.' },
  fired_at: time,
  raised_at: orNull(time),
  resolved_at: orNull(time),
  told_at: orNull(time),
  muted: orNull(
    object({ kind: choice('maintenance', 'silence', 'inhibition'), by: text, reason: text }),
  ),
  acknowledged: orNull(object({ by: text, at: time, note: orNull(text) })),
  links: object({ self: text }),
};

/** The figure that decided, before, during and after, and what of the budget the incident cost. */
function evidenceSchema(): JsonSchema {
  return object({
    incident: text,
    title: text,
    unit: choice('ratio', 'seconds', 'count', 'burn_rate'),
    query: orNull(text),
    from: time,
    to: time,
    step_seconds: seconds,
    threshold: orNull(object({ value: number, bad_when: choice('above', 'below') })),
    lines: list(object({ name: text, points: list(object({ at: time, value: orNull(number) })) })),
    budget: orNull(
      object({
        slo: text,
        from: time,
        to: time,
        bad_count: seconds,
        valid_count: seconds,
        budget_spent_ratio: seconds,
      }),
    ),
  });
}

function alertSchema(): JsonSchema {
  const condition = {
    kind: choice('threshold', 'burn', 'absent'),
    unit: choice('ratio', 'seconds', 'count'),
    metrics: list(text),
    query: text,
    window_seconds: seconds,
    comparison: choice('above', 'below'),
    bound: number,
    long_window_seconds: seconds,
    short_window_seconds: seconds,
    threshold_ratio: seconds,
  };
  const optional = Object.keys(condition).filter(
    (name) => !['kind', 'unit', 'metrics'].includes(name),
  );
  return object({
    policy: text,
    title: text,
    service: text,
    owner: text,
    description: text,
    user_impact: text,
    playbook: text,
    slo: orNull(text),
    labels: texts,
    inhibited_by: list(text),
    state: choice('quiet', 'pending', 'firing'),
    incidents: list(text),
    rungs: list(
      object({
        rung: text,
        route: ROUTE,
        severity: SEVERITY,
        summary: text,
        for_seconds: seconds,
        keep_firing_for_seconds: seconds,
        condition: object(condition, optional),
        measured: list(object({ labels: texts, value: orNull(number), is_held: flag })),
        active: list(
          object({
            labels: texts,
            phase: choice('pending', 'firing'),
            since: time,
            fired_at: orNull(time),
            value: orNull(number),
          }),
        ),
      }),
    ),
  });
}
