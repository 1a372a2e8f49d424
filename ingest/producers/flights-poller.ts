/** Polls a flights API at an interval and publishes what changed since it was last seen. */
import type { Clock, Logger } from '../../runtime/index.ts';
import { AppError, messageOf, seededRandom } from '../../runtime/index.ts';
import type { CleanedFlight, FlightRefusal } from './flight-record.ts';
import { cleanFlight } from './flight-record.ts';
import type { FlightsAnswer } from './flights-client.ts';
import { fetchFlights } from './flights-client.ts';
import { LruMap } from './lru-map.ts';
import type { Publish } from './publish.ts';
import { PRODUCER_ATTRIBUTE } from './publish.ts';

export interface FlightsPollerOptions {
  readonly publish: Publish;
  /** Base of the API, such as `https://api.aviationstack.com`. */
  readonly apiUrl: string;
  readonly accessKey: string;
  /** From the end of a poll to the start of the next. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the jitter; default `flights`. */
  readonly seed?: string;
  readonly limits?: Partial<FlightsLimits>;
}

export interface FlightsLimits {
  /** Records asked for at once. Source: AviationStack allows 100 on every plan. */
  readonly pageRecordsMax: number;
  /** Pages of one poll; what lies beyond is counted and left. */
  readonly pagesMax: number;
  readonly requestTimeoutMs: number;
  /** Tries of one page before the poll is given up until the next interval. */
  readonly pageAttemptsMax: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** Longest `Retry-After` that is believed. */
  readonly retryAfterMaxMs: number;
  /** Flights whose last content is remembered; one beyond is published once more, under the same event id. */
  readonly seenFlightsMax: number;
}

/** Defaults: 10,000 flights a poll; 50,000 remembered flights are about 10 MB. */
export const FLIGHTS_LIMITS: FlightsLimits = {
  pageRecordsMax: 100,
  pagesMax: 100,
  requestTimeoutMs: 10_000,
  pageAttemptsMax: 5,
  backoffMinMs: 1_000,
  backoffMaxMs: 60_000,
  retryAfterMaxMs: 3_600_000,
  seenFlightsMax: 50_000,
};

export interface FlightsPollerStats {
  /** `refused`: the API does not take the key; the poller has stopped. */
  readonly state: 'running' | 'refused' | 'closed';
  readonly completedPollCount: number;
  readonly failedPollCount: number;
  readonly requestCount: number;
  readonly failedRequestCount: number;
  /** Answers of success that were not JSON in the right shape. */
  readonly malformedAnswerCount: number;
  readonly recordCount: number;
  readonly skippedByReason: Readonly<Record<FlightRefusal, number>>;
  /** Values that were there but not usable, and became null. */
  readonly droppedFieldCount: number;
  /** Records of a flight that had come before in the same poll. */
  readonly repeatedCount: number;
  readonly unchangedCount: number;
  readonly publishedCount: number;
  /** Publishes that the client gave up on; tried again at the next poll. */
  readonly publishFailedCount: number;
  /** Polls cut off at `pagesMax`. */
  readonly truncatedPollCount: number;
  readonly lastSuccessAtMs: number | null;
  readonly lastError: string | null;
}

export interface FlightsPoller {
  stats(): FlightsPollerStats;
  /** Resolves when the poller has ended: with the error where the API refuses it for good, else with nothing. */
  readonly ended: Promise<AppError | undefined>;
  /** Stops polling, and waits for the publishes under way. */
  close(): Promise<void>;
}

/** Starts polling at once. Nothing that the API does makes it throw: `stats()` and `ended` say how it goes. */
export function startFlightsPoller(options: FlightsPollerOptions): FlightsPoller {
  const poller = new Poller(options);
  const ended = poller.run();
  return {
    stats: () => poller.stats(),
    ended,
    async close() {
      poller.stop();
      await ended;
    },
  };
}

type Page = Extract<FlightsAnswer, { kind: 'page' }>;
type Changed = Extract<CleanedFlight, { ok: true }>;

