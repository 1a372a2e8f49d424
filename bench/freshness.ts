/** Publish to queryable at a steady rate: from the instant an event is due at its producer to its commit. */
import { ensureTopology } from '../ingest/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import type { NewRow, Warehouse } from '../warehouse/index.ts';
import type { Bench } from './figure.ts';
import { quantile } from './figure.ts';
import type { PacedOptions, PacedResult } from './paced-publisher.ts';
import { openClient, openIngest, openServer, openWarehouse, transactionsStream } from './rig.ts';
import { until } from './scratch.ts';

const EVENTS_PER_SECOND = 5_000;
const WARM_UP_MS = 5_000;
/** One commit in so many is checked by a query for its last event. */
const CHECK_ONE_COMMIT_IN = 3;
const SLACK_MS = 60_000;

export const freshnessBench: Bench = {
  name: 'freshness',
  summary: `publish to queryable at ${EVENTS_PER_SECOND} events/s`,
  figures: [
    { figure: 'p50_ms', unit: 'ms' },
    { figure: 'p99_ms', unit: 'ms', target: { comparison: '<=', value: 1_000 } },
  ],
  async run({ isShort, progress, scratch }) {
    const durationMs = WARM_UP_MS + (isShort ? 5_000 : 30_000);
    const stream = transactionsStream();
    const server = await openServer(scratch);
    const pubsub = openClient(scratch, server.address);
    const probe = new FreshnessProbe(await openWarehouse(scratch, [stream]));
    await ensureTopology(pubsub, [stream]);
    const ingest = await openIngest(pubsub, probe.warehouse, stream);
    scratch.defer(() => ingest.close());

    progress(`publishing ${EVENTS_PER_SECOND} events/s for ${durationMs / 1_000} s`);
    const paced: PacedOptions = {
      address: server.address,
      topic: stream.topic,
      eventsPerSecond: EVENTS_PER_SECOND,
      durationMs,
    };
    const published = await scratch.ask<PacedResult>(
      'paced-publisher.ts',
      paced,
      durationMs + SLACK_MS,
    );
    if (published.failedCount > 0) {
      throw new Error(`${published.failedCount} events were not published`);
    }
    await until(() => probe.committedCount >= published.publishedCount, {
      what: 'committing what was published',
      timeoutMs: SLACK_MS,
    });
    const { freshnessMs, checkedCount } = await probe.finish();
    progress(
      `${freshnessMs.length} events, ${checkedCount} found by query at once, publisher behind by at most ${Math.round(published.behindMsMax)} ms`,
    );
    return {
      kind: 'measured',
      values: { p50_ms: quantile(freshnessMs, 0.5), p99_ms: quantile(freshnessMs, 0.99) },
    };
  },
};

/** A warehouse that notes, for every event, how long after its event time its commit resolved. */
class FreshnessProbe {
  readonly warehouse: Warehouse;
  committedCount = 0;
  readonly #inner: Warehouse;
  readonly #freshnessMs: number[] = [];
  readonly #checks: Promise<void>[] = [];
  #commitCount = 0;
  #firstDueAtMicros: number | undefined;

  constructor(inner: Warehouse) {
    this.#inner = inner;
    this.warehouse = new Proxy(inner, {
      get: (target, name) => {
        if (name === 'append') {
          return (stream: Stream, rows: readonly NewRow[]) => this.#append(stream, rows);
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** Rejects where an event that was committed was not found. */
  async finish(): Promise<{ freshnessMs: readonly number[]; checkedCount: number }> {
    await Promise.all(this.#checks);
    return { freshnessMs: this.#freshnessMs, checkedCount: this.#checks.length };
  }

  async #append(stream: Stream, rows: readonly NewRow[]) {
    const result = await this.#inner.append(stream, rows);
    const nowMicros = systemClock.nowMs() * 1_000;
    const timeIndex = stream.columns.findIndex(({ name }) => name === stream.eventTime);
    for (const { row } of rows) {
      const dueAtMicros = Number(row[timeIndex]);
      this.#firstDueAtMicros ??= dueAtMicros;
      if (dueAtMicros - this.#firstDueAtMicros < WARM_UP_MS * 1_000) continue;
      this.#freshnessMs.push((nowMicros - dueAtMicros) / 1_000);
    }
    this.committedCount += result.committedCount;
    if (this.#commitCount++ % CHECK_ONE_COMMIT_IN === 0)
      this.#checks.push(this.#check(stream, rows));
    return result;
  }

  async #check(stream: Stream, rows: readonly NewRow[]): Promise<void> {
    const idIndex = stream.columns.findIndex(({ name }) => name === stream.eventId);
    const eventId = String(rows.at(-1)?.row[idIndex]);
    const stored = await this.#inner.event(stream, eventId);
    if (!stored) throw new Error(`${eventId} was committed and is not queryable`);
  }
}
