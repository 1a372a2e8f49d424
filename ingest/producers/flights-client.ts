/** One page of an AviationStack-shaped flights API: asks, bounds, and sorts failures into those that may pass. */
import type { Clock } from '../../runtime/index.ts';
import { messageOf } from '../../runtime/index.ts';

export interface FlightsRequest {
  /** Base of the API, such as `https://api.aviationstack.com`; a path in it is kept. */
  readonly apiUrl: string;
  readonly accessKey: string;
  readonly offset: number;
  readonly limit: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** `refused` cannot pass by waiting; `failed` may, after `retryAfterMs` where the server said so. */
export type FlightsAnswer =
  | { readonly kind: 'page'; readonly records: readonly unknown[]; readonly totalCount: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly retryAfterMs?: number;
      /** The server answered with success, but not with what was asked for. */
      readonly isMalformed?: boolean;
    };

/** A page of 100 records is about 150 KB. */
const BODY_BYTES_MAX = 16 * 2 ** 20;
/** Error codes of the API that waiting does not cure, whatever the status. Source: AviationStack's list of API errors. */
const PERMANENT_CODES = new Set([
  'invalid_access_key',
  'missing_access_key',
  'inactive_user',
  'function_access_restricted',
  'https_access_restricted',
]);

/** Never rejects. The access key stands in no reason, even where the server repeats it. */
export async function fetchFlights(request: FlightsRequest): Promise<FlightsAnswer> {
  const { clock, signal, timeoutMs } = request;
  const timeout = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => timeout.abort());
  try {
    const response = await fetch(pageUrl(request), {
      headers: { accept: 'application/json' },
      // A redirect would carry the key to wherever it points.
      redirect: 'error',
      signal: AbortSignal.any([signal, timeout.signal]),
    });
    return redact(judge(response, await readBody(response), clock.nowMs()), request.accessKey);
  } catch (error) {
    const reason = timeout.signal.aborted
      ? `no answer within ${timeoutMs} ms`
      : networkFault(error);
    return redact({ kind: 'failed', reason }, request.accessKey);
  } finally {
    timer.cancel();
  }
}

/** `Retry-After` as a wait: seconds, or an HTTP date; `undefined` where it is neither. */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = /[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function pageUrl({ apiUrl, accessKey, limit, offset }: FlightsRequest): URL {
  const url = new URL(`${apiUrl.replace(/\/+$/, '')}/v1/flights`);
  url.search = new URLSearchParams({
    access_key: accessKey,
    limit: String(limit),
    offset: String(offset),
  }).toString();
  return url;
}

function judge(response: Response, body: string, nowMs: number): FlightsAnswer {
  const parsed = parse(body);
  const { code, message } = errorOf(parsed);
  const said = [code, message].filter(Boolean).join(': ');
  const reason = `HTTP ${response.status}${said ? ` (${said.slice(0, 200)})` : ''}`;
  if (response.status === 401 || response.status === 403 || PERMANENT_CODES.has(code)) {
    return { kind: 'refused', reason };
  }
  if (!response.ok || code !== '') {
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), nowMs);
    return { kind: 'failed', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  const { data, pagination } = asObject(parsed);
  if (!Array.isArray(data)) {
    const got = parsed === undefined ? 'no JSON' : 'JSON without a list named data';
    return { kind: 'failed', reason: `${reason}: ${got}`, isMalformed: true };
  }
  const { total } = asObject(pagination);
  const totalCount = typeof total === 'number' && total >= 0 ? total : data.length;
  return { kind: 'page', records: data, totalCount };
}

function errorOf(parsed: unknown): { code: string; message: string } {
  const { error } = asObject(parsed);
  if (error === undefined || error === null) return { code: '', message: '' };
  const { code, message } = asObject(error);
  return {
    code: typeof code === 'string' || typeof code === 'number' ? String(code) : 'error',
    message: typeof message === 'string' ? message : '',
  };
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of response.body ?? []) {
    byteCount += chunk.byteLength;
    if (byteCount > BODY_BYTES_MAX) {
      throw new Error(`an answer of more than ${BODY_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** fetch says only "fetch failed"; the cause says why. */
function networkFault(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause) || messageOf(error);
}

function redact(answer: FlightsAnswer, accessKey: string): FlightsAnswer {
  if (answer.kind === 'page' || accessKey === '') return answer;
  const reason = [accessKey, encodeURIComponent(accessKey)].reduce(
    (text, secret) => text.replaceAll(secret, '(key)'),
    answer.reason,
  );
  return { ...answer, reason };
}
