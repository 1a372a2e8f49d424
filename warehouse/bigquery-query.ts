/** One named query on BigQuery: the fast path, then pages, within a time and a number of bytes, cancelled when it is late. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../runtime/index.ts';
import type { Clock } from '../runtime/index.ts';
import { isJobFailure, isPassing, toAppError } from './bigquery-errors.ts';
import type { BigqueryParameter } from './bigquery-parameters.ts';
import type { SendBigquery } from './bigquery-rest.ts';

/** Values of a row as BigQuery's JSON has them: text, or null. */
export type BigqueryRow = readonly (string | null)[];

export interface BigqueryQuery {
  /** Of the closed set of queries; labels the job. */
  readonly name: string;
  readonly sql: string;
  readonly parameters: readonly BigqueryParameter[];
}

export interface BigqueryQueriesOptions {
  readonly send: SendBigquery;
  readonly clock: Clock;
  readonly bytesBilledMax: number;
  readonly queryTimeoutMs: number;
}

/** A server that has answered nothing this long after the time it was given has gone. */
export const ANSWER_GRACE_MS = 5_000;
/** The longest that one request waits for the query's end. */
const WAIT_MS_MAX = 10_000;
const ATTEMPTS_MAX = 3;
const RETRY_DELAY_MS = 200;
/** Answers come in parts of 10 MB; PAGE_ROWS_MAX rows of 1 MB would be a thousand. */
const PARTS_MAX = 1_000;

const answerSchema = z.looseObject({
  jobComplete: z.boolean().optional(),
  rows: z.array(z.object({ f: z.array(z.object({ v: z.unknown() })) })).optional(),
  pageToken: z.string().optional(),
  jobReference: z
    .looseObject({ jobId: z.string().optional(), location: z.string().optional() })
    .optional(),
});
type Answer = z.output<typeof answerSchema>;

interface Job {
  readonly jobId: string;
  /** Where it ran: BigQuery finds it nowhere else. */
  readonly location: string;
}

export class BigqueryQueries {
  readonly #options: BigqueryQueriesOptions;

  constructor(options: BigqueryQueriesOptions) {
    this.#options = options;
  }

