/** A store that lives as long as the process: for tests. */
import type { MessageStore, StoreBatch, StoredState } from './message-store.ts';
import type { Segment } from './segment.ts';

export class MemoryMessageStore implements MessageStore {
  readonly #payloads = new Map<number, Buffer>();
  readonly #runId: number;

  constructor(runId: number) {
    this.#runId = runId;
  }

  load(): StoredState {
    const nextIds = { resource: 1, segment: 1, message: 1 };
    return { resources: [], segments: [], holdings: [], nextIds, runId: this.#runId };
  }

  commit(batch: StoreBatch): void {
    for (const { segment, payload } of batch.segments ?? [])
      this.#payloads.set(segment.id, payload);
    for (const id of batch.deletedSegmentIds ?? []) this.#payloads.delete(id);
  }

  payload(segment: Segment): Buffer {
    const payload = this.#payloads.get(segment.id);
    if (payload === undefined) throw new Error(`Segment ${segment.id} is not stored`);
    return payload;
  }

  close(): void {
    this.#payloads.clear();
  }
}
