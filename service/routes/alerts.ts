/** Alerts and incidents: what is watched, what fires, and what people do about it. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import {
  alertsJson,
  deliveryJson,
  exampleJson,
  evidenceJson,
  incidentEvidence,
  incidentJson,
  transitionJson,
} from '../../alerts/index.ts';
import type { AlertsSource, EvidenceContext, EvidenceJson, Policy } from '../../alerts/index.ts';
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
  sendWhole(request, response, 'json', JSON.stringify(wholeIncident(alerts, idOf(request))));
}

/** 200 with the incident; 404 where none of that id is open. */
export async function acknowledgeIncident(
  alerts: AlertsSource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { by, note } = readBody(
    request,
    ACKNOWLEDGEMENT,
    'one object such as {"by": "kim", "note": "looking"}',
  );
  const id = idOf(request);
  await alerts.acknowledge(id, by, note);
  response.statusCode = 200;
  sendBody(response, 'json', JSON.stringify(wholeIncident(alerts, id)));
}

/** What the incident rests on; 503 where metrics cannot be read. */
export async function listEvidence(
  deps: ServiceDeps,
  alerts: AlertsSource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const evidence = await evidenceOf(deps, alerts, idOf(request));
  sendWhole(request, response, 'json', JSON.stringify(evidence));
}

/** @throws AppError `not_found`; `metrics_unavailable` where this process reads no metrics, or they do not answer */
export async function evidenceOf(
  deps: Pick<ServiceDeps, 'clock' | 'signals' | 'slos'>,
  alerts: AlertsSource,
  id: string,
): Promise<EvidenceJson> {
  const record = recordOf(alerts, id);
  const context = evidenceContext(deps, alerts, record.incident.policy);
  if (!context) {
    throw new AppError(
      'metrics_unavailable',
      `No metrics are read here, or the policy ${record.incident.policy} is defined no more.`,
    );
  }
  return evidenceJson(id, await incidentEvidence(record, context));
}

/** What evidence is worked out from; `undefined` where there is none to be had. */
export function evidenceContext(
  { clock, signals, slos }: Pick<ServiceDeps, 'clock' | 'signals' | 'slos'>,
  alerts: AlertsSource,
  policyName: string,
): EvidenceContext | undefined {
  const policy = policyOf(alerts, policyName);
  if (!policy || !signals) return undefined;
  const slo = slos?.slos.find(({ name }) => name === policy.slo);
  return { policy, slo, reader: signals, nowMs: clock.nowMs() };
}

/** An incident with what happened to it, who was told, and traces of its bad events. @throws AppError `not_found` */
export function wholeIncident(alerts: AlertsSource, id: string) {
  const record = recordOf(alerts, id);
  const incident = incidentJson(record, policyOf(alerts, record.incident.policy));
  return {
    ...incident,
    timeline: alerts.log.timeline(id).map(transitionJson),
    notifications: alerts.deliveriesOf(id).map(deliveryJson),
    examples: alerts.log.examples(id).map(exampleJson),
  };
}

export type WholeIncidentJson = ReturnType<typeof wholeIncident>;

function recordOf(alerts: AlertsSource, id: string) {
  const record = alerts.log.incident(id);
  if (!record) throw new AppError('not_found', `There is no incident ${shorten(id)}.`);
  return record;
}

export function policyOf({ definitions }: AlertsSource, name: string): Policy | undefined {
  return definitions.policies.find((policy) => policy.name === name);
}

function idOf(request: Request): string {
  return String(request.params['incident']);
}
