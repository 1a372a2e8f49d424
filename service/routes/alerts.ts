/** Alerts and incidents: what is watched, what fires, and what people do about it. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { alertsJson, incidentJson, transitionJson } from '../../alerts/index.ts';
import type { AlertsSource, Policy } from '../../alerts/index.ts';
import { AppError } from '../../runtime/index.ts';
import type { ServiceDeps } from '../deps.ts';
import { readBody } from '../json-body.ts';
import { choiceParameter, limitParameter, readQuery, shorten } from '../parameters.ts';
import type { Parameter } from '../parameters.ts';
import { negotiate, sendBody, sendWhole } from '../respond.ts';

const INCIDENTS_MAX = 500;
const INCIDENTS_DEFAULT = 100;
/** Of a name and of a note; they go out in pages. */
export const NAME_CHARS_MAX = 100;
export const NOTE_CHARS_MAX = 500;

const policyParameter: Parameter<string> = {
  name: 'policy',
  description: 'Only incidents of this policy.',
  schema: { type: 'string' },
  parse: (text) => text,
};
const stateParameter = choiceParameter(
  'state',
  ['open', 'resolved'],
  'Only incidents that are open, or over.',
);
const incidentsLimit = limitParameter(
  INCIDENTS_MAX,
  `Most incidents in the answer, newest first; default ${INCIDENTS_DEFAULT}.`,
);

/** Parameters of the list of incidents. */
export const incidentParameters = [stateParameter, policyParameter, incidentsLimit] as const;

const ACKNOWLEDGEMENT = z.strictObject({
  by: z.string().trim().min(1).max(NAME_CHARS_MAX),
  note: z.string().trim().min(1).max(NOTE_CHARS_MAX).optional(),
});

/** The body as JSON Schema, for the OpenAPI document. */
export function acknowledgementSchema(): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(ACKNOWLEDGEMENT, { io: 'input' });
  return schema;
}

export function listAlerts(
  { clock }: ServiceDeps,
  alerts: AlertsSource,
  request: Request,
  response: Response,
): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  sendWhole(request, response, 'json', JSON.stringify(alertsJson(alerts, clock.nowMs())));
}

export function listIncidents(alerts: AlertsSource, request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  const query = readQuery(request.url, incidentParameters);
  const state = query.get(stateParameter);
  const policy = query.get(policyParameter);
  const incidents = alerts.log
    .incidents({
      ...(state === undefined ? {} : { isOpen: state === 'open' }),
      ...(policy === undefined ? {} : { policy }),
      countMax: query.get(incidentsLimit) ?? INCIDENTS_DEFAULT,
    })
    .map((record) => incidentJson(record, policyOf(alerts, record.incident.policy)));
  const body = { count: incidents.length, incidents };
  sendWhole(request, response, 'json', JSON.stringify(body));
}

export function oneIncident(alerts: AlertsSource, request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  sendWhole(request, response, 'json', JSON.stringify(whole(alerts, idOf(request))));
}

/** 200 with the incident; 404 where none of that id is open. */
export async function acknowledgeIncident(
  alerts: AlertsSource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { by, note } = readBody(request, ACKNOWLEDGEMENT, '{"by": "kim", "note": "looking"}');
  const id = idOf(request);
  await alerts.acknowledge(id, by, note);
  response.statusCode = 200;
  sendBody(response, 'json', JSON.stringify(whole(alerts, id)));
}

function whole(alerts: AlertsSource, id: string) {
  const record = alerts.log.incident(id);
  if (!record) throw new AppError('not_found', `There is no incident ${shorten(id)}.`);
  const incident = incidentJson(record, policyOf(alerts, record.incident.policy));
  return { ...incident, timeline: alerts.log.timeline(id).map(transitionJson) };
}

function policyOf({ definitions }: AlertsSource, name: string): Policy | undefined {
  return definitions.policies.find((policy) => policy.name === name);
}

function idOf(request: Request): string {
  return String(request.params['incident']);
}
