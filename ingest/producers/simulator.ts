/** Publishes generated transactions at a steady rate, and says exactly what came of them. */
import type { Clock } from '../../runtime/index.ts';
import { AppError, messageOf } from '../../runtime/index.ts';
import type { MalformedKind } from './malformed.ts';
import { MALFORMED_KINDS } from './malformed.ts';
import type { Publish } from './publish.ts';
import { TokenBucket } from './token-bucket.ts';
import type { EventKind, GeneratedMessage } from './transactions.ts';
import { EVENT_KINDS, transactionGenerator } from './transactions.ts';

export interface SimulateOptions {
  readonly publish: Publish;
  /** Events per second, above 0 up to `RATE_PER_SECOND_MAX`. */
  readonly ratePerSecond: number;
  /** Stops after so many; with neither `count` nor `durationMs`, runs until `signal` aborts. */
  readonly count?: number;
  readonly durationMs?: number;
  /** Shares of all messages, 0 to 1; their sum at most 1. Default 0. */
  readonly malformedRatio?: number;
  readonly duplicateRatio?: number;
  readonly lateRatio?: number;
  readonly isGzip?: boolean;
  /** Default `1`. Ids also depend on the start, so that a second run brings new events. */
  readonly seed?: string;
  readonly clock: Clock;
  /** Stops sending; what is under way may still be answered. */
  readonly signal?: AbortSignal;
  /** Called at most every 200 ms, and once at the end. */
  readonly onProgress?: (progress: SimulateProgress) => void;
}

export interface SimulateProgress {
  readonly sentCount: number;
  readonly answeredCount: number;
  readonly failedCount: number;
  readonly outstandingCount: number;
  readonly elapsedMs: number;
  /** Messages sent per second since the progress before. */
  readonly recentRatePerSecond: number;
  /** How much of `count` or `durationMs` is done, whichever is further, 0 to 1; absent where neither was given. */
  readonly doneRatio?: number;
  readonly lastError?: string;
}

/** `sentCount` = answered + failed + unanswered. */
export interface SimulateSummary {
  readonly sentCount: number;
  /** The server answered with a message id: these are its to keep. */
  readonly answeredCount: number;
  /** The client gave up, after its own retries. */
  readonly failedCount: number;
  /** Neither, when the wait for answers ended. */
  readonly unansweredCount: number;
  readonly sentByKind: Readonly<Record<EventKind, number>>;
  readonly failedByKind: Readonly<Record<EventKind, number>>;
  readonly sentByMalformedKind: Readonly<Record<MalformedKind, number>>;
  /** From the first message to the last one sent. */
  readonly durationMs: number;
  /** Sent per second over `durationMs`, where at least two were sent. */
  readonly achievedRatePerSecond: number | null;
  /** Message ids do not say it: the event ids of the first and last message sent. */
  readonly firstEventId: string | null;
  readonly lastEventId: string | null;
  readonly isAborted: boolean;
  readonly lastError: string | null;
}

/** What one Node process can generate and publish on one core with room to spare for the client. */
export const RATE_PER_SECOND_MAX = 100_000;
/** Published and not yet answered: 50,000/s at 200 ms to answer; about 4 MB of messages. */
const OUTSTANDING_MAX = 10_000;
/** Messages generated before timers and sockets get a turn: about 10 ms of work. */
const BURST_MAX = 1_000;
/** Shortest sleep between bursts: long enough for timers to keep, short enough to be smooth. */
const TICK_MS = 5;
/** How much of a standstill is made up for afterwards. */
const CATCH_UP_MS = 1_000;
const PROGRESS_EVERY_MS = 200;
/** Longest wait for the last answers: the client itself gives up after about a minute. */
const DRAIN_MS_MAX = 70_000;
/** The same when aborted: it has to fit into a shutdown. */
const DRAIN_ABORTED_MS_MAX = 4_000;

