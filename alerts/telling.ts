/** What receivers are to hear of an incident: kept beside the state until the outbox has it. */
import { z } from 'zod';
import type { Incident } from './alert-state.ts';
import { parseAlertsState } from './alert-state.ts';
import { exampleTraceSchema } from './example-trace.ts';
import type { ExampleTrace } from './example-trace.ts';
import type { NotificationState } from './notify/notification.ts';
import type { Transition } from './transition.ts';

export interface Telling {
  /** Place in the incident, from 0; the outbox tells a repeat by it. */
  readonly sequence: number;
  readonly state: NotificationState;
  readonly incident: Incident;
  readonly value: number;
  readonly atMs: number;
  /** A trace of a bad event, where one is known. */
  readonly example?: ExampleTrace | undefined;
}

const tellingSchema = z.object({
  sequence: z.int().min(0),
  state: z.enum(['triggered', 'severity_raised', 'acknowledged', 'resolved']),
  incident: z.unknown(),
  value: z.number().nullable(),
  atMs: z.number(),
  example: exampleTraceSchema.optional(),
});

/** The telling of a transition that is told; the first of an incident triggers, whatever it is called. */
export function tellingOf(transition: Transition, sequence: number): Telling | undefined {
  const { isTold, incident, kind, value, atMs } = transition;
  if (!isTold || !incident) return undefined;
  const isEnd = kind === 'resolved';
  const state = isEnd ? 'resolved' : sequence === 0 ? 'triggered' : 'severity_raised';
  return { sequence, state, incident, value, atMs };
}

/** @throws where the text is no telling that this version wrote */
export function parseTelling(json: string): Telling {
  const { incident, value, ...rest } = tellingSchema.parse(JSON.parse(json));
  return { ...rest, incident: parseIncident(incident), value: value ?? Number.NaN };
}

/** @throws AppError `invalid_argument` where it is no incident */
export function parseIncident(raw: unknown): Incident {
  const [incident] = parseAlertsState({
    version: 1,
    alerts: [],
    silences: [],
    incidents: [raw],
  }).incidents;
  return incident!;
}
