/** Work on many items, a few at a time. */

/** Does `work` on each item in order, at most `concurrencyMax` at once; rejects with the first that fails. */
export async function eachOf<T>(
  items: readonly T[],
  concurrencyMax: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const workers = Array.from({ length: concurrencyMax }, async () => {
    for (const item of left) await work(item);
  });
  await Promise.all(workers);
}
