/** Between the broker and its store: ids, what waits to be stored, and how many bytes are held. */
import type { Clock, Logger, Timer } from '../runtime/index.ts';
import { isAppError } from '../runtime/index.ts';
import { holdingRow } from './broker-state.ts';
import type { Holding } from './holding.ts';
import type { MessageStore, NextIds, StoreBatch, StoredState } from './message-store.ts';
import { resourceExhausted } from './pubsub-status.ts';
import type { Segment } from './segment.ts';
import { segmentBytes } from './segment.ts';

/** Acks are stored this much later at most; what was not stored is delivered again after a crash. */
const ACK_FLUSH_MS = 100;

export class Storage {
  /** Differs by run. */
  readonly ackIdScope: string;
  readonly #store: MessageStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #nextIds: { -readonly [K in keyof NextIds]: number };
  #storedBytes = 0;
  #changed = new Set<Holding>();
  #released: Holding[] = [];
  #deletedSegmentIds: number[] = [];
  #flushTimer: Timer | undefined;

  /** `state` is what `store` has loaded. */
  constructor(store: MessageStore, state: StoredState, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#nextIds = { ...state.nextIds };
    this.ackIdScope = state.runId.toString(36);
  }

  /** Of all segments that somebody holds. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** The first of `count` ids that nobody else gets. */
  takeIds(kind: keyof NextIds, count = 1): number {
    const first = this.#nextIds[kind];
    this.#nextIds[kind] += count;
    return first;
  }

  payload(segment: Segment): Buffer {
    return this.#store.payload(segment);
  }

  /** Counts a segment that is stored now; `release` counts it off. */
  count(segment: Segment): void {
    this.#storedBytes += segmentBytes(segment);
  }

  /** One holder less; the last one frees the segment. */
  release(segment: Segment): void {
    segment.holderCount--;
    if (segment.holderCount > 0) return;
    this.#storedBytes -= segmentBytes(segment);
    this.#deletedSegmentIds.push(segment.id);
    this.#armFlush();
  }

  /** Acks changed `holding`: stored soon. */
  onChanged(holding: Holding): void {
    this.#changed.add(holding);
    this.#armFlush();
  }

  /** `holding` is held no more: its row is deleted soon. */
  onReleased(holding: Holding): void {
    this.#released.push(holding);
    this.release(holding.segment);
    this.#armFlush();
  }

  /** Frees the loaded segments that turned out to have no holder. */
  freeUnheld(segments: readonly Segment[]): void {
    const freed = new Set(this.#deletedSegmentIds);
    for (const segment of segments) {
      if (segment.holderCount > 0 || freed.has(segment.id)) continue;
      segment.holderCount = 1;
      this.release(segment);
    }
  }

  /** Stores `batch` alone. */
  commitPublishes(batch: StoreBatch): void {
    this.#storeOrRefuse({ ...batch, nextIds: this.#nextIds });
  }

  /** Stores `batch` with the acks and deletions that wait. */
  commit(batch: StoreBatch): void {
    const changed = [...this.#changed].filter((holding) => !holding.isReleased);
    const released = this.#released;
    const deletedSegmentIds = this.#deletedSegmentIds;
    this.#changed = new Set();
    this.#released = [];
    this.#deletedSegmentIds = [];
    this.#storeOrRefuse({
      ...batch,
      holdings: [...changed.map(holdingRow), ...(batch.holdings ?? [])],
      // A seek replaces rows of the same keys; those must survive the release of the old ones.
      releasedHoldings: released
        .filter(({ holderId }) => !batch.deletedHolderIds?.includes(holderId))
        .map((holding) => ({ holderId: holding.holderId, segmentId: holding.segment.id })),
      deletedSegmentIds,
      nextIds: this.#nextIds,
    });
  }

  /** Stores the acks and deletions that wait. */
  flush(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    this.commit({});
  }

  close(): void {
    this.flush();
    this.#store.close();
  }

  #storeOrRefuse(batch: StoreBatch): void {
    try {
      this.#store.commit(batch);
    } catch (error) {
      throw isAppError(error, 'disk_full') ? resourceExhausted(error.message) : error;
    }
  }

  #armFlush(): void {
    this.#flushTimer ??= this.#clock.setTimer(
      ACK_FLUSH_MS,
      () => {
        try {
          this.flush();
        } catch (error) {
          // Nothing is lost: what was acked is delivered again after a restart.
          this.#logger.error('pubsub_acks_not_stored', { error });
        }
      },
      true,
    );
  }
}
