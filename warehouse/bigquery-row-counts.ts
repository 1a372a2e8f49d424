/** How many events each stream has: the newest days are counted when asked, the others once an hour, as BigQuery bills what it reads. */
import type { Clock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { DAY_MICROS, TIMESTAMP_MICROS_MIN } from './bigquery-parameters.ts';
import type { BigqueryReader } from './bigquery-reader.ts';
import { floorToDay, rowCountSql } from './bigquery-sql.ts';

const HOUR_MS = 3_600_000;
/** Counted whenever asked: today and the day before. */
const NEWEST_DAYS = 2;

interface OlderDays {
  /** The first instant of the days that are not among them. */
  readonly endMicros: number;
  readonly countedAtMs: number;
  readonly count: Promise<number>;
}

export class BigqueryRowCounts {
  readonly #reader: BigqueryReader;
  readonly #clock: Clock;
  readonly #older = new Map<string, OlderDays>();

  constructor(reader: BigqueryReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /**
   * Events of all days, each id once a day. What another process wrote to a day before yesterday is counted within an hour.
   * @throws AppError `limit_exceeded` where counting the older days would read more than may be billed.
   */
  async count(stream: Stream): Promise<number> {
    const { endMicros, count } = this.#olderDays(stream);
    const counts = await Promise.all([count, this.#countDays(stream, endMicros)]);
    return counts[0] + counts[1];
  }

  /** This process has written events, the oldest of them at `oldestMicros`: its own answers show them at once. */
  wrote(stream: Stream, oldestMicros: number): void {
    const older = this.#older.get(stream.name);
    if (older && oldestMicros < older.endMicros) this.#older.delete(stream.name);
  }

  #olderDays(stream: Stream): OlderDays {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#older.get(stream.name);
    if (known && nowMs - known.countedAtMs < HOUR_MS) return known;
    const endMicros = floorToDay(this.#reader.nowMicros) - (NEWEST_DAYS - 1) * DAY_MICROS;
    const count = this.#countDays(stream, TIMESTAMP_MICROS_MIN, endMicros);
    const older = { endMicros, countedAtMs: nowMs, count };
    this.#older.set(stream.name, older);
    count.catch(() => {
      if (this.#older.get(stream.name) === older) this.#older.delete(stream.name);
    });
    return older;
  }

  async #countDays(stream: Stream, fromMicros: number, toMicros?: number): Promise<number> {
    const { dataset } = this.#reader;
    const [row] = await this.#reader.rows('row_count', (bound) =>
      rowCountSql(stream, dataset, { fromMicros, toMicros }, bound),
    );
    return Number(row?.[0] ?? 0);
  }
}
