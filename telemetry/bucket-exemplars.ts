/** The newest traced observation of each histogram bucket; the JS SDK keeps none. */
import type { Exemplar } from './sample.ts';
import type { Labels } from './signal.ts';

/** Where an observation was made. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
  /** Wall time. */
  readonly atMs: number;
}

/** One exemplar a bucket and series: as bounded as the series are. */
export class BucketExemplars {
  readonly #bounds: readonly number[];
  readonly #bySeries = new Map<string, (Exemplar | undefined)[]>();

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  note(labels: Labels, value: number, { traceId, spanId, atMs }: TraceIds): void {
    const key = seriesKey(labels);
    let buckets = this.#bySeries.get(key);
    if (!buckets) this.#bySeries.set(key, (buckets = []));
    const above = this.#bounds.findIndex((bound) => value <= bound);
    buckets[above === -1 ? this.#bounds.length : above] = { traceId, spanId, value, atMs };
  }

  /** One entry a bucket, `undefined` where none was traced. */
  of(labels: Labels): readonly (Exemplar | undefined)[] {
    return this.#bySeries.get(seriesKey(labels)) ?? [];
  }
}

function seriesKey(labels: Labels): string {
  return Object.values(labels).join('\u0001');
}
