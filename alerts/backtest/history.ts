/** What a backtest replays: past samples, the SLOs that they are about, and, where it is known, when users felt it. */
import type { Slo } from '../../slo/index.ts';
import type { MetricStore } from '../../telemetry/index.ts';

export interface History {
  /** Where it comes from, for a report: `counts of july.csv`. */
  readonly source: string;
  readonly store: MetricStore;
  /** First and last instant at which alerts are evaluated. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Time between two evaluations: that between two samples. */
  readonly stepMs: number;
  /** The SLOs as this history counts them. */
  readonly slos: readonly Slo[];
  /** What a reader of the result has to know. */
  readonly notes: readonly string[];
}

/** A time in which users felt something. */
export interface Pain {
  readonly startMs: number;
  readonly endMs: number;
  /** What it is worth: waking somebody, a ticket, or nothing. */
  readonly deserves: 'page' | 'ticket' | 'nothing';
}

/** Evaluations of one backtest: 400 days by the minute. */
export const STEPS_MAX = 576_000;
