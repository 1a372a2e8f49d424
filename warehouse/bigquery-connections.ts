/** The few connections through which one table is written; whoever finds all of them busy waits for the next one. */
import type { AppendConnection } from './bigquery-connection.ts';

export class AppendConnections {
  readonly #open: () => Promise<AppendConnection>;
  readonly #connectionsMax: number;
  readonly #idle: AppendConnection[] = [];
  readonly #all = new Set<AppendConnection>();
  readonly #waiting: (() => void)[] = [];
  #borrowedCount = 0;

  constructor(open: () => Promise<AppendConnection>, connectionsMax: number) {
    this.#open = open;
    this.#connectionsMax = connectionsMax;
  }

  /** Runs `work` with a connection of its own; as many at once as there may be connections. */
  async use<T>(work: (connection: AppendConnection) => Promise<T>): Promise<T> {
    while (this.#borrowedCount >= this.#connectionsMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#borrowedCount += 1;
    try {
      const connection = await this.#take();
      try {
        return await work(connection);
      } finally {
        if (connection.isOpen) this.#idle.push(connection);
        else this.#all.delete(connection);
      }
    } finally {
      this.#borrowedCount -= 1;
      this.#waiting.shift()?.();
    }
  }

  close(): void {
    for (const connection of this.#all) connection.close();
    this.#all.clear();
    this.#idle.length = 0;
  }

  async #take(): Promise<AppendConnection> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.isOpen) return idle;
      this.#all.delete(idle);
    }
    const connection = await this.#open();
    this.#all.add(connection);
    return connection;
  }
}
