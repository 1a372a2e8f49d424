/** The warehouse as the API asks it: each query within a deadline, and none while a breaker says that they fail. */
import { AppError, isAppError } from '../../runtime/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import { observedWarehouse } from '../../warehouse/index.ts';
import type { Warehouse, WarehouseCall } from '../../warehouse/index.ts';
import { seconds } from '../auth/rate-headers.ts';
import { ServiceError } from '../problem.ts';
import { Breaker } from './breaker.ts';
import type { Admitted, BreakerState } from './breaker.ts';

export interface GuardOptions {
  /** A query that takes longer is given up: 504. */
  readonly queryTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface GuardedWarehouse {
  readonly warehouse: Warehouse;
  breakerState(): BreakerState;
}

/** Ingest keeps the warehouse as it is: it holds its leases and tries again by itself. */
export function guardedWarehouse(
  inner: Warehouse,
  { queryTimeoutMs, clock, logger }: GuardOptions,
): GuardedWarehouse {
  const breaker = new Breaker();
  let shown: BreakerState = 'closed';
  const note = (entry: Admitted, isGood: boolean) => {
    breaker.note(entry, isGood, clock.monotonicMs());
    const state = breaker.state(clock.monotonicMs());
    if (state === shown) return;
    shown = state;
    logger[state === 'closed' ? 'info' : 'warn']('warehouse_breaker', { state });
  };

  const query = async <T>({ operation }: WarehouseCall, run: () => Promise<T>): Promise<T> => {
    const entry = breaker.enter(clock.monotonicMs());
    if (!entry.isLetIn) throw isOpen(entry.waitMs);
    const timeout = Promise.withResolvers<never>();
    const timer = clock.setTimer(
      queryTimeoutMs,
      () => timeout.reject(new AppError('deadline_exceeded', `${operation} took too long.`)),
      true,
    );
    try {
      const result = await Promise.race([run(), timeout.promise]);
      note(entry, true);
      return result;
    } catch (error) {
      note(entry, !isAppError(error, 'warehouse_unavailable', 'deadline_exceeded'));
      throw error;
    } finally {
      timer.cancel();
    }
  };
  return {
    warehouse: observedWarehouse(inner, (call, run) =>
      call.kind === 'query' ? query(call, run) : run(),
    ),
    breakerState: () => breaker.state(clock.monotonicMs()),
  };
}

function isOpen(waitMs: number): ServiceError {
  return new ServiceError(
    'warehouse_unavailable',
    'The warehouse does not answer just now, and is left alone for a moment.',
    { headers: { 'Retry-After': String(seconds(waitMs)) } },
  );
}
