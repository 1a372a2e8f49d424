/**
 * The ingester between Google's own Pub/Sub emulator and a GoogleSQL engine (the BigQuery emulator), killed and cut off from either.
 *
 * What was worked around, so that what is shown is about the ingester:
 * - Google's emulator keeps all in memory, so outages of Pub/Sub are made by a proxy, never by killing it. Its subscriptions have no
 *   retry policy here: with one, each lease that ends compares all delayed messages with one another, under the lock that
 *   publishes wait for, and the few thousand leases of a killed ingester hold it up for minutes.
 * - Google's emulator goes on delivering to a StreamingPull whose client was killed or cut off, for good: each such stream takes its
 *   share of the messages, again and again, until they are dead letters. So the proxy ends the requests of a broken connection in
 *   good order towards the emulator; the ingester sees a cut. Pub/Sub itself only waits for the leases of such a client.
 * - The BigQuery emulator deadlocks where tables are looked at beside appends; `startBigqueryEmulator` says how that is kept from it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { PubSub } from '@google-cloud/pubsub';
import test from 'ava';
import { ensureTopology, MAX_DELIVERY_ATTEMPTS, startIngest } from '../../ingest/index.ts';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import type { Stream } from '../../streams/index.ts';
import { startGoogleEmulator } from '../helpers/google-pubsub-emulator.ts';
import { startTcpProxy } from '../helpers/tcp-proxy.ts';
import { bigqueryOf, startBigquerySink } from './helpers/bigquery.ts';
import type { BigqueryAt } from './helpers/bigquery.ts';
import { startPublisher } from './helpers/payments-publisher.ts';
import { randomOf } from './helpers/random.ts';
import { clientOf, LIMITS, payment, PAYMENTS } from './helpers/rig.ts';

const ROUNDS = process.env['HIGHWATER_TEST_FULL'] === '1' ? 24 : 6;
/** `crash` is of the BigQuery emulator, `kill` of the ingester; in each order, in each other's wake. */
const FAULTS = ['kill', 'pubsub', 'crash', 'bigquery', 'both', 'kill'] as const;
/** Only a bound: what a killed ingester held comes back when its leases end, 60 s at most, and again where it was killed again. */
const DRAIN_DEADLINE_MS = 300_000;
const LOOK_INTERVAL_MS = 2_000;
const LEASE_SECONDS_MIN = 10;
const LEASE_MS_MAX = 60_000;
/** The fewest that Pub/Sub takes. */
const ATTEMPTS_MAX = 5;
/** A message whose leases were let go five times in this time would be a dead letter. */
const OUTAGE_MS = (ATTEMPTS_MAX + 1) * LEASE_SECONDS_MIN * 1_000;
const REFUNDS: Stream = {
  ...PAYMENTS,
  name: 'refunds',
  topic: 'refunds',
  subscription: 'refunds-ingest',
  deadLetterTopic: 'refunds-dead-letter',
};

const pubsubEmulator = await startGoogleEmulator();
const paymentsSink = await startBigquerySink('payments_sink');
const refundsSink = await startBigquerySink('refunds_sink');
const parts = [pubsubEmulator, paymentsSink, refundsSink];
test.after.always(async () => {
  for (const part of parts) if (part.kind === 'started') await part.close();
});

