/** What another objective would have meant: budget over the window, pages over the recorded past, one question at a time. */
import { whatIfInThread, whatIfJson } from '../alerts/backtest/index.ts';
import type { WhatIfJson } from '../alerts/backtest/index.ts';
import type { AlertsSource } from '../alerts/index.ts';
import { AppError } from '../runtime/index.ts';
import type { Clock } from '../runtime/index.ts';
import { recordedCounts, withTarget } from '../slo/index.ts';
import type { RecordedCount, Slo } from '../slo/index.ts';
import type { SignalReader } from '../telemetry/index.ts';
import { shorten } from './parameters.ts';
import type { SloSource } from './routes/slos.ts';

export interface WhatIfOptions {
  readonly slos: SloSource;
  readonly alerts: AlertsSource;
  readonly signals: SignalReader;
  readonly clock: Clock;
}

/** How far back pages are counted. */
const SPAN_MS = 7 * 86_400_000;
/** Two samples of metrics that are kept by the minute; a week is 5,040 steps. */
const STEP_MS = 120_000;
/** Answers are made anew this often at most. */
const KEPT_MS = 300_000;
const ANSWERS_MAX = 32;
/** Questions that wait; each takes a second or two. */
const WAITING_MAX = 4;

export class WhatIf {
  readonly #options: WhatIfOptions;
  readonly #counts = new Map<string, { toMs: number; counts: readonly RecordedCount[] }>();
  readonly #answers = new Map<string, Promise<WhatIfJson>>();
  #last: Promise<unknown> = Promise.resolve();
  #waitingCount = 0;

  constructor(options: WhatIfOptions) {
    this.#options = options;
  }

  /** @throws AppError `invalid_argument`, `overloaded`, `deadline_exceeded`, `metrics_unavailable` */
  async answer(slo: Slo, targetText: string): Promise<WhatIfJson> {
    if (targetText.length > 20 || !withTarget(slo, targetText)) {
      throw new AppError(
        'invalid_argument',
        `target: expected a percentage above 0 and below 100, such as 99.5; got ${shorten(targetText)}`,
      );
    }
    const toMs = Math.floor(this.#options.clock.nowMs() / KEPT_MS) * KEPT_MS;
    const key = JSON.stringify([slo.name, targetText, toMs]);
    const known = this.#answers.get(key);
    if (known) return known;
    if (this.#waitingCount >= WAITING_MAX) {
      throw new AppError('overloaded', 'Other questions of this kind are being worked out.');
    }
    this.#waitingCount++;
    const answer = this.#last
      .then(() => this.#work(slo, targetText, toMs))
      .finally(() => void this.#waitingCount--);
    this.#last = answer.catch(() => this.#answers.delete(key));
    this.#answers.set(key, answer);
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size > ANSWERS_MAX) this.#answers.delete(oldest);
    return answer;
  }

  async #work(slo: Slo, targetText: string, toMs: number): Promise<WhatIfJson> {
    const { slos, alerts, clock } = this.#options;
    const status = slos.latest.statuses.find((each) => each.slo.name === slo.name);
    const policy = alerts.definitions.policies.find((each) => each.slo === slo.name);
    if (!policy) throw new AppError('not_found', `${slo.name} has no policy that alerts.`);
    const counts = await this.#countsOf(slo, toMs);
    if (!status?.counts || counts.length < 2) {
      throw new AppError(
        'metrics_unavailable',
        `Fewer than two steps of ${STEP_MS / 60_000} minutes are recorded of ${slo.name}; ask again in a few minutes.`,
      );
    }
    const answer = await whatIfInThread({ slo, policy, targetText, counts }, clock);
    return whatIfJson({ slo, targetText, period: status.counts, answer });
  }

  async #countsOf(slo: Slo, toMs: number): Promise<readonly RecordedCount[]> {
    const { signals } = this.#options;
    const kept = this.#counts.get(slo.name);
    if (kept?.toMs === toMs) return kept.counts;
    const fromMs = toMs - Math.min(SPAN_MS, signals.lookbackMaxMs);
    const counts = await recordedCounts(signals, slo, { fromMs, toMs, stepMs: STEP_MS });
    this.#counts.set(slo.name, { toMs, counts });
    return counts;
  }
}
