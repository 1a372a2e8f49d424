/** Paths of the OpenAPI document: alerts, incidents, silences. */
import { json, operation, parameterObject, readsTagged } from './openapi-operation.ts';
import type { Operation } from './openapi-operation.ts';
import { ref, text } from './openapi-schemas.ts';
import type { JsonSchema } from './parameters.ts';
import { acknowledgementSchema, incidentParameters } from './routes/alerts.ts';
import { endBodySchema, silenceBodySchema } from './routes/silences.ts';

const read = readsTagged('alerts');

export function alertPaths(): Record<string, Record<string, Operation>> {
  return {
    '/v1/alerts': read('listAlerts', 'What is watched, what it measures, what fires', 'Alerts'),
    '/v1/incidents': read(
      'listIncidents',
      'Incidents, newest first',
      'Incidents',
      incidentParameters.map(parameterObject),
    ),
    '/v1/incidents/{incident}': read(
      'oneIncident',
      'An incident and what happened to it',
      'IncidentWithTimeline',
      [id('incident')],
    ),
    '/v1/incidents/{incident}/evidence': read(
      'incidentEvidence',
      'The figure that decided, over time, and what of the error budget the incident cost',
      'IncidentEvidence',
      [id('incident')],
    ),
    '/v1/incidents/{incident}/acknowledge': {
      post: write(
        'acknowledgeIncident',
        'Say that somebody looks at it',
        acknowledgementSchema(),
        {
          200: json(
            'It is acknowledged; receivers that know of it are told.',
            ref('IncidentWithTimeline'),
          ),
        },
        [id('incident')],
      ),
    },
    '/v1/silences': {
      ...read('listSilences', 'Silences in force or to come, and maintenance windows', 'Silences'),
      post: write('addSilence', 'Tell nobody of some alerts for a while', silenceBodySchema(), {
        201: json('It is in force; figures and states go on.', ref('Silence')),
      }),
    },
    '/v1/silences/{silence}/end': {
      post: write(
        'endSilence',
        'End a silence now',
        endBodySchema(),
        {
          200: json('What is left.', ref('Silences')),
        },
        [id('silence')],
      ),
    },
  };
}

/** The id of what a path names. */
function id(name: string): JsonSchema {
  return { name, in: 'path', required: true, description: 'Its id.', schema: text };
}

function write(
  operationId: string,
  summary: string,
  body: JsonSchema,
  responses: Readonly<Record<string, JsonSchema>>,
  parameters: readonly JsonSchema[] = [],
): Operation {
  return {
    ...operation(operationId, summary, 'alerts', responses, parameters),
    requestBody: { required: true, content: { 'application/json': { schema: body } } },
  };
}