class Poller {
  readonly #options: FlightsPollerOptions;
  readonly #limits: FlightsLimits;
  readonly #stop = new AbortController();
  readonly #random;
  readonly #seen: LruMap<string, string>;
  #refusal: AppError | undefined;
  #state: FlightsPollerStats['state'] = 'running';
  /** In a row; the exponent of the backoff. */
  #failureCount = 0;
  readonly #counts = {
    completedPollCount: 0,
    failedPollCount: 0,
    requestCount: 0,
    failedRequestCount: 0,
    malformedAnswerCount: 0,
    recordCount: 0,
    droppedFieldCount: 0,
    repeatedCount: 0,
    unchangedCount: 0,
    publishedCount: 0,
    publishFailedCount: 0,
    truncatedPollCount: 0,
  };
  readonly #skipped: Record<FlightRefusal, number> = {
    not_an_object: 0,
    codeshare: 0,
    missing_flight_date: 0,
    missing_flight_code: 0,
    unknown_status: 0,
  };
  #lastSuccessAtMs: number | null = null;
  #lastError: string | null = null;

  constructor(options: FlightsPollerOptions) {
    this.#options = options;
    this.#limits = { ...FLIGHTS_LIMITS, ...options.limits };
    this.#random = seededRandom(options.seed ?? 'flights');
    this.#seen = new LruMap(this.#limits.seenFlightsMax);
  }

  stats(): FlightsPollerStats {
    return {
      state: this.#state,
      ...this.#counts,
      skippedByReason: { ...this.#skipped },
      lastSuccessAtMs: this.#lastSuccessAtMs,
      lastError: this.#lastError,
    };
  }

  stop(): void {
    this.#stop.abort();
  }

  async run(): Promise<AppError | undefined> {
    const { clock, intervalMs } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted && !this.#refusal) {
      await this.#poll();
      if (!this.#refusal) await clock.sleep(intervalMs, signal);
    }
    this.#state = this.#refusal ? 'refused' : 'closed';
    return this.#refusal;
  }

  async #poll(): Promise<void> {
    const { clock, logger } = this.#options;
    const publishedBefore = this.#counts.publishedCount;
    const keysOfPoll = new Set<string>();
    let offset = 0;
    for (let pageCount = 1; ; pageCount++) {
      const page = await this.#page(offset);
      if (!page) {
        if (!this.#stop.signal.aborted) this.#counts.failedPollCount++;
        return;
      }
      await this.#publishChanged(page, keysOfPoll, clock.nowMs());
      offset += page.records.length;
      if (page.records.length === 0 || offset >= page.totalCount) break;
      if (this.#stop.signal.aborted) return;
      if (pageCount >= this.#limits.pagesMax) {
        this.#counts.truncatedPollCount++;
        logger.warn('flights_poll_truncated', { readCount: offset, totalCount: page.totalCount });
        break;
      }
    }
    this.#counts.completedPollCount++;
    this.#lastSuccessAtMs = clock.nowMs();
    const publishedCount = this.#counts.publishedCount - publishedBefore;
    logger.debug('flights_poll_completed', { recordCount: offset, publishedCount });
  }

  /** One page, tried again where that may help; `undefined` where the poll is over without it. */
  async #page(offset: number): Promise<Page | undefined> {
    const { clock, logger } = this.#options;
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const answer = await this.#request(offset);
      if (answer.kind === 'page') {
        this.#failureCount = 0;
        return answer;
      }
      if (signal.aborted) break;
      this.#counts.failedRequestCount++;
      this.#lastError = answer.reason;
      if (answer.kind === 'refused') {
        this.#refuse(answer.reason);
        return undefined;
      }
      if (answer.isMalformed) this.#counts.malformedAnswerCount++;
      const waitMs = this.#waitMs(answer.retryAfterMs);
      logger.warn('flights_request_failed', { reason: answer.reason, attempt, waitMs });
      // The wait comes before giving up too: the next poll must not come sooner than the server asked.
      await clock.sleep(waitMs, signal);
      if (attempt >= this.#limits.pageAttemptsMax) return undefined;
    }
    return undefined;
  }

  #request(offset: number): Promise<FlightsAnswer> {
    const { apiUrl, accessKey, clock } = this.#options;
    const { pageRecordsMax: limit, requestTimeoutMs: timeoutMs } = this.#limits;
    this.#counts.requestCount++;
    const { signal } = this.#stop;
    return fetchFlights({ apiUrl, accessKey, clock, offset, limit, timeoutMs, signal });
  }

  #refuse(reason: string): void {
    this.#refusal = new AppError(
      'invalid_config',
      `The flights API refuses the access key: ${reason}. Set FLIGHTS_API_KEY to a valid key, or FLIGHTS_API_URL to nothing for the local replay.`,
    );
    this.#options.logger.error('flights_key_refused', { reason });
  }

  /** Doubling with jitter between half and whole, so that many pollers do not come back in step. */
  #waitMs(retryAfterMs: number | undefined): number {
    const { backoffMinMs, backoffMaxMs, retryAfterMaxMs } = this.#limits;
    const ceilingMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** this.#failureCount++);
    const backoffMs = ceilingMs * (0.5 + this.#random.next() / 2);
    return Math.round(Math.max(backoffMs, Math.min(retryAfterMs ?? 0, retryAfterMaxMs)));
  }

  /** At most a page of publishes is under way at once: the next page waits for them. */
  async #publishChanged(page: Page, keysOfPoll: Set<string>, observedAtMs: number): Promise<void> {
    const changed: Changed[] = [];
    for (const record of page.records) {
      this.#counts.recordCount++;
      const cleaned = cleanFlight(record, observedAtMs);
      if (!cleaned.ok) {
        this.#skipped[cleaned.reason]++;
        continue;
      }
      this.#counts.droppedFieldCount += cleaned.droppedFields.length;
      // Two records of one flight in a poll would take turns at being the newest, for ever.
      if (keysOfPoll.has(cleaned.flightKey)) this.#counts.repeatedCount++;
      else if (this.#seen.get(cleaned.flightKey) === cleaned.contentHash) {
        this.#counts.unchangedCount++;
      } else changed.push(cleaned);
      keysOfPoll.add(cleaned.flightKey);
    }
    await Promise.all(changed.map((flight) => this.#publish(flight)));
  }

  async #publish({ event, flightKey, contentHash }: Changed): Promise<void> {
    const data = Buffer.from(JSON.stringify(event));
    try {
      await this.#options.publish({
        data,
        attributes: { [PRODUCER_ATTRIBUTE]: 'highwater-flights' },
      });
      this.#seen.set(flightKey, contentHash);
      this.#counts.publishedCount++;
    } catch (error) {
      this.#counts.publishFailedCount++;
      this.#lastError = messageOf(error);
      this.#options.logger.warn('flights_publish_failed', { error, flightKey });
    }
  }
}
