/** The quantile of cumulative buckets, as Prometheus 3's `histogram_quantile` finds it. */

export interface BucketCount {
  /** Upper bound, included. */
  readonly bound: number;
  /** Observations at or below it. */
  readonly count: number;
}

/** Differences between neighbours that are float noise. Source: Prometheus, `smallDeltaTolerance`. */
const NOISE_RATIO = 1e-12;

/**
 * Linear within the bucket that holds the rank, whose lower end is the bound before it, or 0. NaN without observations or
 * without the bucket `+Inf`; in that bucket, the largest finite bound.
 */
export function bucketQuantile(quantile: number, given: readonly BucketCount[]): number {
  if (Number.isNaN(quantile)) return Number.NaN;
  if (quantile < 0) return Number.NEGATIVE_INFINITY;
  if (quantile > 1) return Number.POSITIVE_INFINITY;
  const buckets = rising(given.toSorted((one, other) => (one.bound < other.bound ? -1 : 1)));
  const last = buckets.length - 1;
  const all = buckets[last];
  if (all?.bound !== Number.POSITIVE_INFINITY || last < 1 || all.count === 0) return Number.NaN;
  const rank = quantile * all.count;
  const at = lowestReaching(buckets, rank);
  const { bound, count } = buckets[at]!;
  if (at === last) return buckets[last - 1]!.bound;
  if (at === 0 && bound <= 0) return bound;
  const below = at === 0 ? { bound: 0, count: 0 } : buckets[at - 1]!;
  return below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count));
}

/** Counts never fall from a bound to the next; where scrapes tore them apart, the larger counts. */
function rising(buckets: readonly BucketCount[]): BucketCount[] {
  let before = buckets[0]?.count ?? 0;
  return buckets.map(({ bound, count }) => {
    if (!(count < before) && !isNoise(before, count)) before = count;
    return { bound, count: before };
  });
}

/** The first bucket, the last set aside, with at least `rank` observations; the last where none has. */
function lowestReaching(buckets: readonly BucketCount[], rank: number): number {
  let low = 0;
  let high = buckets.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (buckets[middle]!.count >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isNoise(one: number, other: number): boolean {
  if (one === 0 || other === 0) return false;
  const sum = Math.min(Math.abs(one) + Math.abs(other), Number.MAX_VALUE);
  return Math.abs(one - other) / sum < NOISE_RATIO;
}
