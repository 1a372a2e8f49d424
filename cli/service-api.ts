/** Asks the running service, for the commands that show what it knows or have it do something. */
import { InvalidArgumentError } from 'commander';
import { AppError, loadConfig } from '../runtime/index.ts';

/** The option of every command that asks. */
export const URL_OPTION = [
  '--url <url>',
  'base URL of the running API (default: the configured port)',
  baseUrl,
] as const;

/** The service that is given, or the one that the configuration names. */
export function serviceUrl(given: string | undefined): string {
  if (given !== undefined) return given;
  const { HIGHWATER_HOST: host, PORT: port } = loadConfig();
  return `http://${host}:${port}`;
}

/**
 * The JSON answer of a path below `url`; with a body it is posted.
 * @throws AppError `api_unavailable` where nobody answers with JSON, or the service cannot; `invalid_argument` where it
 * refuses the request
 */
export async function askService(url: string, path: string, body?: unknown): Promise<unknown> {
  const { HIGHWATER_API_TOKEN: token } = loadConfig();
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const post = {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const request = body === undefined ? { headers } : post;
  const response = await fetch(new URL(path, url), request).catch((error: unknown) => {
    throw new AppError(
      'api_unavailable',
      `No API answers at ${url}; start it (highwater start) or name it with --url.`,
      { cause: error },
    );
  });
  const answer: unknown = await response.json().catch((error: unknown) => {
    throw new AppError('api_unavailable', `${url}${path} answers no JSON.`, { cause: error });
  });
  if (response.ok) return answer;
  const detail = typeof answer === 'object' && answer && 'detail' in answer ? answer.detail : '';
  throw new AppError(
    response.status < 500 ? 'invalid_argument' : 'api_unavailable',
    `${url}${path}: ${response.status} ${String(detail)}`,
  );
}

/** An option's base URL. */
export function baseUrl(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('expected a base URL, such as http://127.0.0.1:8080');
}
