/** The query part of the Prometheus HTTP API: asks one query, and reads the answer. */
import { z } from 'zod';
import { AppError, askRetrying, parseJson } from '../runtime/index.ts';
import type { Authorize, Clock, Logger } from '../runtime/index.ts';

export interface PrometheusApiOptions {
  /** Without `/query`: `http://127.0.0.1:9090/api/v1`. */
  readonly baseUrl: string;
  readonly authorize?: Authorize;
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
    const { baseUrl, authorize, clock } = this.#options;
    const query = parameters['query'] ?? '';
    const answer = await askRetrying({
      url: `${baseUrl}/${path}`,
      form: new URLSearchParams(parameters),
      ...(authorize ? { authorize } : {}),
      answerBytesMax: ANSWER_BYTES_MAX,
      clock,
    });
    if (answer.kind === 'none') {
      const { reason, cause } = answer;
      throw new AppError('metrics_unavailable', `${baseUrl} cannot be asked: ${reason}`, { cause });
    }
    const { status, text } = answer;
    if (status >= 200 && status < 300) return this.#read(query, text);
    throw new AppError(
      'metrics_unavailable',
      `${baseUrl} answered ${status} to ${shown(query)}: ${refusalOf(text)}`,
    );
  }

  #read(query: string, text: string) {
    const parsed = ANSWER.safeParse(parseJson(text));
    if (!parsed.success) throw unexpected(query, "Prometheus's JSON", refusalOf(text));
    for (const warning of parsed.data.warnings ?? []) {
      if (this.#said.has(warning) || this.#said.size >= WARNINGS_MAX) continue;
      this.#said.add(warning);
      this.#options.logger.warn('metrics_warning', { message: warning, query });
    }
    return parsed.data.data;
  }
}

function refusalOf(text: string): string {
  const parsed = REFUSAL.safeParse(parseJson(text));
  if (!parsed.success) return text.slice(0, SHOWN_MAX);
  const { error } = parsed.data;
  return (typeof error === 'string' ? error : error.message).slice(0, SHOWN_MAX);
}

function unexpected(query: string, expected: string, got: string): AppError {
  return new AppError('metrics_unavailable', `${shown(query)}: expected ${expected}; got ${got}`);
}

function shown(query: string): string {
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