if (
  pubsubEmulator.kind === 'missing' ||
  paymentsSink.kind === 'missing' ||
  refundsSink.kind === 'missing'
) {
  const reasons = parts.flatMap((part) => (part.kind === 'missing' ? [part.reason] : []));
  const text = [...new Set(reasons)].join('; ');
  test('both emulators are there', (t) => {
    if (process.env['CI']) t.fail(text);
    else t.pass(`skipped: ${text}`);
    t.log(text);
  });
} else {
  const { port } = pubsubEmulator;

  test('every answered event is stored and read once through kills, outages of either side and poison', async (t) => {
    t.timeout(600_000);
    const seed = 11;
    const random = randomOf(seed);
    const sink = paymentsSink;
    const proxy = await startTcpProxy(port, { endsRequests: true });
    const children = new Set<ChildProcess>();
    const pubsub = clientOf(port);
    t.teardown(async () => {
      await Promise.all([...children].map((child) => end(child, 'SIGKILL')));
      await proxy.close();
      await pubsub.close();
    });
    await makeSubscription(pubsub, PAYMENTS, MAX_DELIVERY_ATTEMPTS);
    const start = () => startIngester(proxy.port, sink.proxied, children);
    let ingester = await start();
    // Beside the emulator: what was answered is known, whatever becomes of the ingester.
    const publisher = startPublisher(pubsub);
    for (let round = 0; round < ROUNDS; round += 1) {
      await systemClock.sleep(1_000 + random.below(1_500));
      const fault = FAULTS[round % FAULTS.length]!;
      if (fault === 'pubsub' || fault === 'both') proxy.cut();
      if (fault === 'bigquery' || fault === 'both') sink.cut();
      if (fault === 'crash') await sink.crash();
      if (fault !== 'kill') await systemClock.sleep(500 + random.below(2_000));
      if (fault === 'kill' || fault === 'both') await end(ingester, 'SIGKILL');
      proxy.mend();
      sink.mend();
      if (fault === 'kill' || fault === 'both') ingester = await start();
    }
    const killedAtMs = systemClock.monotonicMs();
    const { good, poison, unanswered } = await publisher.stop();
    t.true(good.size > 1_000, `published ${good.size}`);

    const read = `select payment_id from ${sink.proxied.dataset}.payments_deduplicated`;
    let stored: readonly string[] = [];
    let refused: readonly { readonly messageId: string; readonly text: string }[] = [];
    let missing: string[] = [];
    await sink.direct.prepare([PAYMENTS]);
    do {
      await systemClock.sleep(LOOK_INTERVAL_MS);
      stored = await sink.firstColumn(read);
      const records = await sink.direct.quarantined(PAYMENTS.name, { limit: 1_000 });
      refused = records.map(({ messageId, payload }) => {
        const text = Buffer.from(payload).toString('latin1');
        return { messageId, text: /(?:poison-|p)\d+/.exec(text)?.[0] ?? 'without an id' };
      });
      const there = new Set([...stored, ...refused.map(({ messageId }) => messageId)]);
      missing = [...good, ...poison.keys()].filter((id) => !there.has(id));
    } while (missing.length > 0 && systemClock.monotonicMs() < killedAtMs + DRAIN_DEADLINE_MS);
    const [writtenCount] = await sink.firstColumn(
      `select count(*) from ${sink.proxied.dataset}.payments where timestamp > timestamp '2000-01-01'`,
    );
    t.log(
      `seed ${seed}, ${ROUNDS} faults: ${good.size} good answered, ${stored.length} read, ${writtenCount} written; ` +
        `${poison.size} poison, ${refused.length} in quarantine; ${unanswered.size} publishes unanswered`,
    );
    t.deepEqual(missing.slice(0, 10), [], `${missing.length} missing, seed ${seed}`);
    t.is(new Set(stored).size, stored.length, 'each is read once');
    const strangers = stored.filter((id) => !good.has(id) && !unanswered.has(id));
    t.deepEqual(strangers, [], 'nothing else is stored');
    t.is(await sink.direct.rowCount(PAYMENTS), stored.length);
    const refusedOnce = new Set(refused.map(({ messageId }) => messageId));
    t.is(refusedOnce.size, refused.length, 'each refusal is read once');
    const healthy = refused.filter(({ text }) => !text.startsWith('poison-'));
    t.deepEqual(healthy, [], 'no healthy message is in quarantine');

    // Everything was acked: once the leases of those that were killed are over, nothing comes back.
    await systemClock.sleep(killedAtMs + LEASE_MS_MAX + 2_000 - systemClock.monotonicMs());
    await end(ingester, 'SIGTERM');
    await pubsub.topic(PAYMENTS.topic).publishMessage({ data: Buffer.from('the last one') });
    t.deepEqual(await receiveUntil(pubsub, PAYMENTS.subscription, 'the last one'), [
      'the last one',
    ]);
  });

  test('an outage of BigQuery longer than the leases of every delivery attempt makes no healthy message a dead letter', async (t) => {
    t.timeout(600_000);
    const sink = refundsSink;
    const pubsub = clientOf(port);
    t.teardown(() => pubsub.close());
    await makeSubscription(pubsub, REFUNDS, ATTEMPTS_MAX);
    const deadLetters: string[] = [];
    const review = pubsub.subscription(`${REFUNDS.name}-dead-letter-review`);
    review.on('message', (message) => {
      deadLetters.push(message.data.toString());
      message.ack();
    });
    t.teardown(() => review.close());
    const warehouse = bigqueryOf(sink.proxied, silentLogger);
    await warehouse.prepare([REFUNDS]);
    await sink.direct.prepare([REFUNDS]);
    t.teardown(() => warehouse.close());
    const logger = silentLogger;
    const limits = LIMITS;
    const streams = [REFUNDS];
    const ingest = await startIngest({
      pubsub,
      warehouse,
      streams,
      limits,
      clock: systemClock,
      logger,
    });
    t.teardown(() => ingest.close());
    const topic = pubsub.topic(REFUNDS.topic);
    const publish = async (from: number, to: number) => {
      for (let index = from; index < to; index += 1) {
        const timestamp = new Date(systemClock.nowMs()).toISOString();
        const event = payment(index, { timestamp });
        await topic.publishMessage({ data: Buffer.from(JSON.stringify(event)) });
      }
    };
    const storedBy = async (count: number) => {
      const endMs = systemClock.monotonicMs() + DRAIN_DEADLINE_MS;
      for (;;) {
        const rowCount = await sink.direct.rowCount(REFUNDS);
        if (rowCount >= count || systemClock.monotonicMs() > endMs) return rowCount;
        await systemClock.sleep(LOOK_INTERVAL_MS);
      }
    };

    await publish(0, 50);
    t.is(await storedBy(50), 50);
    sink.cut();
    await publish(50, 200);
    await systemClock.sleep(OUTAGE_MS);
    t.is(await sink.direct.rowCount(REFUNDS), 50, 'the outage was one');
    t.is(ingest.stats()[0]?.inFlightCount, 150, 'all of them are held');
    sink.mend();
    t.is(await storedBy(200), 200);
    t.log(`delivered ${ingest.stats()[0]?.receivedCount} times for 200 messages`);
    t.deepEqual(deadLetters, []);
    await ingest.close();

    // That it would have shown: a message that nobody holds on to becomes one.
    const deliveries: number[] = [];
    const careless = pubsub.subscription(REFUNDS.subscription);
    careless.on('message', (message) => {
      deliveries.push(message.deliveryAttempt);
      message.nack();
    });
    t.teardown(() => careless.close());
    await topic.publishMessage({ data: Buffer.from('let go') });
    const endMs = systemClock.monotonicMs() + DRAIN_DEADLINE_MS;
    while (deadLetters.length === 0 && systemClock.monotonicMs() < endMs) {
      await systemClock.sleep(100);
    }
    t.deepEqual(deadLetters, ['let go']);
    t.true(deliveries.length >= ATTEMPTS_MAX, `after ${deliveries.length} deliveries`);
  });
}

