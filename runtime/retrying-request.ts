/** One HTTP question, asked again where that can help: bounded in tries, time and bytes. Who asks says what an answer means. */
import type { Clock } from './clock.ts';
import { messageOf } from './errors.ts';

export type RequestHeaders = Readonly<Record<string, string>>;

/**
 * Headers that prove who asks, for each try. `refused` are those that were answered with 401: where others come back, the
 * question is asked once more with them. Ends in time by itself; where it rejects, nothing is asked.
 */
export type Authorize = (refused?: RequestHeaders) => Promise<RequestHeaders>;

export interface RetryingRequest {
  readonly url: string;
  /** Posted where there is one. */
  readonly form?: URLSearchParams;
  readonly authorize?: Authorize;
  readonly answerBytesMax: number;
  readonly clock: Clock;
}

export type HttpAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  /** Nothing that could be read, after every try. */
  | { readonly kind: 'none'; readonly reason: string; readonly cause: unknown };

/** Of one try. */
const TIMEOUT_MS = 15_000;
/** With delays of 0.25, 0.5 and 1 s; a status page can then say within about a minute that nothing answers. */
const ATTEMPTS_MAX = 4;
const RETRY_DELAY_MS = 250;
/** What `Retry-After` may ask for at most. */
const RETRY_AFTER_MAX_MS = 5_000;

/**
 * The last answer: 429, 5xx, cut and slow connections are asked again, every other status is an answer.
 * @throws what `authorize` rejects with
 */
export async function askRetrying(request: RetryingRequest): Promise<HttpAnswer> {
  let { answer, headers, retryAfterMs } = await attemptOnce(request);
  let refused: RequestHeaders | undefined;
  for (let attempt = 1; ; attempt++) {
    if (isRefusal(answer) && refused === undefined) {
      refused = headers;
      const again = await attemptOnce(request, refused);
      if (again.headers === refused) return answer;
      ({ answer, headers, retryAfterMs } = again);
    }
    if (answer.kind === 'answered' && answer.status !== 429 && answer.status < 500) return answer;
    if (attempt === ATTEMPTS_MAX) return answer;
    await request.clock.sleep(retryAfterMs ?? RETRY_DELAY_MS * 2 ** (attempt - 1));
    ({ answer, headers, retryAfterMs } = await attemptOnce(request, refused));
  }
}

function isRefusal(answer: HttpAnswer): boolean {
  return answer.kind === 'answered' && answer.status === 401;
}

interface Attempt {
  readonly answer: HttpAnswer;
  /** Those of the question; `refused` itself where there were no others, and nothing was asked. */
  readonly headers?: RequestHeaders | undefined;
  readonly retryAfterMs?: number | undefined;
}

async function attemptOnce(
  { url, form, authorize, answerBytesMax, clock }: RetryingRequest,
  refused?: RequestHeaders,
): Promise<Attempt> {
  const headers = (await authorize?.(refused)) ?? {};
  if (refused && isSame(headers, refused)) return { answer: NOT_ASKED, headers: refused };
  const stop = new AbortController();
  const timer = clock.setTimer(TIMEOUT_MS, () => stop.abort(), true);
  try {
    const response = await fetch(url, {
      ...(form ? { method: 'POST', body: form } : {}),
      headers,
      // A token goes to the address that was configured and nowhere else.
      redirect: 'error',
      signal: stop.signal,
    });
    const text = await boundedText(response, answerBytesMax);
    const answer = { kind: 'answered', status: response.status, text } as const;
    return { answer, headers, retryAfterMs: retryAfterOf(response) };
  } catch (error) {
    const reason = stop.signal.aborted ? `no answer within ${TIMEOUT_MS} ms` : reasonOf(error);
    return { answer: { kind: 'none', reason, cause: error } };
  } finally {
    timer.cancel();
  }
}

const NOT_ASKED: HttpAnswer = { kind: 'none', reason: 'the same headers again', cause: undefined };

function isSame(one: RequestHeaders, other: RequestHeaders): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function boundedText(response: Response, bytesMax: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  for await (const part of response.body ?? []) {
    byteCount += part.length;
    if (byteCount > bytesMax) throw new Error(`an answer of more than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function retryAfterOf({ headers }: Response): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return seconds >= 0 ? Math.min(RETRY_AFTER_MAX_MS, seconds * 1_000) : undefined;
}

/** `fetch` hides why under `cause`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}
