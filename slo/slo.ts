/** A service level objective as the rest of the code sees it: definition text read, defaults in, factors derived. */
import type { Selector } from '../telemetry/index.ts';

/** What counts: events, or slices of time. */
export type Budgeting = 'occurrences' | 'timeslices';
export type Severity = 'page' | 'ticket';

/** How good and valid events are told; every kind becomes `{ goodCount, validCount }`. */
export type Indicator =
  | {
      /** Events of two counters; `part` says which of the two is counted beside the valid ones. */
      readonly kind: 'ratio';
      readonly part: 'good' | 'bad';
      readonly counted: Selector;
      readonly valid: Selector;
    }
  | {
      /** Good is an observation at or below `bound` (`<=`), in the histogram's unit. */
      readonly kind: 'atOrBelow';
      readonly histogram: Selector;
      readonly bound: number;
    }
  | {
      /** Good is a slice of time in which the largest sample of the gauge is at or below `bound`; see `SliceSignal`. */
      readonly kind: 'slices';
      readonly gauge: Selector;
      readonly bound: number;
      readonly sliceMs: number;
      readonly presence?: Selector;
    };

/** A decimal that was derived exactly: its text for what is compiled and shown, and the double of that text. */
export interface Exact {
  readonly text: string;
  readonly value: number;
}

/** The promise: a percentage above 0 and below 100. */
export interface Objective {
  /** 99.9 */
  readonly percent: Exact;
  /** The same as a share, 0.999. */
  readonly targetRatio: Exact;
  /** The error budget, 1 − target: 0.001. */
  readonly budgetRatio: Exact;
}

/**
 * One multi-window burn-rate condition: it burns where the burn rate of the long and of the short window are both above `factor`.
 * Written as the share of the budget that may be gone within the long window; the factor is share · window / long.
 */
export interface BurnRateTier {
  readonly name: string;
  readonly severity: Severity;
  /** 0.02 for 2 %. */
  readonly budgetShareRatio: Exact;
  readonly longWindowMs: number;
  readonly shortWindowMs: number;
  /** 14.4 for 2 % of 30 d within 1 h. */
  readonly factor: Exact;
  /** The error ratio above which it burns, factor · budget: 0.0144. */
  readonly thresholdRatio: Exact;
}

/** A tier burns only where the long window has at least so many events, valid and bad. */
export interface LowTrafficGuard {
  readonly validCountMin: number;
  readonly badCountMin: number;
}

/** Where a definition stands, as people open it. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface Slo {
  /** A DNS label. */
  readonly name: string;
  readonly title: string;
  /** The part of the service that it is about, a DNS label. */
  readonly service: string;
  readonly owner: string;
  readonly description: string;
  /** What users feel when it is missed. */
  readonly userImpact: string;
  /** Path of the playbook from the project's folder. */
  readonly playbook: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly objective: Objective;
  /** The rolling window. */
  readonly windowMs: number;
  readonly budgeting: Budgeting;
  readonly indicator: Indicator;
  readonly tiers: readonly BurnRateTier[];
  readonly guard: LowTrafficGuard;
  /** What alerting makes of an indicator without data. */
  readonly noData: 'alert' | 'ignore';
  /** Changes where the meaning of a figure does: objective, window, indicator. Kept with every datum. */
  readonly revision: string;
  readonly place: Place;
}
