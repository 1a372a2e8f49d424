/** The local metric store: series of samples in memory, within limits; it can be written to a file beside it. */
import { Series } from './metric-store-series.ts';
import type { SeriesKind } from './metric-store-series.ts';
import { thinOldest } from './metric-store-thin.ts';
import type { MetricFamily } from './sample.ts';
import type { Labels } from './signal.ts';

/** A sample as it is stored. */
export interface StoredSample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  readonly kind: SeriesKind;
}

export interface MetricStoreLimits {
  /** Samples older than this are dropped. */
  readonly retentionMs: number;
  /** Samples older than this are kept by the minute. */
  readonly fullResolutionMs: number;
  readonly seriesMax: number;
  readonly bytesMax: number;
}

/**
 * 35 days hold the 30 of an SLO and a margin. A series is 17 chunks of a day at 10 s and 34 of a day by the minute; each takes
 * 400 bytes and, where it moves, 1 to 4 bytes a sample: 20 KB for one that never moves, some 70 to 220 KB for one that does. The
 * service has about 1,400, of which one in ten moves: 45 MB, and 8 KB for each open head.
 */
export const METRIC_STORE_LIMITS: MetricStoreLimits = {
  retentionMs: 35 * 86_400_000,
  fullResolutionMs: 86_400_000,
  seriesMax: 5_000,
  bytesMax: 160 * 2 ** 20,
};

/** Longest name and labels of a series, as text. */
const KEY_LENGTH_MAX = 4_096;
/** Series whose closed chunks are looked after in one append; a round of 5,000 takes 250 appends, 42 minutes at 10 s. */
const TENDED_PER_APPEND = 20;
/** Appends of different targets may cross by this much; what is older counts as rewriting history. */
export const SETTLED_AFTER_MS = 120_000;
/** What is dropped at once where the byte limit is met. */
const EVICT_STEP_MS = 6 * 3_600_000;
const KEPT_MIN_MS = 3_600_000;

/** What became of an append. */
export interface Appended {
  readonly storedCount: number;
  /** Samples not after the newest of their series: a clock went back, or a name stood twice. */
  readonly outOfOrderCount: number;
  /** Samples of series that the limits leave no room for. */
  readonly refusedCount: number;
}

/** What is told of each append, in order: enough to repeat it. */
export interface AppendRecord {
  readonly atMs: number;
  readonly stored: readonly { readonly series: Series; readonly value: number }[];
  readonly ended: readonly Series[];
}

export class MetricStore {
  readonly limits: MetricStoreLimits;
  /** Told after each append; a file beside the store listens here. */
  onAppend: ((record: AppendRecord) => void) | undefined;
  readonly #byKey = new Map<string, Series>();
  readonly #byName = new Map<string, Series[]>();
  /** Series of each target's last scrape. */
  readonly #lastScrape = new Map<string, Set<Series>>();
  #tended: Series[] = [];
  #newestAtMs = Number.NEGATIVE_INFINITY;
  #keptFromMs = Number.NEGATIVE_INFINITY;
  #seriesVersion = 0;
  #historyVersion = 0;

  constructor(limits: Partial<MetricStoreLimits> = {}) {
    this.limits = { ...METRIC_STORE_LIMITS, ...limits };
  }

  /** Changes whenever a series is added or dropped. */
  get seriesVersion(): number {
    return this.#seriesVersion;
  }

  /** Changes whenever samples older than two minutes before the newest came in. */
  get historyVersion(): number {
    return this.#historyVersion;
  }

  get newestAtMs(): number {
    return this.#newestAtMs;
  }

  get seriesCount(): number {
    return this.#byKey.size;
  }

  /** All series of one name, in the order in which they came. */
  named(name: string): readonly Series[] {
    return this.#byName.get(name) ?? [];
  }

  *all(): Iterable<Series> {
    yield* this.#byKey.values();
  }

