/** The cases that every policy has to pass, worked out from its conditions: what happens, and when which alert fires. */
import type { Labels } from '../../telemetry/index.ts';
import { metricSpec } from '../../telemetry/index.ts';
import type { Condition } from '../condition.ts';
import type { AlertDefinitions } from '../load-policies.ts';
import type { Policy, Rung } from '../policy.ts';
import { badRatioOf, caseSeries } from './case-series.ts';
import type { CaseSeries, Level } from './case-series.ts';

export type CaseKind =
  | 'fires'
  | 'just below stays quiet'
  | 'a short spike stays quiet'
  | 'ends in time'
  | 'no traffic'
  | 'missing series'
  | 'counter reset'
  | 'below the guard'
  | 'one label group of two';

export interface CaseCheck {
  readonly atMs: number;
  /** Label groups for which the rung fires at that instant. */
  readonly firing: readonly Labels[];
}

export interface PolicyCase {
  readonly policy: Policy;
  readonly rung: Rung;
  readonly kind: CaseKind;
  readonly series: readonly CaseSeries[];
  readonly sampleMs: number;
  /** Evaluated at 0 and then each of this. */
  readonly evaluationMs: number;
  readonly checks: readonly CaseCheck[];
}

const MINUTE_MS = 60_000;
const SAMPLE_MS = 30_000;
/** promtool loads at most 10,000 samples for a query: of slices of a minute, those of a day. Source: promtool, `MaxSamples`. */
const SLICES_MS_MAX = 1_440 * MINUTE_MS;
/** Evaluations in the shortest window of a burn-rate tier. */
const EVALUATIONS_PER_SHORT = 5;

export function policyCases({ policies, intervalMs }: AlertDefinitions): readonly PolicyCase[] {
  return policies.flatMap((policy) =>
    policy.rungs.flatMap((rung, index) => rungCases(policy, rung, intervalMs, index === 0)),
  );
}

/** The loudest rung has every case; the others those that fire it and keep it quiet. */
function rungCases(
  policy: Policy,
  rung: Rung,
  intervalMs: number,
  isFirst: boolean,
): readonly PolicyCase[] {
  const plan = new CasePlan(policy, rung, intervalMs);
  const kinds: readonly (PolicyCase | undefined)[] = [
    plan.fires(),
    plan.justBelow(),
    ...(isFirst
      ? [
          plan.shortSpike(),
          plan.endsInTime(),
          plan.noTraffic(),
          plan.missingSeries(),
          plan.counterReset(),
          plan.belowGuard(),
          plan.oneGroupOfTwo(),
        ]
      : []),
  ];
  return kinds.filter((each) => each !== undefined);
}

/** Spans in which a condition is true for its whole window, or not at all. */
class CasePlan {
  readonly #policy: Policy;
  readonly #rung: Rung;
  readonly #condition: Condition;
  readonly #sampleMs: number;
  readonly #evaluationMs: number;
  /** After this long of one level the condition is settled. */
  readonly #settledMs: number;

  constructor(policy: Policy, rung: Rung, intervalMs: number) {
    const { condition } = rung;
    this.#policy = policy;
    this.#rung = rung;
    this.#condition = condition;
    const isBurn = condition.kind === 'burn';
    const shortMs = isBurn ? condition.short.valid.windowMs : condition.signal.windowMs;
    // Of slices of a minute every second sample counts.
    this.#sampleMs = isBurn && !isGauge(condition) ? MINUTE_MS : SAMPLE_MS;
    this.#evaluationMs = isBurn
      ? Math.max(MINUTE_MS, shortMs / EVALUATIONS_PER_SHORT)
      : Math.max(intervalMs, SAMPLE_MS);
    this.#settledMs = this.#up(isInstant(condition) ? this.#evaluationMs : shortMs);
  }

  fires(): PolicyCase {
    const endMs = this.#settledMs + this.#up(this.#rung.forMs) + this.#evaluationMs;
    const isAbsent = this.#condition.kind === 'absent';
    return this.#case('fires', [[isAbsent ? 'none' : 'bad', endMs]], [[endMs, true]]);
  }

