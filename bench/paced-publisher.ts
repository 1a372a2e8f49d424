/** A process that publishes transactions at a steady rate; each event's time is the instant at which it was due. */
import { systemClock } from '../runtime/index.ts';
import { clientAt } from './rig.ts';
import { transaction } from './transactions.ts';

export interface PacedOptions {
  readonly address: string;
  readonly topic: string;
  readonly eventsPerSecond: number;
  readonly durationMs: number;
}

export interface PacedResult {
  readonly publishedCount: number;
  readonly failedCount: number;
  /** The most that an event left after it was due. */
  readonly behindMsMax: number;
}

const TICK_MS = 5;
/** Past this many unanswered messages the server is drowning; the rest is counted as failed, not kept in memory. */
const UNANSWERED_MAX = 50_000;

process.on('disconnect', () => process.exit(1));
const options = JSON.parse(process.argv[2] ?? '{}') as PacedOptions;
process.send?.(await publishPaced(options));
process.disconnect?.();

async function publishPaced(paced: PacedOptions): Promise<PacedResult> {
  const { address, topic: name, eventsPerSecond, durationMs } = paced;
  const pubsub = clientAt(address);
  const topic = pubsub.topic(name);
  const startedAtMs = systemClock.monotonicMs();
  const startedAtMicros = Math.round(systemClock.nowMs() * 1_000);
  const totalCount = Math.round((eventsPerSecond * durationMs) / 1_000);
  const counts = { published: 0, failed: 0, unanswered: 0 };
  let dueCount = 0;
  let behindMsMax = 0;
  while (dueCount < totalCount) {
    const elapsedMs = systemClock.monotonicMs() - startedAtMs;
    const nowDueCount = Math.min(totalCount, Math.floor((elapsedMs * eventsPerSecond) / 1_000));
    for (; dueCount < nowDueCount; dueCount++) {
      const dueMs = (dueCount * 1_000) / eventsPerSecond;
      behindMsMax = Math.max(behindMsMax, elapsedMs - dueMs);
      if (counts.unanswered >= UNANSWERED_MAX) {
        counts.failed += 1;
        continue;
      }
      counts.unanswered += 1;
      const event = transaction(dueCount, startedAtMicros + Math.round(dueMs * 1_000));
      topic
        .publishMessage({ data: Buffer.from(JSON.stringify(event)) })
        .then(
          () => (counts.published += 1),
          () => (counts.failed += 1),
        )
        .finally(() => (counts.unanswered -= 1));
    }
    await systemClock.sleep(TICK_MS);
  }
  while (counts.unanswered > 0) await systemClock.sleep(TICK_MS);
  await pubsub.close();
  return { publishedCount: counts.published, failedCount: counts.failed, behindMsMax };
}
