/** Asks what a running service answers on its metrics port alone: faults and game days. */
import { AppError, loadConfig, messageOf } from '../runtime/index.ts';
import { baseUrl } from './service-api.ts';

/** The option of every command that asks there. */
export const AT_OPTION = [
  '--at <url>',
  'base URL of its metrics port (default: the configured one)',
  baseUrl,
] as const;

/** The metrics port that is given, or the one that the configuration names. */
export function internalUrl(given: string | undefined): string {
  if (given !== undefined) return given;
  const { METRICS_HOST: host, METRICS_PORT: port } = loadConfig();
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export interface InternalRequest {
  readonly path: string;
  readonly method: 'DELETE' | 'GET' | 'POST';
  readonly body?: object;
  /** What it means that there is no such path. */
  readonly notFound: string;
}

/**
 * The JSON answer.
 * @throws AppError `api_unavailable` where nobody answers; `not_found`; `invalid_argument` where the request is refused
 */
export async function askInternal(
  at: string,
  { path, method, body, notFound }: InternalRequest,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(path, at), {
      method,
      ...(body && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
  } catch (error) {
    throw new AppError(
      'api_unavailable',
      `Nothing answers at ${at}: ${messageOf(error)}; name its metrics port with --at.`,
      { cause: error },
    );
  }
  const text = await response.text();
  if (response.status === 404) throw new AppError('not_found', notFound);
  if (!response.ok) throw new AppError('invalid_argument', text.trim());
  return JSON.parse(text);
}
