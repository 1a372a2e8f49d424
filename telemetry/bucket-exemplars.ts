/** The newest traced observations of each histogram bucket; the JS SDK keeps none. */
import type { Exemplar } from './sample.ts';
import type { Labels } from './signal.ts';

/** Where an observation was made. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
  /** Wall time. */
  readonly atMs: number;
  /** Whether its trace is kept in any case; of others, those are kept that turn out failed or slow. */
  readonly isSampled: boolean;
}

/** An observation and the series that it was made in. */
export interface NotedExemplar extends Exemplar {
  readonly labels: Labels;
}

interface Bucket {
  /** Shown at `/metrics`: whoever follows it finds the trace. */
  sampled?: Exemplar;
  /** Its trace may be kept, or may not. */
  newest?: Exemplar;
}

interface Noted {
  readonly labels: Labels;
  readonly buckets: (Bucket | undefined)[];
}

/** Two exemplars a bucket and series: as bounded as the series are. */
export class BucketExemplars {
  readonly #bounds: readonly number[];
  readonly #bySeries = new Map<string, Noted>();

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  note(labels: Labels, value: number, { traceId, spanId, atMs, isSampled }: TraceIds): void {
    const key = seriesKey(labels);
    let noted = this.#bySeries.get(key);
    if (!noted) this.#bySeries.set(key, (noted = { labels, buckets: [] }));
    const above = this.#bounds.findIndex((bound) => value <= bound);
    const index = above === -1 ? this.#bounds.length : above;
    const bucket = (noted.buckets[index] ??= {});
    bucket.newest = { traceId, spanId, value, atMs };
    if (isSampled) bucket.sampled = bucket.newest;
  }

  /** One entry a bucket, `undefined` where none was sampled. */
  of(labels: Labels): readonly (Exemplar | undefined)[] {
    return this.#bySeries.get(seriesKey(labels))?.buckets.map((bucket) => bucket?.sampled) ?? [];
  }

  /** All, sampled or not, the newest first. */
  all(): readonly NotedExemplar[] {
    return [...this.#bySeries.values()]
      .flatMap(({ labels, buckets }) =>
        buckets.flatMap((bucket) => {
          const both = new Set([bucket?.newest, bucket?.sampled]);
          return [...both].flatMap((each) => (each ? [{ ...each, labels }] : []));
        }),
      )
      .toSorted((a, b) => b.atMs - a.atMs);
  }
}

function seriesKey(labels: Labels): string {
  return Object.values(labels).join('\u0001');
}
