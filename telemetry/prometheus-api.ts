/** The query part of the Prometheus HTTP API: asks one query, tries again where that can help, reads the answer. */
import { z } from 'zod';
import { AppError, isAppError, messageOf } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';

export interface PrometheusApiOptions {
  /** Without `/query`: `http://127.0.0.1:9090/api/v1`. */
  readonly baseUrl: string;
  /** Headers that prove who asks; called for each request. */
  readonly authorize?: () => Promise<Readonly<Record<string, string>>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface VectorElement {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MatrixElement {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
}

const REQUEST_TIMEOUT_MS = 15_000;
/** With delays of 0.25, 0.5 and 1 s; a status page can then say within a minute that nothing answers. */
const ATTEMPTS_MAX = 4;
const RETRY_DELAY_MS = 250;
/** What `Retry-After` may ask for at most. */
const RETRY_AFTER_MAX_MS = 5_000;
/** Of an answer: 11,000 points of 200 series at 30 bytes are 66 MB; a question of that size is a mistake. */
const ANSWER_BYTES_MAX = 32 * 2 ** 20;
/** Warnings said once each; then no more. */
const WARNINGS_MAX = 100;
const SHOWN_MAX = 300;

const METRIC = z.record(z.string(), z.string());
const POINT = z.tuple([z.number(), z.string()]);
const ANSWER = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({
      resultType: z.literal('vector'),
      result: z.array(z.object({ metric: METRIC, value: POINT })),
    }),
    z.object({
      resultType: z.literal('matrix'),
      result: z.array(z.object({ metric: METRIC, values: z.array(POINT) })),
    }),
  ]),
  warnings: z.array(z.string()).optional(),
});
const REFUSAL = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });

export class PrometheusApi {
  readonly #options: PrometheusApiOptions;
  readonly #said = new Set<string>();

  constructor(options: PrometheusApiOptions) {
    this.#options = options;
  }

  /** @throws AppError `metrics_unavailable` */
  async query(query: string, atMs: number): Promise<readonly VectorElement[]> {
    const data = await this.#ask('query', { query, time: seconds(atMs) });
    if (data.resultType !== 'vector') throw unexpected(query, 'a vector', data.resultType);
    return data.result.map(({ metric, value: [, text] }) => ({
      labels: withoutName(metric),
      value: numberOf(query, text),
    }));
  }

  /** @throws AppError `metrics_unavailable` */
  async queryRange(
    query: string,
    { fromMs, toMs, stepMs }: { fromMs: number; toMs: number; stepMs: number },
  ): Promise<readonly MatrixElement[]> {
    const data = await this.#ask('query_range', {
      query,
      start: seconds(fromMs),
      end: seconds(toMs),
      step: seconds(stepMs),
    });
    if (data.resultType !== 'matrix') throw unexpected(query, 'a matrix', data.resultType);
    return data.result.map(({ metric, values }) => ({
      labels: withoutName(metric),
      points: values.map(([atSeconds, text]) => ({
        atMs: Math.round(atSeconds * 1_000),
        value: numberOf(query, text),
      })),
    }));
  }

  async #ask(path: string, parameters: Record<string, string>) {
    const { clock } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(path, parameters);
      if (outcome.kind === 'answered') return this.#read(parameters['query'] ?? '', outcome.text);
      if (!outcome.isRetryable || attempt === ATTEMPTS_MAX) throw outcome.error;
      await clock.sleep(outcome.retryAfterMs ?? RETRY_DELAY_MS * 2 ** (attempt - 1));
    }
  }

  async #attempt(path: string, parameters: Record<string, string>): Promise<Outcome> {
    const { baseUrl, authorize, clock } = this.#options;
    const stop = new AbortController();
    const timer = clock.setTimer(REQUEST_TIMEOUT_MS, () => stop.abort(), true);
    try {
      const response = await fetch(`${baseUrl}/${path}`, {
        method: 'POST',
        headers: { ...(await authorize?.()) },
        body: new URLSearchParams(parameters),
        // A token goes to the address that was configured and nowhere else.
        redirect: 'error',
        signal: stop.signal,
      });
      const text = await textOf(response);
      if (response.ok) return { kind: 'answered', text };
      const retryAfter = response.headers.get('retry-after');
      return failed(
        `${baseUrl} answered ${response.status} to ${shown(parameters['query'])}: ${refusalOf(text)}`,
        response.status === 429 || response.status >= 500,
        undefined,
        retryAfter === null ? undefined : Number(retryAfter) * 1_000,
      );
    } catch (error) {
      if (isAppError(error)) return { kind: 'failed', error, isRetryable: false };
      const why = stop.signal.aborted ? `no answer within ${REQUEST_TIMEOUT_MS} ms` : reason(error);
      return failed(`${baseUrl} cannot be asked: ${why}`, true, error);
    } finally {
      timer.cancel();
    }
  }

  #read(query: string, text: string) {
    const parsed = ANSWER.safeParse(parseJson(text));
    if (!parsed.success) throw unexpected(query, "Prometheus's JSON", text.slice(0, SHOWN_MAX));
    for (const warning of parsed.data.warnings ?? []) {
      if (this.#said.has(warning) || this.#said.size >= WARNINGS_MAX) continue;
      this.#said.add(warning);
      this.#options.logger.warn('metrics_warning', { message: warning, query });
    }
    return parsed.data.data;
  }
}

type Outcome =
  | { readonly kind: 'answered'; readonly text: string }
  | {
      readonly kind: 'failed';
      readonly error: AppError;
      readonly isRetryable: boolean;
      readonly retryAfterMs?: number;
    };

function failed(
  message: string,
  isRetryable: boolean,
  cause: unknown,
  retryAfterMs = Number.NaN,
): Outcome {
  const error = new AppError('metrics_unavailable', message, { cause });
  if (!(retryAfterMs >= 0)) return { kind: 'failed', error, isRetryable };
  const boundedMs = Math.min(RETRY_AFTER_MAX_MS, retryAfterMs);
  return { kind: 'failed', error, isRetryable, retryAfterMs: boundedMs };
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  for await (const part of response.body ?? []) {
    byteCount += part.length;
    if (byteCount > ANSWER_BYTES_MAX) {
      throw new AppError(
        'metrics_unavailable',
        `expected an answer of at most ${ANSWER_BYTES_MAX} bytes; ask for fewer series or a longer step`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function refusalOf(text: string): string {
  const parsed = REFUSAL.safeParse(parseJson(text));
  if (!parsed.success) return text.slice(0, SHOWN_MAX);
  const { error } = parsed.data;
  return (typeof error === 'string' ? error : error.message).slice(0, SHOWN_MAX);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch` hides why under `cause`. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}

function unexpected(query: string, expected: string, got: string): AppError {
  return new AppError('metrics_unavailable', `${shown(query)}: expected ${expected}; got ${got}`);
}

function shown(query = ''): string {
  return query.length > SHOWN_MAX ? `${query.slice(0, SHOWN_MAX)}…` : query;
}

function numberOf(query: string, text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  if (text !== 'NaN' && (Number.isNaN(value) || text.trim() === '')) {
    throw unexpected(query, 'a number', text);
  }
  return value;
}

function withoutName(metric: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metric).filter(([label]) => label !== '__name__'));
}

function seconds(durationMs: number): string {
  return (durationMs / 1_000).toFixed(3);
}
