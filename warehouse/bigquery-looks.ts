/** Which part of a time range to read first: BigQuery bills the days that it reads, and most answers lie near one end. */
import { DAY_MICROS } from './bigquery-parameters.ts';
import type { Order, TimeRange } from './warehouse.ts';

/** Further back than any stream's days: nothing says where its oldest event lies, so all is read at once. */
const ASCENDING_YEARS_MAX = 10;

export interface Looks {
  readonly order: Order;
  readonly nowMicros: number;
  /** How much the first look covers, and by how much more each further one. */
  readonly spanMicros: number;
  readonly growth: number;
  readonly looksMax: number;
}

/**
 * Parts of `range` that grow from the end where `order` starts, and the whole range last. Newest first they are open to the
 * range's end, so that events ahead of the clock are in each.
 */
export function* nearRanges(range: TimeRange, looks: Looks): Generator<TimeRange> {
  const { order, nowMicros, growth, looksMax } = looks;
  const { fromMicros, toMicros } = range;
  const ancientMicros = nowMicros - ASCENDING_YEARS_MAX * 366 * DAY_MICROS;
  const isNearKnown = order === 'desc' || fromMicros > ancientMicros;
  let { spanMicros } = looks;
  const nearLooksMax = isNearKnown ? looksMax : 0;
  for (let look = 0; look < nearLooksMax; look++) {
    const near =
      order === 'asc'
        ? { fromMicros, toMicros: Math.min(toMicros, fromMicros + spanMicros) }
        : {
            fromMicros: Math.max(fromMicros, Math.min(toMicros, nowMicros) - spanMicros),
            toMicros,
          };
    if (near.fromMicros <= fromMicros && near.toMicros >= toMicros) break;
    yield near;
    spanMicros *= growth;
  }
  yield range;
}