/**
 * Publishes until `count`, `durationMs` or `signal` ends it, then waits for the answers. Failed publishes are
 * counted, never thrown: the caller judges the summary.
 * @throws AppError `invalid_argument` for a rate, a share or an end that cannot be.
 */
export async function simulate(options: SimulateOptions): Promise<SimulateSummary> {
  checkOptions(options);
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulateOptions;
  readonly #startedAtMs: number;
  #sentCount = 0;
  #answeredCount = 0;
  #failedCount = 0;
  #lastSentAtMs: number;
  #lastError: string | undefined;
  #firstEventId: string | null = null;
  #lastEventId: string | null = null;
  readonly #sentByKind = zeroes(EVENT_KINDS);
  readonly #failedByKind = zeroes(EVENT_KINDS);
  readonly #sentByMalformedKind = zeroes(MALFORMED_KINDS);
  #reported = { atMs: 0, sentCount: 0 };
  #onAnswer: (() => void) | undefined;

  constructor(options: SimulateOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.monotonicMs();
    this.#lastSentAtMs = this.#startedAtMs;
    this.#reported.atMs = this.#startedAtMs;
  }

  async run(): Promise<SimulateSummary> {
    const { clock, signal, ratePerSecond, seed = '1' } = this.#options;
    const generate = transactionGenerator({ ...this.#options, seed, startAtMs: clock.nowMs() });
    const nowMs = this.#startedAtMs;
    const bucket = new TokenBucket({ ratePerSecond, catchUpMs: CATCH_UP_MS, nowMs });
    while (!this.#isOver()) {
      const dueCount = bucket.take(clock.monotonicMs(), Math.min(BURST_MAX, this.#room()));
      const wallMs = clock.nowMs();
      for (let index = 0; index < dueCount; index++) this.#send(generate(wallMs));
      this.#report(false);
      if (this.#isOver()) break;
      if (this.#outstandingCount() >= OUTSTANDING_MAX) await this.#answer(PROGRESS_EVERY_MS);
      else {
        const waitMs = Math.max(TICK_MS, bucket.waitMs(clock.monotonicMs()));
        await clock.sleep(dueCount === BURST_MAX ? 0 : Math.min(waitMs, this.#leftMs()), signal);
      }
    }
    await this.#drain();
    this.#report(true);
    return this.#summary();
  }

  #send(message: GeneratedMessage): void {
    const { kind, malformedKind, eventId, data, attributes } = message;
    this.#sentCount++;
    this.#sentByKind[kind]++;
    if (malformedKind) this.#sentByMalformedKind[malformedKind]++;
    this.#firstEventId ??= eventId;
    this.#lastEventId = eventId;
    this.#lastSentAtMs = this.#options.clock.monotonicMs();
    this.#options.publish({ data, attributes }).then(
      () => {
        this.#answeredCount++;
        this.#onAnswer?.();
      },
      (error: unknown) => {
        this.#failedCount++;
        this.#failedByKind[kind]++;
        this.#lastError = messageOf(error);
        this.#onAnswer?.();
      },
    );
  }

  #outstandingCount(): number {
    return this.#sentCount - this.#answeredCount - this.#failedCount;
  }

  #room(): number {
    const { count = Infinity } = this.#options;
    return Math.min(OUTSTANDING_MAX - this.#outstandingCount(), count - this.#sentCount);
  }

  #leftMs(): number {
    const { clock, durationMs = Infinity } = this.#options;
    return Math.max(0, this.#startedAtMs + durationMs - clock.monotonicMs());
  }

  #isOver(): boolean {
    const { count = Infinity, signal } = this.#options;
    return signal?.aborted === true || this.#sentCount >= count || this.#leftMs() <= 0;
  }

  /** Resolves with the next answer, or after `waitMs`, or when aborted. */
  async #answer(waitMs: number, signal = this.#options.signal): Promise<void> {
    const stop = new AbortController();
    const signals = signal ? [stop.signal, signal] : [stop.signal];
    this.#onAnswer = () => stop.abort();
    await this.#options.clock.sleep(waitMs, AbortSignal.any(signals));
    this.#onAnswer = undefined;
  }

  async #drain(): Promise<void> {
    const { clock, signal } = this.#options;
    const startedAtMs = clock.monotonicMs();
    const deadlineMs = () => startedAtMs + (signal?.aborted ? DRAIN_ABORTED_MS_MAX : DRAIN_MS_MAX);
    while (this.#outstandingCount() > 0 && clock.monotonicMs() < deadlineMs()) {
      // An abort that has already come must not turn this wait into a busy loop.
      await this.#answer(PROGRESS_EVERY_MS, new AbortController().signal);
      this.#report(false);
    }
  }

  #report(isLast: boolean): void {
    const { clock, onProgress, count, durationMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const sinceMs = nowMs - this.#reported.atMs;
    if (!onProgress || (!isLast && sinceMs < PROGRESS_EVERY_MS)) return;
    const elapsedMs = nowMs - this.#startedAtMs;
    const ratios = [
      ...(count === undefined ? [] : [this.#sentCount / count]),
      ...(durationMs === undefined ? [] : [elapsedMs / durationMs]),
    ];
    const recentCount = this.#sentCount - this.#reported.sentCount;
    this.#reported = { atMs: nowMs, sentCount: this.#sentCount };
    onProgress({
      sentCount: this.#sentCount,
      answeredCount: this.#answeredCount,
      failedCount: this.#failedCount,
      outstandingCount: this.#outstandingCount(),
      elapsedMs,
      recentRatePerSecond: sinceMs > 0 ? (recentCount * 1_000) / sinceMs : 0,
      ...(ratios.length > 0 ? { doneRatio: Math.min(1, Math.max(...ratios)) } : {}),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    });
  }

  #summary(): SimulateSummary {
    const durationMs = this.#lastSentAtMs - this.#startedAtMs;
    return {
      sentCount: this.#sentCount,
      answeredCount: this.#answeredCount,
      failedCount: this.#failedCount,
      unansweredCount: this.#outstandingCount(),
      sentByKind: this.#sentByKind,
      failedByKind: this.#failedByKind,
      sentByMalformedKind: this.#sentByMalformedKind,
      durationMs,
      // The first message goes out at the very start, so the others took the whole duration.
      achievedRatePerSecond: durationMs > 0 ? ((this.#sentCount - 1) * 1_000) / durationMs : null,
      firstEventId: this.#firstEventId,
      lastEventId: this.#lastEventId,
      isAborted: this.#options.signal?.aborted === true,
      lastError: this.#lastError ?? null,
    };
  }
}

function checkOptions(options: SimulateOptions): void {
  const { ratePerSecond, count, durationMs } = options;
  const { malformedRatio = 0, duplicateRatio = 0, lateRatio = 0 } = options;
  const problems: string[] = [];
  if (!(ratePerSecond > 0 && ratePerSecond <= RATE_PER_SECOND_MAX)) {
    problems.push(
      `rate: expected events per second above 0, at most ${RATE_PER_SECOND_MAX}, such as 50; got ${ratePerSecond}`,
    );
  }
  if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
    problems.push(`count: expected a whole number above 0, such as 1000; got ${count}`);
  }
  if (durationMs !== undefined && !(durationMs > 0)) {
    problems.push(`duration: expected more than 0 ms, such as 60000; got ${durationMs}`);
  }
  const ratios = { malformed: malformedRatio, duplicate: duplicateRatio, late: lateRatio };
  for (const [name, ratio] of Object.entries(ratios)) {
    if (!(ratio >= 0 && ratio <= 1)) {
      problems.push(`${name}: expected a share from 0 to 1, such as 0.05; got ${ratio}`);
    }
  }
  if (malformedRatio + duplicateRatio + lateRatio > 1) {
    problems.push('malformed, duplicate, late: expected shares that sum to at most 1');
  }
  if (problems.length > 0) throw new AppError('invalid_argument', problems.join('\n'));
}

function zeroes<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}
