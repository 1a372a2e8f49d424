/** Asks the running service, for the commands that show what it knows. */
import { AppError, loadConfig } from '../../../runtime/index.ts';

/** The option of every command that asks. */
export const URL_OPTION = [
  '--url <url>',
  'base URL of the running API (default: the configured port)',
] as const;

/**
 * The JSON answer of a path.
 * @throws AppError `metrics_unavailable` where nobody answers, or the answer is a problem.
 */
export async function askService(given: string | undefined, path: string): Promise<unknown> {
  const base = given ?? configuredUrl();
  if (!URL.canParse(path, base)) {
    throw new AppError(
      'invalid_argument',
      `--url: expected a base URL, such as http://127.0.0.1:8080; got ${base}`,
    );
  }
  const response = await fetch(new URL(path, base)).catch((error: unknown) => {
    throw new AppError(
      'metrics_unavailable',
      `No API answers at ${base}; start it (highwater start) or name it with --url.`,
      { cause: error },
    );
  });
  const answer: unknown = await response.json().catch((error: unknown) => {
    throw new AppError('metrics_unavailable', `${base}${path} answers no JSON.`, { cause: error });
  });
  if (response.ok) return answer;
  const detail = typeof answer === 'object' && answer && 'detail' in answer ? answer.detail : '';
  throw new AppError('metrics_unavailable', `${base}${path}: ${response.status} ${String(detail)}`);
}

function configuredUrl(): string {
  const { HIGHWATER_HOST: host, PORT: port } = loadConfig();
  return `http://${host}:${port}`;
}