  bytes(): number {
    let bytes = 0;
    for (const series of this.#byKey.values()) bytes += series.bytes;
    return bytes;
  }

  /**
   * Stores one scrape of `target`. Series of its last scrape that are not in this one end here. Samples of one name and
   * labels with another name or labels never mix.
   */
  append(target: string, atMs: number, samples: readonly StoredSample[]): Appended {
    const seen = new Set<Series>();
    const stored: { series: Series; value: number }[] = [];
    let outOfOrderCount = 0;
    let refusedCount = 0;
    for (const sample of samples) {
      const series = this.#open(sample);
      if (!series) refusedCount++;
      else if (this.#push(series, atMs, sample.value)) {
        stored.push({ series, value: sample.value });
        seen.add(series);
      } else {
        outOfOrderCount++;
        seen.add(series);
      }
    }
    const ended = [...(this.#lastScrape.get(target) ?? [])].filter(
      (series) => !seen.has(series) && series.end(atMs),
    );
    this.#lastScrape.set(target, seen);
    this.#noteInstant(atMs);
    this.onAppend?.({ atMs, stored, ended });
    this.#tend();
    return { storedCount: stored.length, outOfOrderCount, refusedCount };
  }

  /** The series of that name and labels, made where it is not there; `undefined` beyond the limits. */
  openSeries(name: string, labels: Labels, kind: SeriesKind): Series | undefined {
    return this.#open({ name, labels, kind });
  }

  /** Repeats what a record of a file says. */
  replay(series: Series, atMs: number, value: number | 'end'): void {
    if (value === 'end') series.end(atMs);
    else this.#push(series, atMs, value);
    this.#noteInstant(atMs);
  }

  /** Newest instant of everything that was restored. */
  noteRestored(series: Series): void {
    if (series.newestAtMs > this.#newestAtMs) this.#newestAtMs = series.newestAtMs;
  }

  #open({ name, labels, kind }: Omit<StoredSample, 'value'>): Series | undefined {
    const key = seriesKey(name, labels);
    const known = this.#byKey.get(key);
    if (known) return known;
    if (this.#byKey.size >= this.limits.seriesMax || key.length > KEY_LENGTH_MAX) return undefined;
    const series = new Series(name, withoutEmpty(labels), kind);
    this.#byKey.set(key, series);
    const named = this.#byName.get(name);
    if (named) named.push(series);
    else this.#byName.set(name, [series]);
    this.#seriesVersion++;
    return series;
  }

  #push(series: Series, atMs: number, value: number): boolean {
    if (series.isHeadFull(atMs)) series.closeHead();
    return series.append(atMs, value);
  }

  #noteInstant(atMs: number): void {
    if (atMs > this.#newestAtMs) this.#newestAtMs = atMs;
    else if (atMs < this.#newestAtMs - SETTLED_AFTER_MS) this.#historyVersion++;
  }

  /** A little of the upkeep at each append, so that none takes long: by the minute, then out. */
  #tend(): void {
    if (this.#tended.length === 0) {
      this.#tended = [...this.#byKey.values()];
      this.#evict();
    }
    const fromMs = Math.max(this.#newestAtMs - this.limits.retentionMs, this.#keptFromMs);
    for (const series of this.#tended.splice(-TENDED_PER_APPEND)) {
      series.dropBefore(fromMs);
      thinOldest(series, this.#newestAtMs - this.limits.fullResolutionMs);
      if (series.isEmpty) this.#remove(series);
    }
  }

  /** Where the bytes are too many, the oldest six hours go, of all series, until they are not; the newest hour stays. */
  #evict(): void {
    const lastMs = this.#newestAtMs - KEPT_MIN_MS;
    while (this.#keptFromMs < lastMs && this.bytes() > this.limits.bytesMax) {
      const oldestMs = Math.min(...this.#byName.values().flatMap(oldestOf));
      this.#keptFromMs = Math.min(Math.max(oldestMs, this.#keptFromMs) + EVICT_STEP_MS, lastMs);
      for (const series of this.#byKey.values()) series.dropBefore(this.#keptFromMs);
    }
  }

  #remove(series: Series): void {
    this.#byKey.delete(seriesKey(series.name, series.labels));
    const rest = this.named(series.name).filter((other) => other !== series);
    if (rest.length > 0) this.#byName.set(series.name, rest);
    else this.#byName.delete(series.name);
    this.#seriesVersion++;
  }
}

/** The samples of a scrape as they are stored; `extra` labels are those of the target, which win. */
export function storedSamples(
  families: readonly MetricFamily[],
  extra: Labels = {},
): readonly StoredSample[] {
  return families.flatMap((family) =>
    family.samples.map(({ name, labels, value }) => ({
      name,
      labels: { ...labels, ...extra },
      value,
      kind: kindOf(family, name),
    })),
  );
}

/** Buckets, counts and sums are counters whatever they are of. */
function kindOf({ name, kind }: MetricFamily, sampleName: string): SeriesKind {
  if (kind === 'counter') return 'counter';
  const isPart = kind !== 'gauge' && sampleName !== name;
  return isPart && /_(?:bucket|count|sum)$/.test(sampleName) ? 'counter' : 'gauge';
}

function oldestOf(named: readonly Series[]): number[] {
  return named.flatMap(({ chunks }) => (chunks[0] ? [chunks[0].firstAtMs] : []));
}

/** One text a series: no two of different name or labels share it. */
function seriesKey(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).filter(([, value]) => value !== '');
  return JSON.stringify([name, ...pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

/** A label without a value is no label. Source: the Prometheus data model. */
function withoutEmpty(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