  justBelow(): PolicyCase {
    const condition = this.#condition;
    const longMs =
      condition.kind === 'burn'
        ? Math.min(condition.long.valid.windowMs, isGauge(condition) ? SLICES_MS_MAX : Infinity)
        : this.#settledMs + this.#up(this.#rung.forMs) + 2 * this.#evaluationMs;
    const level = condition.kind === 'absent' ? 'good' : 'edge';
    // A counter that has only begun is below any bound.
    const startMs = isBelow(condition) && !isGauge(condition) ? 2 * this.#settledMs : 0;
    const endMs = startMs + this.#down(longMs);
    return this.#case(
      'just below stays quiet',
      [
        ['good', startMs],
        [level, longMs],
      ],
      [
        [startMs + this.#down(longMs / 2), false],
        [endMs, false],
      ],
    );
  }

  /** At most a quarter of the window at the level that would fire it; of what is looked at by the instant, less than its `for`. */
  shortSpike(): PolicyCase | undefined {
    const condition = this.#condition;
    const kind = 'a short spike stays quiet';
    if (isInstant(condition)) {
      const { forMs } = this.#rung;
      const spikeMs = this.#down(forMs - 1);
      if (forMs <= this.#sampleMs || spikeMs <= 0) return undefined;
      const startMs = 4 * this.#evaluationMs;
      const level = condition.kind === 'absent' ? 'none' : 'bad';
      const spans: Span[] = [
        ['good', startMs],
        [level, spikeMs],
        ['good', 4 * this.#evaluationMs],
      ];
      const checks = this.#instants(startMs, startMs + spikeMs + 3 * this.#evaluationMs);
      return this.#case(
        kind,
        spans,
        checks.map((atMs) => [atMs, false]),
      );
    }
    if (condition.kind === 'absent' || isAboveNothing(condition)) return undefined;
    if (isBelow(condition)) return undefined;
    const longMs = longWindowMs(condition);
    const spikeRatio =
      condition.kind === 'burn' ? condition.thresholdRatio.value / badRatioOf(condition) / 2 : 1;
    const spikeMs = this.#down(longMs * Math.min(spikeRatio, 0.25));
    return this.#case(
      kind,
      [
        ['good', longMs - spikeMs],
        ['bad', spikeMs],
      ],
      [[this.#down(longMs), false]],
    );
  }

  endsInTime(): PolicyCase {
    const { forMs, keepFiringForMs } = this.#rung;
    const isAbsent = this.#condition.kind === 'absent';
    const badMs = this.#settledMs + this.#up(forMs) + this.#evaluationMs;
    const overMs = badMs + this.#settledMs + this.#up(keepFiringForMs) + 2 * this.#evaluationMs;
    return this.#case(
      'ends in time',
      [
        [isAbsent ? 'none' : 'bad', badMs],
        ['good', overMs - badMs + this.#evaluationMs],
      ],
      [
        [badMs, true],
        [overMs, false],
      ],
    );
  }

  /** Counters that stand: nothing to judge, unless standing is what it looks for. */
  noTraffic(): PolicyCase | undefined {
    const condition = this.#condition;
    if (condition.kind === 'absent' || isGauge(condition)) return undefined;
    const endMs = this.#settledMs + this.#up(this.#rung.forMs) + 2 * this.#evaluationMs;
    return this.#case('no traffic', [['idle', endMs]], [[endMs, isBelow(condition)]]);
  }

  missingSeries(): PolicyCase {
    const endMs = this.#settledMs + this.#up(this.#rung.forMs) + 2 * this.#evaluationMs;
    const isAbsent = this.#condition.kind === 'absent';
    return this.#case('missing series', [['none', endMs]], [[endMs, isAbsent]]);
  }

  /** A restart of what counts, with good traffic before and after. */
  counterReset(): PolicyCase | undefined {
    const condition = this.#condition;
    if (condition.kind === 'absent' || isGauge(condition)) return undefined;
    const endMs = 2 * this.#settledMs;
    const checks = this.#instants(this.#settledMs, endMs);
    return this.#case(
      'counter reset',
      [['good', endMs]],
      checks.map((atMs) => [atMs, false]),
      Math.floor((1.5 * this.#settledMs) / this.#sampleMs),
    );
  }

  belowGuard(): PolicyCase | undefined {
    const condition = this.#condition;
    const isGuarded =
      condition.kind === 'burn'
        ? condition.long.counted.kind !== 'goodSlices'
        : condition.kind === 'threshold' && condition.guards.length > 0;
    if (!isGuarded) return undefined;
    const endMs = 2 * this.#settledMs;
    const checks = this.#instants(this.#settledMs, endMs);
    return this.#case(
      'below the guard',
      [['faint', endMs]],
      checks.map((atMs) => [atMs, false]),
    );
  }

  oneGroupOfTwo(): PolicyCase | undefined {
    const { by } = this.#policy;
    const condition = this.#condition;
    if (by.length === 0 || condition.kind !== 'threshold') return undefined;
    const endMs = this.#settledMs + this.#up(this.#rung.forMs) + this.#evaluationMs;
    const [one, other] = [this.#group(0), this.#group(1)];
    const series = (level: Level, group: Labels) =>
      caseSeries(condition, {
        levels: this.#levels([[level, endMs]]),
        sampleMs: this.#sampleMs,
        group,
      });
    return {
      ...this.#shared('one label group of two'),
      series: [...series('bad', one), ...series('good', other)],
      checks: [{ atMs: endMs, firing: [one] }],
    };
  }

  #case(
    kind: CaseKind,
    spans: readonly Span[],
    checks: readonly (readonly [number, boolean])[],
    resetAt?: number,
  ): PolicyCase {
    const group = this.#condition.kind === 'absent' ? {} : this.#group(0);
    return {
      ...this.#shared(kind),
      series: caseSeries(this.#condition, {
        levels: this.#levels(spans),
        sampleMs: this.#sampleMs,
        group,
        ...(resetAt === undefined ? {} : { resetAt }),
      }),
      checks: checks.map(([atMs, isFiring]) => ({ atMs, firing: isFiring ? [group] : [] })),
    };
  }

  #shared(kind: CaseKind) {
    return {
      policy: this.#policy,
      rung: this.#rung,
      kind,
      sampleMs: this.#sampleMs,
      evaluationMs: this.#evaluationMs,
    };
  }

