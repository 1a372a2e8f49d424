/** One batch into the warehouse: a row that it refuses never holds back the rows beside it. */
import { isAppError, messageOf } from '../runtime/index.ts';
import type { AppendResult, NewRow } from '../warehouse/index.ts';

/** Failed appends without a single success after which the sink is at fault and not a row: 2 x log2(50,000) + 1. */
const ISOLATION_FAILURES_MAX = 33;

export type Append = (rows: readonly NewRow[]) => Promise<AppendResult | undefined>;

/** Whether the warehouse asks to be tried again. */
export function isWarehouseRetryable(error: unknown): boolean {
  return isAppError(error, 'warehouse_unavailable', 'disk_full', 'deadline_exceeded', 'locked');
}

/**
 * Appends `rows`. Where the append fails as a whole, it is halved until the rows at fault stand alone; these are
 * `rejected` only if `isSinkProven()` or a row beside them was stored, since otherwise the sink itself may be at fault.
 * `undefined` where `append` gave up.
 * @throws the warehouse's error where no row could be stored.
 */
export async function commitRows(
  append: Append,
  rows: readonly NewRow[],
  isSinkProven: () => boolean,
): Promise<AppendResult | undefined> {
  const rejected: { index: number; reason: string }[] = [];
  let committedCount = 0;
  let duplicateCount = 0;
  let failureCount = 0;
  let hasGivenUp = false;
  let firstError: unknown;

  const part = async (from: number, to: number): Promise<void> => {
    if (hasGivenUp) return;
    try {
      const result = await append(rows.slice(from, to));
      if (!result) {
        hasGivenUp = true;
        return;
      }
      committedCount += result.committedCount;
      duplicateCount += result.duplicateCount;
      for (const { index, reason } of result.rejected)
        rejected.push({ index: from + index, reason });
    } catch (error) {
      failureCount += 1;
      firstError ??= error;
      const isProven = committedCount + duplicateCount > 0 || isSinkProven();
      if (!isProven && failureCount > ISOLATION_FAILURES_MAX) throw error;
      if (to - from === 1) {
        rejected.push({ index: from, reason: messageOf(error) });
        return;
      }
      const middle = from + Math.floor((to - from) / 2);
      await part(from, middle);
      await part(middle, to);
    }
  };

  await part(0, rows.length);
  if (hasGivenUp) return undefined;
  if (firstError !== undefined && committedCount + duplicateCount === 0 && !isSinkProven()) {
    throw firstError;
  }
  return { committedCount, duplicateCount, rejected };
}