  /**
   * All rows.
   * @throws AppError `deadline_exceeded`, `limit_exceeded` (bytes), `warehouse_unavailable`, `internal` (the query is wrong).
   */
  async rows(query: BigqueryQuery): Promise<readonly BigqueryRow[]> {
    const { clock, queryTimeoutMs } = this.#options;
    const deadlineMs = clock.monotonicMs() + queryTimeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#run(query, deadlineMs);
      } catch (error) {
        if (!isJobFailure(error) || !(await this.#pause(attempt, deadlineMs))) {
          throw toAppError(error, `the query ${query.name}`);
        }
      }
    }
  }

  /** As one job. */
  async #run(query: BigqueryQuery, deadlineMs: number): Promise<readonly BigqueryRow[]> {
    let job: Job | undefined;
    try {
      // Requests of one job have one id, so that an answer that was lost costs no second job.
      const requestId = randomUUID();
      let answer = await this.#retried(deadlineMs, () => this.#start(query, requestId, deadlineMs));
      job = jobOf(answer);
      const rows: BigqueryRow[] = [];
      for (let part = 0; part < PARTS_MAX; part++) {
        if (answer.jobComplete !== false) {
          for (const row of answer.rows ?? []) rows.push(valuesOf(row));
          if (answer.pageToken === undefined) return rows;
        }
        if (!job) throw new TypeError('BigQuery named no job for the rest of its answer');
        const { jobId, location } = job;
        const pageToken = answer.jobComplete === false ? undefined : answer.pageToken;
        answer = await this.#retried(deadlineMs, () =>
          this.#next(jobId, location, pageToken, deadlineMs),
        );
      }
      throw new TypeError('BigQuery’s answer has too many parts');
    } catch (error) {
      if (job && !isJobFailure(error)) await this.#cancel(job);
      throw error;
    }
  }

  async #start(query: BigqueryQuery, requestId: string, deadlineMs: number): Promise<unknown> {
    const { send, bytesBilledMax } = this.#options;
    return send({
      method: 'POST',
      path: '/queries',
      body: {
        query: query.sql,
        useLegacySql: false,
        parameterMode: 'NAMED',
        queryParameters: query.parameters.map(toQueryParameter),
        maximumBytesBilled: String(bytesBilledMax),
        timeoutMs: this.#waitMs(deadlineMs),
        jobCreationMode: 'JOB_CREATION_OPTIONAL',
        requestId,
        labels: { service: 'highwater', query: query.name.toLowerCase() },
      },
    });
  }

  #next(
    jobId: string,
    location: string,
    pageToken: string | undefined,
    deadlineMs: number,
  ): Promise<unknown> {
    return this.#options.send({
      method: 'GET',
      path: `/queries/${jobId}`,
      query: {
        timeoutMs: this.#waitMs(deadlineMs),
        ...(location === '' ? {} : { location }),
        ...(pageToken === undefined ? {} : { pageToken }),
      },
    });
  }

  async #cancel({ jobId, location }: Job): Promise<void> {
    const query = location === '' ? {} : { query: { location } };
    // Whether it is heard changes nothing for the caller: the limit of bytes holds all the same.
    await this.#options
      .send({ method: 'POST', path: `/jobs/${jobId}/cancel`, ...query })
      .catch(() => undefined);
  }

  async #retried(deadlineMs: number, step: () => Promise<unknown>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return answerSchema.parse(await this.#inTime(deadlineMs, step));
      } catch (error) {
        if (!isPassing(error) || !(await this.#pause(attempt, deadlineMs))) throw error;
      }
    }
  }

  /** Waits before the next attempt; at once `false` where there is none left, or no time. */
  async #pause(attempt: number, deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const delayMs = RETRY_DELAY_MS * 2 ** (attempt - 1);
    if (attempt >= ATTEMPTS_MAX || clock.monotonicMs() + delayMs >= deadlineMs) return false;
    await clock.sleep(delayMs);
    return true;
  }

  /** Rejects once the deadline has passed, whatever the server does. */
  async #inTime<T>(deadlineMs: number, step: () => Promise<T>): Promise<T> {
    const { clock, queryTimeoutMs } = this.#options;
    const late = () =>
      new AppError(
        'deadline_exceeded',
        `The answer took longer than BIGQUERY_QUERY_TIMEOUT (${queryTimeoutMs} ms); ask for a shorter time range`,
      );
    const leftMs = deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) throw late();
    return new Promise<T>((resolve, reject) => {
      const timer = clock.setTimer(leftMs + ANSWER_GRACE_MS, () => reject(late()));
      step()
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }

  #waitMs(deadlineMs: number): number {
    const leftMs = Math.ceil(deadlineMs - this.#options.clock.monotonicMs());
    return Math.max(1, Math.min(WAIT_MS_MAX, leftMs));
  }
}

function toQueryParameter({ type, value }: BigqueryParameter, index: number): object {
  const name = `p${index + 1}`;
  if (typeof value === 'string') {
    return { name, parameterType: { type }, parameterValue: { value } };
  }
  return {
    name,
    parameterType: { type: 'ARRAY', arrayType: { type } },
    parameterValue: { arrayValues: value.map((each) => ({ value: each })) },
  };
}

function jobOf({ jobReference }: Answer): Job | undefined {
  const { jobId, location = '' } = jobReference ?? {};
  return jobId === undefined ? undefined : { jobId, location };
}

function valuesOf({ f }: { readonly f: readonly { readonly v: unknown }[] }): BigqueryRow {
  return f.map(({ v }) => {
    if (v === null || v === undefined) return null;
    return typeof v === 'string' ? v : JSON.stringify(v);
  });
}
