/** Parts that fail where a fault is injected: a warehouse that refuses, an intake that holds, an ingester that stops. */
import type { Ingest } from '../ingest/index.ts';
import { AppError } from '../runtime/index.ts';
import type { Logger } from '../runtime/index.ts';
import type { Faults } from '../telemetry/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import { observedWarehouse } from '../warehouse/index.ts';

/** Refuses calls of the broken kind as an outage would, readiness included. */
export function faultyWarehouse(inner: Warehouse, faults: Faults): Warehouse {
  return observedWarehouse(inner, (call, run) => {
    const broken = faults.get('warehouse');
    const isHit =
      broken !== undefined &&
      (broken === 'broken' || call.kind === broken || call.kind === 'admin');
    return isHit
      ? Promise.reject(
          new AppError(
            'warehouse_unavailable',
            'The warehouse is broken on purpose: a fault is injected.',
          ),
        )
      : run();
  });
}

/** Holds messages while the subscription is stuck; the client bounds how many it hands out. */
export function faultyIntake(faults: Faults): (take: () => void) => void {
  const held: (() => void)[] = [];
  faults.onChange(() => {
    if (faults.get('subscription') === undefined) for (const take of held.splice(0)) take();
  });
  return (take) => {
    if (faults.get('subscription') === undefined) take();
    else held.push(take);
  };
}

/** An ingester that is closed while it is to be stopped, and opened anew afterwards; its counters then start again. */
export async function stoppableIngest(
  open: () => Promise<Ingest>,
  faults: Faults,
  logger: Logger,
): Promise<Ingest> {
  let current = await open();
  let isStopped = false;
  let isClosed = false;
  let change = Promise.resolve();
  const follow = async () => {
    const isToStop = faults.get('ingest') === 'stopped';
    if (isClosed || isToStop === isStopped) return;
    isStopped = isToStop;
    if (isToStop) await current.close();
    else current = await open();
  };
  faults.onChange(() => {
    change = change
      .then(follow)
      .catch((error: unknown) => logger.error('fault_failed', { error, fault: 'ingest' }));
  });
  return {
    push: (...each) => current.push(...each),
    stats: () => current.stats(),
    isHealthy: () => !isStopped && current.isHealthy(),
    async close() {
      isClosed = true;
      await change;
      await current.close();
    },
  };
}
