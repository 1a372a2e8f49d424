/** What alerting remembers between two evaluations: plain data, to be kept as JSON and read back after a restart. */
import { z } from 'zod';
import { AppError } from '../runtime/index.ts';
import { SEVERITIES } from './policy.ts';

const labels = z.record(z.string(), z.string()).readonly();
const severity = z.enum(SEVERITIES);
const route = z.enum(['page', 'ticket']);

const silenceSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['maintenance', 'silence']),
    matchers: z
      .array(
        z
          .object({ label: z.string(), op: z.enum(['=', '!=', '=~', '!~']), value: z.string() })
          .readonly(),
      )
      .readonly(),
    reason: z.string(),
    by: z.string(),
    startsAtMs: z.number(),
    endsAtMs: z.number(),
  })
  .readonly();

const alertSchema = z
  .object({
    policy: z.string(),
    rung: z.string(),
    labels,
    phase: z.enum(['pending', 'firing']),
    /** Since when the condition holds; time in which nothing was evaluated is left out. */
    activeSinceAtMs: z.number(),
    firedAtMs: z.number().optional(),
    /** Since when it fires only because it is kept firing. */
    endedAtMs: z.number().optional(),
    seenAtMs: z.number(),
    value: z.number(),
  })
  .readonly();

const muteSchema = z
  .object({
    kind: z.enum(['maintenance', 'silence', 'inhibition']),
    /** Id of the silence, or of the incident that inhibits. */
    by: z.string(),
    reason: z.string(),
  })
  .readonly();

const incidentSchema = z
  .object({
    /** Of this incident alone: the key and when it fired. */
    id: z.string(),
    /** Of the policy and the label group, the same each time: what receivers deduplicate by. */
    key: z.string(),
    policy: z.string(),
    labels,
    /** Loudest so far; it rises and does not fall. */
    severity,
    route,
    /** The loudest rung so far. */
    rung: z.string(),
    /** Rungs that fire now, loudest first. */
    firingRungs: z.array(z.string()).readonly(),
    /** When the first condition began to hold. */
    startedAtMs: z.number(),
    firedAtMs: z.number(),
    raisedAtMs: z.number().optional(),
    /** The figure of the loudest rung that fires. */
    value: z.number(),
    /** The loudest that receivers were told of; absent where they were told nothing. */
    told: z.object({ severity, route, atMs: z.number() }).readonly().optional(),
    muted: muteSchema.optional(),
    acknowledged: z
      .object({ by: z.string(), atMs: z.number(), note: z.string().optional() })
      .readonly()
      .optional(),
  })
  .readonly();

const stateSchema = z
  .object({
    version: z.literal(1),
    evaluatedAtMs: z.number().optional(),
    alerts: z.array(alertSchema).readonly(),
    incidents: z.array(incidentSchema).readonly(),
    /** Set by hand; maintenance windows stand in the definitions. */
    silences: z.array(silenceSchema).readonly(),
  })
  .readonly();

/** One rung for one label group, pending or firing. */
export type AlertState = z.output<typeof alertSchema>;
/** What is firing of one policy for one label group: the one thing that receivers hear of. */
export type Incident = z.output<typeof incidentSchema>;
export type Mute = z.output<typeof muteSchema>;
export type AlertsState = z.output<typeof stateSchema>;

export const NO_ALERTS: AlertsState = { version: 1, alerts: [], incidents: [], silences: [] };

/** The state that was kept. @throws AppError `invalid_argument` where it is none of this version. */
export function parseAlertsState(raw: unknown): AlertsState {
  const result = stateSchema.safeParse(raw);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AppError(
    'invalid_argument',
    `expected the state of alerts, version 1; ${issue?.path.join('.')}: ${issue?.message}`,
  );
}
