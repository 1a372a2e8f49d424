/** One POST to a receiver, bounded in time and size, and what its answer means for trying again. */
import { messageOf } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { SendResult } from './channel.ts';

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Takes secrets out of what is said. */
  readonly hide: (text: string) => string;
  /** Whether an answer of 2xx is one that means "taken". */
  readonly isTaken: (status: number, text: string) => boolean;
}

/** From connecting to the last byte of the answer. */
export const POST_TIMEOUT_MS = 15_000;
/** Of an answer; PagerDuty's are 100 bytes. The rest is not read. */
const ANSWER_BYTES_MAX = 16_384;
/** Beside 5xx: what a receiver says when it is not the request's fault. */
const RETRYABLE: readonly number[] = [408, 425, 429];

export async function post(given: Post): Promise<SendResult> {
  const { url, headers, body, clock, signal, hide, isTaken } = given;
  const timeout = new AbortController();
  const timer = clock.setTimer(POST_TIMEOUT_MS, () => timeout.abort(), true);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Highwater', ...headers },
      body,
      // What proves us goes to the address that was configured and nowhere else.
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout.signal]),
    });
    const text = await textOf(response);
    return verdict(response, text, hide, isTaken, clock.nowMs());
  } catch (error) {
    if (signal.aborted) return { outcome: 'retry', reason: 'stopped while it was being sent' };
    return timeout.signal.aborted
      ? { outcome: 'retry', reason: `no answer within ${POST_TIMEOUT_MS / 1_000} s` }
      : { outcome: 'retry', reason: hide(reasonOf(error)) };
  } finally {
    timer.cancel();
  }
}

/** Of a `Retry-After` header: seconds or a date; `undefined` where it is neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function verdict(
  { status, headers }: Response,
  text: string,
  hide: (text: string) => string,
  isTaken: Post['isTaken'],
  nowMs: number,
): SendResult {
  const said = hide(`answered ${status}${text === '' ? '' : `: ${text}`}`);
  if (status >= 200 && status < 300) {
    return isTaken(status, text)
      ? { outcome: 'delivered', detail: `answered ${status}` }
      : { outcome: 'retry', reason: `${said} (not the answer of this API)` };
  }
  if (status >= 500 || RETRYABLE.includes(status)) {
    const waitMs = retryAfterMs(headers.get('retry-after'), nowMs);
    return {
      outcome: 'retry',
      reason: said,
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    };
  }
  return { outcome: 'refused', reason: said };
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    byteCount += part.length;
    if (byteCount >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(parts).toString().trim();
}

/** `fetch` hides why under `cause`, and several addresses under one error. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const [first = cause] = cause instanceof AggregateError ? cause.errors : [];
  const code = first instanceof Error && 'code' in first ? ` (${String(first.code)})` : '';
  const message = messageOf(first);
  return message.includes(code.slice(2, -1)) ? message : `${message}${code}`;
}
