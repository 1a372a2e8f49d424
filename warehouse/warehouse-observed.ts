/** A warehouse whose every call passes by an observer first: to be measured, traced, or made to fail on purpose. */
import type { Warehouse } from './warehouse.ts';

/** One call of the port. `kind` says what fails with it: answers or intake. */
export interface WarehouseCall {
  readonly operation: Exclude<keyof Warehouse, 'close'>;
  readonly kind: 'query' | 'append' | 'admin';
  /** Absent where the call is about no single stream. */
  readonly stream?: string;
  readonly rowCount?: number;
}

/** Runs the call and gives its result on, or rejects in its place. */
export type ObserveCall = <T>(call: WarehouseCall, run: () => Promise<T>) => Promise<T>;

export function observedWarehouse(inner: Warehouse, observe: ObserveCall): Warehouse {
  return {
    prepare: (streams) =>
      observe({ operation: 'prepare', kind: 'admin' }, () => inner.prepare(streams)),
    append: (stream, rows) =>
      observe(
        { operation: 'append', kind: 'append', stream: stream.name, rowCount: rows.length },
        () => inner.append(stream, rows),
      ),
    quarantine(records) {
      const stream = records[0]?.stream;
      const call = { operation: 'quarantine', kind: 'append', rowCount: records.length } as const;
      return observe(stream === undefined ? call : { ...call, stream }, () =>
        inner.quarantine(records),
      );
    },
    markReplayed: (stream, ids, atMicros) =>
      observe({ operation: 'markReplayed', kind: 'append', stream, rowCount: ids.length }, () =>
        inner.markReplayed(stream, ids, atMicros),
      ),
    events: (stream, asked) =>
      observe(query('events', stream.name), () => inner.events(stream, asked)),
    event: (stream, id) => observe(query('event', stream.name), () => inner.event(stream, id)),
    windows: (stream, asked) =>
      observe(query('windows', stream.name), () => inner.windows(stream, asked)),
    windowContinuity: (stream, range) =>
      observe(query('windowContinuity', stream.name), () => inner.windowContinuity(stream, range)),
    windowSpikes: (stream, range) =>
      observe(query('windowSpikes', stream.name), () => inner.windowSpikes(stream, range)),
    newestEvent: (stream) =>
      observe(query('newestEvent', stream.name), () => inner.newestEvent(stream)),
    rowCount: (stream) => observe(query('rowCount', stream.name), () => inner.rowCount(stream)),
    quarantined: (stream, asked) =>
      observe(query('quarantined', stream), () => inner.quarantined(stream, asked)),
    quarantineCount: (stream) =>
      observe(query('quarantineCount', stream), () => inner.quarantineCount(stream)),
    check: () => observe({ operation: 'check', kind: 'admin' }, () => inner.check()),
    close: () => inner.close(),
  };
}

function query(operation: WarehouseCall['operation'], stream: string): WarehouseCall {
  return { operation, kind: 'query', stream };
}
