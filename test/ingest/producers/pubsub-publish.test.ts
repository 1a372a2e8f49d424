import test from 'ava';
import type { ExecutionContext } from 'ava';
import { PubSub } from '@google-cloud/pubsub';
import { startPubsubServer } from '../../../emulator/index.ts';
import { publishTo, simulate } from '../../../ingest/producers/index.ts';
import { silentLogger, systemClock } from '../../../runtime/index.ts';

async function openPubsub(t: ExecutionContext): Promise<PubSub> {
  const server = await startPubsubServer({
    host: '127.0.0.1',
    port: 0,
    storageBytesMax: 64 * 2 ** 20,
    clock: systemClock,
    logger: silentLogger,
  });
  const apiEndpoint = `127.0.0.1:${server.port}`;
  const pubsub = new PubSub({ projectId: 'test', apiEndpoint, emulatorMode: true });
  t.teardown(async () => {
    await pubsub.close();
    await server.close();
  });
  return pubsub;
}

test('What the simulator sends arrives, every message once, as its summary says.', async (t) => {
  const pubsub = await openPubsub(t);
  const [topic] = await pubsub.createTopic('transactions');
  const [subscription] = await topic.createSubscription('all');
  const shares = { malformedRatio: 0.1, duplicateRatio: 0.1, isGzip: true };
  const summary = await simulate({
    publish: publishTo(pubsub, 'transactions'),
    ratePerSecond: 5_000,
    count: 1_000,
    clock: systemClock,
    ...shares,
  });
  t.is(summary.answeredCount, 1_000, summary.lastError ?? '');
  const received = new Map<string, string | undefined>();
  subscription.on('message', (message) => {
    received.set(message.id, message.attributes.producer);
    message.ack();
  });
  const deadlineMs = systemClock.monotonicMs() + 20_000;
  while (received.size < 1_000 && systemClock.monotonicMs() < deadlineMs) {
    await systemClock.sleep(20);
  }
  await subscription.close();
  t.is(received.size, 1_000);
  t.deepEqual([...new Set(received.values())], ['highwater-simulator']);
});

test('A topic that does not exist is counted with its name, never swallowed.', async (t) => {
  const pubsub = await openPubsub(t);
  const summary = await simulate({
    publish: publishTo(pubsub, 'nowhere'),
    ratePerSecond: 1_000,
    count: 5,
    clock: systemClock,
  });
  t.is(summary.failedCount, 5);
  t.regex(summary.lastError ?? '', /Topic nowhere did not take the message/);
});
