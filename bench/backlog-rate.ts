/** How fast a subscriber empties the backlog of a subscription. */
import type { PubsubServer } from '../emulator/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { until } from './scratch.ts';

const RUN_TIMEOUT_MS = 180_000;

/** Events per second from the start of the subscriber until the server has every ack of the backlog. */
export async function backlogRate(
  server: PubsubServer,
  { subscription }: Stream,
  eventCount: number,
  start: () => Promise<{ close(): Promise<void> }>,
): Promise<number> {
  const undeliveredCount = async () =>
    (await server.backlog()).find((row) => row.subscription.endsWith(`/${subscription}`))
      ?.undeliveredCount;
  const before = await undeliveredCount();
  if (before !== eventCount) throw new Error(`${subscription} holds ${before} of ${eventCount}`);
  const startedAtMs = systemClock.monotonicMs();
  const subscriber = await start();
  await until(async () => (await undeliveredCount()) === 0, {
    what: `emptying ${subscription}`,
    timeoutMs: RUN_TIMEOUT_MS,
  });
  const elapsedMs = systemClock.monotonicMs() - startedAtMs;
  await subscriber.close();
  return (eventCount * 1_000) / elapsedMs;
}
