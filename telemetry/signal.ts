/** Signals: typed questions about metrics. SLIs, alert conditions and panels are written in them; two interpreters answer. */

/** A label set of a series or a result. */
export type Labels = Readonly<Record<string, string>>;

/** One condition on a label; regular expressions are anchored at both ends, as Prometheus's are. */
export interface Matcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** Series of a metric; `metric` is a name of the catalogue, for a histogram without `_bucket`, `_sum` or `_count`. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

interface Grouped {
  /** Labels that results keep, one result a combination; none gives one result without labels. */
  readonly by: readonly string[];
}

interface Windowed {
  /** Lookback from the instant of evaluation, left end excluded. */
  readonly windowMs: number;
}

/** Counters by name; of a histogram, its number of observations. */
export type CounterSignal = Grouped &
  Windowed &
  (
    | {
        /** Per second. */
        readonly kind: 'rate';
        readonly counter: Selector;
      }
    | {
        readonly kind: 'increase';
        readonly counter: Selector;
      }
    | {
        /**
         * `increase(part) / increase(whole)`, 0 to 1: counts summed first, divided last. A part without series counts as 0;
         * a whole that did not rise gives NaN (no traffic); a whole without series gives no result (no data).
         */
        readonly kind: 'ratio';
        readonly part: Selector;
        readonly whole: Selector;
      }
  );

/** Histograms, in their own unit. */
export type HistogramSignal = Grouped &
  Windowed & { readonly histogram: Selector } & (
    | {
        /** Sum over count; NaN without observations. */
        readonly kind: 'mean';
      }
    | {
        /** Linear within the bucket, as Prometheus's `histogram_quantile`. */
        readonly kind: 'quantile';
        /** 0 to 1. */
        readonly quantile: number;
      }
    | {
        /** Observations at or below `bound`, which must be a bucket bound of the metric. */
        readonly kind: 'countAtOrBelow';
        readonly bound: number;
      }
    | {
        /** `countAtOrBelow` over all observations, 0 to 1; NaN without observations. */
        readonly kind: 'shareAtOrBelow';
        readonly bound: number;
      }
  );

/** Gauges: over the window in time first, then over the series of each group. */
export type GaugeSignal = Grouped &
  Windowed & { readonly gauge: Selector } & {
    /** `max`: largest sample of the window, largest series. `last`: newest sample, largest series. `sum`: newest, added. */
    readonly kind: 'max' | 'last' | 'sum';
  };

/**
 * Time slices: the window cut at whole multiples of `sliceMs` since 1970; a slice is good where the largest sample of the gauge in
 * it is at or below `bound`. A slice in which the gauge has no sample is bad where `presence` has one (a part that fell silent
 * while the service lived), and does not count where `presence` has none either, or none is named.
 */
export interface SliceSignal extends Windowed {
  readonly kind: 'goodSlices' | 'validSlices';
  readonly gauge: Selector;
  readonly bound: number;
  readonly sliceMs: number;
  readonly presence?: Selector;
}

export type Signal = CounterSignal | HistogramSignal | GaugeSignal | SliceSignal;

/** One value of an answer, as an element of Prometheus's instant vector. NaN: there was data, and nothing to divide by. */
export interface SignalValue {
  readonly labels: Labels;
  readonly value: number;
}

/** A value at an instant of a range answer. */
export interface SignalPoint {
  readonly atMs: number;
  readonly value: number;
}

export interface SignalRange {
  readonly labels: Labels;
  readonly points: readonly SignalPoint[];
}

/** Instants `fromMs`, `fromMs + stepMs`, … up to `toMs` (included). */
export interface Instants {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/**
 * Answers signals, from the local store or from any Prometheus HTTP API with the compiled PromQL. All answers of one call are of
 * one moment of the data, so that a good and a total count fit together.
 * Errors: `metrics_unavailable` where the source does not answer.
 */
export interface SignalReader {
  read(signals: readonly Signal[], atMs: number): Promise<readonly (readonly SignalValue[])[]>;
  readRange(signal: Signal, instants: Instants): Promise<readonly SignalRange[]>;
  /** How far back the source can look; signals with a longer window are answered over what there is. */
  readonly lookbackMaxMs: number;
}