/** The stream's topics and subscriptions, with the shortest leases and no retry policy. */
async function makeSubscription(
  pubsub: PubSub,
  stream: Stream,
  maxDeliveryAttempts: number,
): Promise<void> {
  const { topic, subscription, deadLetterTopic } = stream;
  await pubsub.createTopic(topic);
  await pubsub.createTopic(deadLetterTopic);
  await pubsub.createSubscription(topic, subscription, {
    ackDeadlineSeconds: LEASE_SECONDS_MIN,
    deadLetterPolicy: {
      deadLetterTopic: pubsub.topic(deadLetterTopic).name,
      maxDeliveryAttempts,
    },
  });
  await ensureTopology(pubsub, [stream]);
}

/** Payloads that the subscription still holds, up to `last`, and those that come within a second of it. */
async function receiveUntil(pubsub: PubSub, name: string, last: string): Promise<string[]> {
  const received: string[] = [];
  const subscription = pubsub.subscription(name);
  await new Promise<void>((resolve, reject) => {
    subscription.on('error', reject);
    subscription.on('message', (message) => {
      const text = message.data.toString();
      received.push(text);
      message.ack();
      if (text === last) resolve();
    });
  });
  await systemClock.sleep(1_000);
  await subscription.close();
  return received;
}

async function startIngester(port: number, at: BigqueryAt, children: Set<ChildProcess>) {
  const path = join(import.meta.dirname, 'fixtures/ingester-bigquery.ts');
  const args = [path, String(port), at.dataset, at.endpoint, at.storageEndpoint];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  let output = '';
  const note = (text: string) => (output = (output + text).slice(-4_000));
  child.stderr.setEncoding('utf8').on('data', note);
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      note(text);
      if (text.includes('ready')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the ingester ended with ${code}: ${output}`)));
  });
  return child;
}

function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}
