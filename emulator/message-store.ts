/** Where segments, acks and definitions are kept: the port, in memory or on disk. */
import type { Segment } from './segment.ts';

export type StoredKind = 'topic' | 'subscription' | 'snapshot';

/** A definition as JSON; `id` is unique over all kinds and never used again. */
export interface StoredResource {
  readonly id: number;
  readonly kind: StoredKind;
  readonly json: string;
}

export interface StoredHolding {
  readonly holderId: number;
  readonly segmentId: number;
  readonly unacked: Uint8Array;
}

/** Changes that become durable together or not at all. */
export interface StoreBatch {
  readonly segments?: readonly { readonly segment: Segment; readonly payload: Buffer }[];
  readonly holdings?: readonly StoredHolding[];
  readonly releasedHoldings?: readonly { readonly holderId: number; readonly segmentId: number }[];
  readonly deletedSegmentIds?: readonly number[];
  readonly resources?: readonly StoredResource[];
  readonly deletedResourceIds?: readonly number[];
  /** Holders whose holdings all go. */
  readonly deletedHolderIds?: readonly number[];
  /** The first id not used yet, of resources, segments and messages. */
  readonly nextIds?: NextIds;
}

export interface NextIds {
  readonly resource: number;
  readonly segment: number;
  readonly message: number;
}

export interface StoredState {
  readonly resources: readonly StoredResource[];
  readonly segments: readonly Segment[];
  readonly holdings: readonly StoredHolding[];
  readonly nextIds: NextIds;
  /** Differs by opening: no two runs over one store share it. */
  readonly runId: number;
}

export interface MessageStore {
  /** What was stored before; called once. */
  load(): StoredState;
  /** @throws AppError `disk_full`, or what the disk says; nothing of the batch is stored then */
  commit(batch: StoreBatch): void;
  /** The encoded messages of a segment, one behind the other. */
  payload(segment: Segment): Buffer;
  close(): void;
}
