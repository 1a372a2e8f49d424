/** The embedded server beside Google's emulator: one client script, publish and drain, on both. */
import type { PubSub } from '@google-cloud/pubsub';
import { systemClock } from '../runtime/index.ts';
import type { Bench } from './figure.ts';
import { median } from './figure.ts';
import { startGoogleEmulator } from './google-emulator.ts';
import { openClient, openServer, publishTransactions } from './rig.ts';
import { within } from './scratch.ts';

const ROUNDS = 3;
/** Streams of the draining client: its own default. Google's emulator gives each at most 100 messages every 50 ms. */
const STREAM_COUNT = 5;
const DRAIN_TIMEOUT_MS = 120_000;

export const pubsubBench: Bench = {
  name: 'pubsub',
  summary: "messages per second of the embedded server, beside Google's emulator",
  figures: [{ figure: 'ratio_to_emulator', unit: 'ratio' }],
  async run({ isShort, progress, scratch }) {
    const emulator = await startGoogleEmulator(scratch);
    if (emulator.kind === 'missing') return { kind: 'skipped', reason: emulator.reason };
    const server = await openServer(scratch);
    const servers = [
      { name: 'embedded', pubsub: openClient(scratch, server.address), rates: [] as number[] },
      { name: 'emulator', pubsub: openClient(scratch, emulator.address), rates: [] as number[] },
    ] as const;
    const messageCount = isShort ? 5_000 : 50_000;
    for (const { pubsub } of servers) await script(pubsub, 'warm-up', messageCount / 5);
    for (let round = 0; round < ROUNDS; round++) {
      for (const { name, pubsub, rates } of servers) {
        const { publishMs, drainMs } = await script(pubsub, `round-${round}`, messageCount);
        rates.push((messageCount * 1_000) / (publishMs + drainMs));
        progress(
          `${name}: published ${perSecond(messageCount, publishMs)}, drained ${perSecond(messageCount, drainMs)}`,
        );
      }
    }
    const [embedded, google] = servers;
    const ratio = median(embedded.rates.map((rate, round) => rate / google.rates[round]!));
    return { kind: 'measured', values: { ratio_to_emulator: ratio } };
  },
};

/** Creates a topic with a subscription, publishes, drains by streaming pull until every message was seen and acked. */
async function script(
  pubsub: PubSub,
  name: string,
  messageCount: number,
): Promise<{ publishMs: number; drainMs: number }> {
  const [topic] = await pubsub.createTopic(name);
  await topic.createSubscription(name, { ackDeadlineSeconds: 60 });
  const startedAtMs = systemClock.monotonicMs();
  await publishTransactions(pubsub, name, { from: 0, to: messageCount });
  const publishedAtMs = systemClock.monotonicMs();

  const subscription = pubsub.subscription(name, {
    flowControl: { maxMessages: 10_000 },
    streamingOptions: { maxStreams: STREAM_COUNT },
  });
  const seen = new Set<string>();
  const drained = new Promise<void>((resolve, reject) => {
    subscription.on('error', reject);
    subscription.on('message', (message) => {
      message.ack();
      seen.add(message.id);
      if (seen.size === messageCount) resolve();
    });
  });
  try {
    await within(drained, DRAIN_TIMEOUT_MS, `draining ${name}`);
  } finally {
    await subscription.close();
  }
  const drainMs = systemClock.monotonicMs() - publishedAtMs;
  await pubsub.subscription(name).delete();
  await pubsub.topic(name).delete();
  return { publishMs: publishedAtMs - startedAtMs, drainMs };
}

function perSecond(messageCount: number, elapsedMs: number): string {
  return `${Math.round((messageCount * 1_000) / elapsedMs)}/s`;
}
