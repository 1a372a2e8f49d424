/** Silences: set with a reason and an end, listed, ended early. */
import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { silenceJson } from '../../alerts/index.ts';
import type { AlertsSource } from '../../alerts/index.ts';
import { parseDuration } from '../../runtime/index.ts';
import type { ServiceDeps } from '../deps.ts';
import { readBody } from '../json-body.ts';
import { readQuery } from '../parameters.ts';
import { negotiate, sendBody, sendWhole } from '../respond.ts';
import { NAME_CHARS_MAX, NOTE_CHARS_MAX } from './alerts.ts';

const MATCHERS_MAX = 10;
const VALUE_CHARS_MAX = 500;
const EXPECTED =
  'one object such as {"matchers": [{"label": "policy", "op": "=", "value": "backlog-age"}], "reason": "move of the warehouse", "by": "kim", "for": "2h"}';

const SILENCE = z.strictObject({
  matchers: z
    .array(
      z.strictObject({
        label: z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/),
        op: z.enum(['=', '!=', '=~', '!~']).default('='),
        value: z.string().max(VALUE_CHARS_MAX),
      }),
    )
    .min(1)
    .max(MATCHERS_MAX),
  reason: z.string().trim().min(1).max(NOTE_CHARS_MAX),
  by: z.string().trim().min(1).max(NAME_CHARS_MAX),
  /** How long from now, such as `2h`. */
  for: z.string().refine((given) => (parseDuration(given) ?? 0) > 0, {
    error: 'expected a duration, such as 2h',
  }),
});
const END = z.strictObject({ by: z.string().trim().min(1).max(NAME_CHARS_MAX) });

/** The bodies as JSON Schema, for the OpenAPI document. */
export function silenceBodySchema(): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(SILENCE, { io: 'input' });
  return schema;
}

export function endBodySchema(): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(END, { io: 'input' });
  return schema;
}

export function listSilences(alerts: AlertsSource, request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const silences = [...alerts.known.state.silences, ...alerts.definitions.maintenance];
  const body = { count: silences.length, silences: silences.map(silenceJson) };
  sendWhole(request, response, 'json', JSON.stringify(body));
}

/** 201 with the silence, which is in force at once. */
export function addSilence(
  { clock }: ServiceDeps,
  alerts: AlertsSource,
  request: Request,
  response: Response,
): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { matchers, reason, by, for: length } = readBody(request, SILENCE, EXPECTED);
  const startsAtMs = clock.nowMs();
  const silence = alerts.silence({
    id: randomUUID(),
    matchers,
    reason,
    by,
    startsAtMs,
    endsAtMs: startsAtMs + (parseDuration(length) ?? 0),
  });
  response.statusCode = 201;
  sendBody(response, 'json', JSON.stringify(silenceJson(silence)));
}

/** 200 with what is left; what was kept quiet is told at the next evaluation. */
export function endSilence(alerts: AlertsSource, request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { by } = readBody(request, END, 'one object such as {"by": "kim"}');
  alerts.endSilence(String(request.params['silence']), by);
  const silences = alerts.known.state.silences.map(silenceJson);
  response.statusCode = 200;
  sendBody(response, 'json', JSON.stringify({ count: silences.length, silences }));
}
