/** Requests to BigQuery's REST API by Google's own client, which brings the credentials; retries and limits are ours. */
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { z } from 'zod';
import { messageOf } from '../runtime/index.ts';

/** A request that was refused, or never answered. */
export class BigqueryRequestError extends Error {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** BigQuery's own word for it, such as `quotaExceeded`; empty where there is none. */
  readonly reason: string;

  constructor(message: string, status: number, reason: string, cause: unknown) {
    super(message, { cause });
    this.status = status;
    this.reason = reason;
  }
}

export interface BigqueryRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below the project, such as `/datasets`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: object;
}

export interface BigqueryRestOptions {
  readonly projectId: string;
  /** Such as `http://127.0.0.1:9050`, with or without `/bigquery/v2`; empty is Google Cloud. */
  readonly endpoint: string;
  readonly requestTimeoutMs: number;
}

/** Sends one request and gives its JSON. @throws BigqueryRequestError */
export type SendBigquery = (request: BigqueryRequest) => Promise<unknown>;

const API_PATH = '/bigquery/v2';

const failureSchema = z.looseObject({
  code: z.union([z.number(), z.string()]).optional(),
  errors: z.array(z.looseObject({ reason: z.string().optional() })).optional(),
});

export function bigqueryRest(options: BigqueryRestOptions): SendBigquery {
  const { projectId } = options;
  const endpoint = options.endpoint.replace(/\/+$/, '').replace(/\/bigquery\/v2$/, '');
  const client = new BigQuery({
    projectId,
    retryOptions: { autoRetry: false },
    ...(endpoint === '' ? {} : { apiEndpoint: endpoint, authClient: new PassThroughClient() }),
  });
  // The client takes BIGQUERY_EMULATOR_HOST from the environment, as it is, before what it is told here.
  client.baseUrl = `${endpoint === '' ? client.apiEndpoint : endpoint}${API_PATH}`;
  client.timeout = options.requestTimeoutMs;
  return (request) =>
    new Promise((resolve, reject) => {
      const { method, path: uri, query, body } = request;
      const asked = { method, uri, ...(query && { qs: query }), ...(body && { json: body }) };
      client.request(asked, (error: unknown, answer: unknown) => {
        if (error) reject(toRequestError(error));
        else resolve(answer);
      });
    });
}

function toRequestError(error: unknown): BigqueryRequestError {
  const parsed = failureSchema.safeParse(error);
  const { code, errors } = parsed.success ? parsed.data : {};
  const reason = errors?.find((each) => each.reason !== undefined)?.reason ?? '';
  const status = typeof code === 'number' ? code : 0;
  return new BigqueryRequestError(messageOf(error), status, reason, error);
}
