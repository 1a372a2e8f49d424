/** What a refusal of Google's APIs means, and what to do about it, in one sentence. */
import { z } from 'zod';
import { AppError, messageOf, parseJson } from '../../runtime/index.ts';

export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly host: string;
  /** What was asked for: `alert policies`. */
  readonly what: string;
  readonly projectId: string;
  readonly permission: string;
}

const SHOWN_MAX = 200;
/** Holds every permission that is asked for here. Source: IAM, predefined roles. */
const ROLE = 'roles/monitoring.viewer';

/** Source: https://cloud.google.com/apis/design/errors. */
const BODY = z.object({
  error: z.object({
    message: z.string().default(''),
    details: z.array(z.looseObject({ reason: z.string().optional() })).default([]),
  }),
});

/** AppError `cloud_unavailable`. */
export function cloudRefusal(refusal: Refusal): AppError {
  const { status, text, host } = refusal;
  const parsed = BODY.safeParse(parseJson(text));
  const { message, details } = parsed.success ? parsed.data.error : { message: '', details: [] };
  const reason = details.map((each) => each.reason ?? '').find((each) => each !== '') ?? '';
  return new AppError('cloud_unavailable', sentence(refusal, message, reason), {
    detail: { status, host, reason, answer: text.slice(0, SHOWN_MAX) },
  });
}

function sentence(refusal: Refusal, message: string, reason: string): string {
  const { status, host, what, projectId, permission } = refusal;
  if (status === 401) {
    return `${host} refused the token, a fresh one too: renew the credentials (gcloud auth application-default login)`;
  }
  if (status === 403 && /quota project/i.test(message)) {
    return `${host} asks who pays for a person's requests: gcloud auth application-default set-quota-project ${projectId}`;
  }
  if (status === 403 && reason === 'USER_PROJECT_DENIED') {
    return `the quota project of these credentials may not be used by them: it needs serviceusage.services.use, as in roles/serviceusage.serviceUsageConsumer`;
  }
  if (status === 403 && reason === 'ACCESS_TOKEN_SCOPE_INSUFFICIENT') {
    return `the token may not read Cloud Monitoring: expected the scope https://www.googleapis.com/auth/monitoring.read`;
  }
  if (reason === 'SERVICE_DISABLED' || /has not been used in project|is disabled/.test(message)) {
    return `Cloud Monitoring is off in ${projectId}: gcloud services enable monitoring.googleapis.com --project=${projectId}`;
  }
  if (status === 403) {
    return `the ${what} of ${projectId} may not be read: expected the permission ${permission}, as in ${ROLE}, and that there is such a project`;
  }
  if (status === 404) {
    return `there is no project ${projectId} for ${host}: expected one that exists (--project, or project_id of the environment)`;
  }
  const shown = message === '' ? 'no JSON' : message.slice(0, SHOWN_MAX);
  return `${host} answered ${status} when asked for the ${what} of ${projectId}: ${shown}`;
}

/** Nobody to ask as. Only the standard word of the reason is told: such errors can hold tokens. */
export function credentialsMissing(error: unknown): AppError {
  const word = /\b(?:invalid|unauthorized|access)_[a-z_]+\b/.exec(messageOf(error))?.[0];
  const why = word === undefined ? '' : ` (${word})`;
  return new AppError(
    'cloud_unavailable',
    `no credentials to ask Google Cloud with${why}: run gcloud auth application-default login, or name a service account's in GOOGLE_APPLICATION_CREDENTIALS`,
    { cause: error },
  );
}
