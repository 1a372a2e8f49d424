/** The console's forms about alerts: what they send becomes what the API's own routes do. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { SILENCE_LENGTHS } from '../../dashboards/index.ts';
import type { Reader } from '../../dashboards/index.ts';
import { AppError, parseDuration } from '../../runtime/index.ts';
import type { ServiceDeps } from '../deps.ts';
import { shorten } from '../parameters.ts';
import { NAME_CHARS_MAX, NOTE_CHARS_MAX } from '../routes/alerts.ts';
import { alertsOf } from './alert-models.ts';
import { beforeForm, readForm } from './form.ts';
import type { Forms } from './form.ts';

const back = z.enum(['incident', 'now']).default('incident');
const by = z.string().trim().max(NAME_CHARS_MAX).optional();
const ACKNOWLEDGE = z.object({ back, by, note: z.string().trim().max(NOTE_CHARS_MAX).optional() });
const SILENCE = z.object({
  back,
  by,
  reason: z.string().trim().min(1).max(NOTE_CHARS_MAX),
  for: z.enum(SILENCE_LENGTHS),
});

export function alertForms(deps: ServiceDeps): Forms {
  if (!deps.alerts) return {};
  const { clock } = deps;
  return {
    '/incidents/:incident/acknowledge': {
      before: beforeForm,
      async handle(request, reader) {
        const form = readForm(ACKNOWLEDGE, request);
        const id = String(request.params['incident']);
        await alertsOf(deps).acknowledge(id, nameOf(reader, form.by), form.note || undefined);
        return pathOf(form.back, id);
      },
    },
    '/incidents/:incident/silence': {
      before: beforeForm,
      async handle(request, reader) {
        const form = readForm(SILENCE, request);
        const alerts = alertsOf(deps);
        const id = String(request.params['incident']);
        const record = alerts.log.incident(id);
        if (!record) throw new AppError('not_found', `There is no incident ${shorten(id)}.`);
        const labels = { policy: record.incident.policy, ...record.incident.labels };
        const startsAtMs = clock.nowMs();
        alerts.silence({
          id: randomUUID(),
          matchers: Object.entries(labels).map(([label, value]) => ({ label, op: '=', value })),
          reason: form.reason,
          by: nameOf(reader, form.by),
          startsAtMs,
          endsAtMs: startsAtMs + (parseDuration(form.for) ?? 0),
        });
        return pathOf(form.back, id);
      },
    },
    '/silences/:silence/end': {
      before: beforeForm,
      async handle(request, reader) {
        alertsOf(deps).endSilence(String(request.params['silence']), reader.name ?? 'the console');
        return '/console';
      },
    },
  };
}

/** Who is known is not asked, and cannot say that they are somebody else. */
function nameOf({ name }: Reader, given: string | undefined): string {
  if (name !== undefined) return name;
  if (given !== undefined && given !== '') return given;
  throw new AppError('invalid_body', 'Expected your name, so that others know whom to ask.');
}

function pathOf(origin: z.output<typeof back>, incidentId: string): string {
  return origin === 'now' ? '/console' : `/console/incidents/${encodeURIComponent(incidentId)}`;
}