  /** The first sample stands at 0; each span covers the samples after its begin up to its end. */
  #levels(spans: readonly Span[]): readonly Level[] {
    const [first = 'good'] = spans[0] ?? [];
    const rest = spans.flatMap(([level, durationMs]) =>
      Array.from({ length: Math.round(durationMs / this.#sampleMs) }, () => level),
    );
    return [first, ...rest];
  }

  #group(index: number): Labels {
    const { signal } =
      this.#condition.kind === 'threshold' ? this.#condition : { signal: undefined };
    const metric =
      signal &&
      ('counter' in signal ? signal.counter.metric : 'gauge' in signal ? signal.gauge.metric : '');
    const spec = metric === undefined ? undefined : metricSpec(metric);
    return Object.fromEntries(
      this.#policy.by.map((label) => [
        label,
        spec?.labels[label]?.values?.[index] ?? `${label.replace(/_id$/, '')}-${index + 1}`,
      ]),
    );
  }

  #instants(fromMs: number, toMs: number): readonly number[] {
    const count = Math.floor((toMs - fromMs) / this.#evaluationMs) + 1;
    return Array.from({ length: count }, (_, index) => fromMs + index * this.#evaluationMs);
  }

  #up(durationMs: number): number {
    return Math.ceil(durationMs / this.#evaluationMs) * this.#evaluationMs;
  }

  #down(durationMs: number): number {
    return Math.floor(durationMs / this.#evaluationMs) * this.#evaluationMs;
  }
}

type Span = readonly [Level, number];

function longWindowMs(condition: Condition): number {
  return condition.kind === 'burn' ? condition.long.valid.windowMs : condition.signal.windowMs;
}

function isBelow(condition: Condition): boolean {
  return condition.kind === 'threshold' && condition.comparison === 'below';
}

function isGauge(condition: Condition): boolean {
  if (condition.kind === 'burn') return condition.long.counted.kind === 'goodSlices';
  return condition.kind === 'threshold' && 'gauge' in condition.signal;
}

/** Whether the newest sample alone decides. */
function isInstant(condition: Condition): boolean {
  if (condition.kind === 'burn') return false;
  return condition.signal.kind === 'last' || condition.signal.kind === 'sum';
}

/** `above: 0` of a counter: one event is already too much, and no spike is short. */
function isAboveNothing(condition: Condition): boolean {
  return (
    condition.kind === 'threshold' &&
    condition.bound === 0 &&
    (condition.signal.kind === 'increase' || condition.signal.kind === 'rate')
  );
}
