/** The messages of a subscription that were never leased and have no line, in publish order. */
import { Fifo } from './collections.ts';
import { Delivery } from './delivery.ts';
import type { Holding } from './holding.ts';

export class FreshMessages {
  readonly #holdings = new Fifo<Holding>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds the `freshCount` messages of a holding. */
  add(holding: Holding): void {
    if (holding.freshCount === 0) return;
    this.#count += holding.freshCount;
    this.#holdings.push(holding);
  }

  /** Takes messages while there is room; with `isOrdered` those with a key are left to their lines. */
  take(
    isOrdered: boolean,
    hasRoom: (delivery: Delivery) => boolean,
    take: (delivery: Delivery) => void,
  ): void {
    for (let holding = this.#holdings.first(); holding; holding = this.#holdings.first()) {
      while (holding.freshCount > 0 && !holding.isReleased) {
        const index = holding.cursor;
        const isKeyed = isOrdered && holding.segment.orderingKeys?.[index];
        if (!holding.isUnacked(index) || isKeyed) {
          holding.cursor++;
          continue;
        }
        const delivery = new Delivery(holding, index);
        if (!hasRoom(delivery)) return;
        holding.cursor++;
        holding.freshCount--;
        this.#count--;
        take(delivery);
      }
      this.#holdings.shift();
    }
  }

  /** Forgets the messages of a holding that is dropped. */
  drop(holding: Holding): void {
    this.#count -= holding.freshCount;
    holding.freshCount = 0;
  }

  clear(): void {
    this.#holdings.clear();
    this.#count = 0;
  }
}
