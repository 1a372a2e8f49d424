/** Good and valid events of a window: what every kind of indicator becomes first. */

/** Events, or slices of time; not whole numbers where a counter was extrapolated, `0 <= goodCount <= validCount`. */
export interface Counts {
  readonly goodCount: number;
  readonly validCount: number;
}

/** Valid events that were not good. */
export function badCount({ goodCount, validCount }: Counts): number {
  return tidy(validCount - goodCount);
}

/** The SLI, good / valid, 0 to 1; `undefined` without a valid event: there is nothing to judge. */
export function sli({ goodCount, validCount }: Counts): number | undefined {
  return validCount > 0 ? tidy(goodCount / validCount) : undefined;
}

/** Bad / valid, 0 to 1; `undefined` without a valid event. */
export function errorRatio(counts: Counts): number | undefined {
  return counts.validCount > 0 ? tidy(badCount(counts) / counts.validCount) : undefined;
}

/** 14 significant digits: below them a double holds noise of its own making, such as 0.30000000000000004. */
export function tidy(value: number): number {
  return Number(value.toPrecision(14));
}
