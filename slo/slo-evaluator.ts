/** Evaluates all SLOs at an interval and keeps the newest result; says when it last worked. */
import type { SignalReader } from '../telemetry/index.ts';
import { messageOf } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import { breakdown } from './breakdown.ts';
import type { Breakdown } from './breakdown.ts';
import { burnDown } from './burn-down.ts';
import type { BurnDown } from './burn-down.ts';
import { LEDGER_HOUR_MS, missingRows } from './ledger.ts';
import type { LedgerRow, SloLedger } from './ledger.ts';
import { readSlos } from './read-slos.ts';
import { sloStatus } from './slo-status.ts';
import type { SloState, SloStatus } from './slo-status.ts';
import type { Slo } from './slo.ts';

export interface SloEvaluatorOptions {
  readonly slos: readonly Slo[];
  readonly reader: SignalReader;
  /** Absent where no history is kept. */
  readonly ledger?: SloLedger;
  readonly intervalMs: number;
  /** After each evaluation, for its metrics. */
  readonly onEvaluated?: (outcome: 'succeeded' | 'failed') => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the evaluator knows. */
export interface SloEvaluation {
  /** `undefined` before the first evaluation that worked. */
  readonly lastSuccessAtMs: number | undefined;
  readonly durationMs: number;
  readonly intervalMs: number;
  readonly statuses: readonly SloStatus[];
  /** Of the newest attempt, where it failed. */
  readonly failure: string | undefined;
}

/** An evaluation is stale after this many intervals without success: one may be slow, one may fail. */
const STALE_INTERVALS = 3;
/** The first sample and the first whole slice of a minute are in by then; before, no data is news to nobody. */
const FIRST_DATA_MS = 120_000;

/** Whether a result is too old to act on. */
export function isStale(evaluation: SloEvaluation, nowMs: number): boolean {
  const { lastSuccessAtMs, intervalMs } = evaluation;
  return lastSuccessAtMs === undefined || nowMs - lastSuccessAtMs > STALE_INTERVALS * intervalMs;
}

export class SloEvaluator {
  readonly #options: SloEvaluatorOptions;
  readonly #knownSince = new Map<string, number>();
  /** The state last logged, by SLO name. */
  readonly #loggedStates = new Map<string, SloState>();
  #firstAtMs: number | undefined;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  readonly #derived = new WeakMap<readonly SloStatus[], Map<string, Promise<unknown>>>();
  #ledgerHour: number | undefined;
  #latest: SloEvaluation;

  constructor(options: SloEvaluatorOptions) {
    this.#options = options;
    const { intervalMs } = options;
    this.#latest = {
      lastSuccessAtMs: undefined,
      durationMs: 0,
      intervalMs,
      statuses: [],
      failure: undefined,
    };
  }

  get slos(): readonly Slo[] {
    return this.#options.slos;
  }

  get latest(): SloEvaluation {
    return this.#latest;
  }

  /** Evaluates now and then at the interval, until `close`. */
  start(): void {
    this.#running ??= this.#loop();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** One evaluation; a failure is kept and logged, the last result stays. */
  async evaluate(): Promise<SloEvaluation> {
    const { slos, reader, clock, logger, onEvaluated } = this.#options;
    const atMs = clock.nowMs();
    const startedMs = clock.monotonicMs();
    try {
      const readings = await readSlos(reader, slos, atMs, this.#knownSince);
      const statuses = readings.map((reading, index) => sloStatus(slos[index]!, reading));
      this.#logChanges(statuses, atMs);
      this.#latest = {
        ...this.#latest,
        lastSuccessAtMs: atMs,
        durationMs: clock.monotonicMs() - startedMs,
        statuses,
        failure: undefined,
      };
      await this.#fillLedger(atMs);
      onEvaluated?.('succeeded');
    } catch (error) {
      this.#latest = { ...this.#latest, failure: messageOf(error) };
      logger.warn('slo_evaluation_failed', { error });
      onEvaluated?.('failed');
    }
    return this.#latest;
  }

  /** Hours of an SLO in the ledger; none where no ledger is kept. */
  async history(slo: string, fromMs: number, toMs: number): Promise<readonly LedgerRow[]> {
    return (await this.#options.ledger?.read(slo, fromMs, toMs)) ?? [];
  }

  /**
   * How the budget of an SLO was spent; `undefined` before its first evaluation. One answer an evaluation.
   * Errors: `metrics_unavailable`.
   */
  burnDown(slo: string): Promise<BurnDown> | undefined {
    return this.#once(`burn-down ${slo}`, slo, (status) => burnDown(this.#options.reader, status));
  }

  /** Where the bad events of a window come from; see `breakdown`. Errors: `metrics_unavailable`. */
  breakdown(slo: string): Promise<Breakdown | undefined> | undefined {
    return this.#once(`breakdown ${slo}`, slo, ({ slo: { windowMs }, slo: named, atMs }) =>
      breakdown(this.#options.reader, named, windowMs, atMs),
    );
  }

  /** Derived answers of the newest evaluation, each worked out once; a failed one is kept for nobody. */
  #once<T>(key: string, slo: string, derive: (status: SloStatus) => Promise<T>) {
    const { statuses } = this.#latest;
    const status = statuses.find((each) => each.slo.name === slo);
    if (!status) return undefined;
    let derived = this.#derived.get(statuses);
    if (!derived) this.#derived.set(statuses, (derived = new Map()));
    let answer = derived.get(key) as Promise<T> | undefined;
    if (!answer) {
      answer = derive(status);
      derived.set(key, answer);
      answer.catch(() => derived.delete(key));
    }
    return answer;
  }

  async #loop(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    while (!this.#stop.signal.aborted) {
      const startedMs = clock.monotonicMs();
      await this.evaluate();
      const tookMs = clock.monotonicMs() - startedMs;
      await clock.sleep(Math.max(0, intervalMs - tookMs), this.#stop.signal);
    }
  }

  /** Once an hour, and at the start: what is missing, so that a restart leaves no gap. */
  async #fillLedger(atMs: number): Promise<void> {
    const { slos, reader, ledger } = this.#options;
    const hour = Math.floor((atMs - LEDGER_HOUR_MS / 10) / LEDGER_HOUR_MS);
    if (!ledger || this.#ledgerHour === hour) return;
    for (const slo of slos) await ledger.append(await missingRows(reader, ledger, slo, atMs));
    this.#ledgerHour = hour;
  }

  #logChanges(statuses: readonly SloStatus[], atMs: number): void {
    this.#firstAtMs ??= atMs;
    const isStarting = atMs - this.#firstAtMs < FIRST_DATA_MS;
    for (const { slo, state, reason } of statuses) {
      const before = this.#loggedStates.get(slo.name);
      if (before === state || (before === undefined && state === 'no_data' && isStarting)) continue;
      this.#loggedStates.set(slo.name, state);
      const isBad = state === 'burning' || state === 'exhausted' || state === 'no_data';
      this.#options.logger[isBad ? 'warn' : 'info']('slo_state_changed', {
        slo: slo.name,
        state,
        before: before ?? null,
        reason,
      });
    }
  }
}
