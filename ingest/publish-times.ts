/** The publish time of the oldest message that is not dealt with, kept at the cost of two map writes a message. */

/** Ages are over-stated by up to this, never under-stated. */
const RESOLUTION_MS = 100;

/** Holds a number for each tenth of a second that has messages: at most as many as messages in flight. */
export class PublishTimes {
  readonly #counts = new Map<number, number>();

  add(publishAtMs: number): void {
    const slot = Math.floor(publishAtMs / RESOLUTION_MS);
    this.#counts.set(slot, (this.#counts.get(slot) ?? 0) + 1);
  }

  /** Takes out what was added with this very time. */
  remove(publishAtMs: number): void {
    const slot = Math.floor(publishAtMs / RESOLUTION_MS);
    const count = this.#counts.get(slot) ?? 0;
    if (count > 1) this.#counts.set(slot, count - 1);
    else this.#counts.delete(slot);
  }

  /** `null` where nothing is held. */
  oldestAtMs(): number | null {
    let oldest: number | null = null;
    for (const slot of this.#counts.keys()) if (oldest === null || slot < oldest) oldest = slot;
    return oldest === null ? null : oldest * RESOLUTION_MS;
  }
}
