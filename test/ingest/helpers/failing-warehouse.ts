/** The real warehouse behind a switch: it fails on command. */
import { AppError } from '../../../runtime/index.ts';
import type { NewRow, Warehouse } from '../../../warehouse/index.ts';

export interface FailingWarehouse extends Warehouse {
  /** While set, writes reject with this error. */
  outage: AppError | undefined;
  /** Rows that an append reports as rejected. */
  isRejected: (row: NewRow) => boolean;
  /** Rows that make a whole append fail. */
  isPoison: (row: NewRow) => boolean;
  appendCount: number;
}

export function failingWarehouse(real: Warehouse): FailingWarehouse {
  const failing: FailingWarehouse = {
    prepare: (streams) => real.prepare(streams),
    async append(stream, rows) {
      failing.appendCount += 1;
      if (failing.outage) throw failing.outage;
      if (rows.some(failing.isPoison)) throw new AppError('internal', 'a row breaks the append');
      const indices = [...rows.keys()].filter((index) => !failing.isRejected(rows[index]!));
      const result = await real.append(
        stream,
        indices.map((index) => rows[index]!),
      );
      return {
        ...result,
        rejected: [...rows.keys()]
          .filter((index) => failing.isRejected(rows[index]!))
          .map((index) => ({ index, reason: 'refused on command' })),
      };
    },
    async quarantine(records) {
      if (failing.outage) throw failing.outage;
      await real.quarantine(records);
    },
    markReplayed: (stream, ids, timeMicros) => real.markReplayed(stream, ids, timeMicros),
    events: (stream, query) => real.events(stream, query),
    event: (stream, id) => real.event(stream, id),
    windows: (stream, query) => real.windows(stream, query),
    windowContinuity: (stream, range) => real.windowContinuity(stream, range),
    windowSpikes: (stream, range) => real.windowSpikes(stream, range),
    newestEvent: (stream) => real.newestEvent(stream),
    rowCount: (stream) => real.rowCount(stream),
    quarantined: (stream, query) => real.quarantined(stream, query),
    quarantineCount: (stream) => real.quarantineCount(stream),
    check: () => real.check(),
    close: () => real.close(),
    outage: undefined,
    isRejected: () => false,
    isPoison: () => false,
    appendCount: 0,
  };
  return failing;
}

export const outage = new AppError('warehouse_unavailable', 'down on command');
