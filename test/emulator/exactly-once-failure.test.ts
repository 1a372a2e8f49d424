import { PubSub, v1 } from '@google-cloud/pubsub';
import type { Message } from '@google-cloud/pubsub';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { Metadata, ServiceClientConstructor } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { startPubsubServer } from '../../emulator/index.ts';
import { loadServices } from '../../emulator/protos.ts';
import { silentLogger, systemClock } from '../../runtime/index.ts';

const WAIT_MS = 20_000;
/** What every gRPC library takes of trailers; the status and its sentence share it. */
const DETAILS_TRAILER_BYTES_MAX = 7_200;
const SUBSCRIPTION = 'projects/test/subscriptions/events-a';

async function startExactlyOnce(t: ExecutionContext, messageCount: number) {
  const server = await startPubsubServer({
    host: '127.0.0.1',
    port: 0,
    storageBytesMax: 2 ** 26,
    clock: systemClock,
    logger: silentLogger,
  });
  t.teardown(() => server.close());
  const pubsub = new PubSub({
    projectId: 'test',
    apiEndpoint: server.address,
    emulatorMode: true,
  });
  t.teardown(() => pubsub.close());
  const [topic] = await pubsub.createTopic('events');
  await topic.createSubscription('events-a', {
    enableExactlyOnceDelivery: true,
    ackDeadlineSeconds: 600,
  });
  await Promise.all(
    Array.from({ length: messageCount }, () => topic.publishMessage({ data: Buffer.from('x') })),
  );
  const backlog = async () => (await server.backlog())[0]?.undeliveredCount;
  return { pubsub, port: server.port, backlog };
}

interface Answer {
  readonly code: number;
  readonly details: string;
  readonly info: string;
  readonly trailerBytes: number;
}

/** The subscriber service without the client library's retries. */
function rawClient(t: ExecutionContext, port: number) {
  const Client: ServiceClientConstructor = makeGenericClientConstructor(
    loadServices().subscriber,
    'Subscriber',
  );
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  t.teardown(() => client.close());
  const call = (method: string, request: object) =>
    new Promise<Answer>((resolve) => {
      type Failure = { code: number; details: string; metadata: Metadata };
      client[method]!(request, (error: Failure | null) => {
        const info = error?.metadata.get('grpc-status-details-bin')[0] ?? '';
        resolve({
          code: error?.code ?? 0,
          details: error?.details ?? '',
          info: info.toString(),
          trailerBytes: Buffer.from(info).toString('base64').length,
        });
      });
    });
  return { call };
}

function subscriberClient(port: number) {
  return new v1.SubscriberClient({
    projectId: 'test',
    servicePath: '127.0.0.1',
    port,
    sslCreds: credentials.createInsecure(),
  });
}

/** Ack ids of messages, leased from now on. */
async function pullAckIds(port: number, count: number): Promise<string[]> {
  const subscriber = subscriberClient(port);
  try {
    const [response] = await subscriber.pull({ subscription: SUBSCRIPTION, maxMessages: count });
    return (response.receivedMessages ?? []).map(({ ackId }) => ackId ?? '');
  } finally {
    await subscriber.close();
  }
}

const stale = (count: number) => Array.from({ length: count }, (_, index) => `zz-1-${index + 100}`);

for (const method of ['Acknowledge', 'ModifyAckDeadline']) {
  test(`${method} names each of 100 failed ids, and the valid one beside them is applied`, async (t) => {
    const { port, backlog } = await startExactlyOnce(t, 1);
    const client = rawClient(t, port);
    const [valid] = await pullAckIds(port, 1);
    const failing = stale(100);
    const request = {
      subscription: SUBSCRIPTION,
      ackIds: [...failing, valid, valid],
      ackDeadlineSeconds: 0,
    };
    const { code, info, trailerBytes } = await client.call(method, request);
    t.is(code, 3);
    t.deepEqual(
      failing.filter((ackId) => !info.includes(`${ackId}\u0012`)),
      [],
    );
    t.false(info.includes(`${valid!}\u0012`));
    t.true(trailerBytes <= DETAILS_TRAILER_BYTES_MAX, `${trailerBytes} bytes`);
    t.is(await backlog(), method === 'Acknowledge' ? 0 : 1);
    if (method === 'ModifyAckDeadline') t.is((await pullAckIds(port, 1)).length, 1);
  });

  test(`${method} applies nothing and names none where more ids fail than it can name`, async (t) => {
    const { port, backlog } = await startExactlyOnce(t, 1);
    const client = rawClient(t, port);
    const [valid] = await pullAckIds(port, 1);
    const request = {
      subscription: SUBSCRIPTION,
      ackIds: [valid, ...stale(150)],
      ackDeadlineSeconds: 0,
    };
    const { code, details, info } = await client.call(method, request);
    t.is(code, 3);
    t.regex(details, /^150 of 151 acknowledgement ids in the request were invalid/);
    t.is(info, '');
    t.is(await backlog(), 1);
    const again = { subscription: SUBSCRIPTION, ackIds: [valid] };
    t.is((await client.call('Acknowledge', again)).code, 0);
    t.is(await backlog(), 0);
  });
}

test('one overlong ack id is refused and not sent back', async (t) => {
  const { port } = await startExactlyOnce(t, 0);
  const client = rawClient(t, port);
  const request = { subscription: SUBSCRIPTION, ackIds: ['x'.repeat(20_000)] };
  const { code, info } = await client.call('Acknowledge', request);
  t.is(code, 3);
  t.is(info, '');
});

test('the client library takes none of 300 acks as done after their leases are gone', async (t) => {
  const count = 300;
  const { pubsub, backlog } = await startExactlyOnce(t, count);
  const subscription = pubsub.subscription('events-a', { streamingOptions: { maxStreams: 1 } });
  const messages: Message[] = [];
  subscription.on('message', (message: Message) => void messages.push(message));
  subscription.on('error', () => {});
  t.teardown(() => subscription.close());
  const deadlineMs = systemClock.monotonicMs() + WAIT_MS;
  while (messages.length < count && systemClock.monotonicMs() < deadlineMs) {
    await systemClock.sleep(10);
  }
  t.is(messages.length, count);
  const held = messages.slice(0, count);
  await subscription.seek(new Date(1000));
  const outcomes = await Promise.allSettled(held.map((message) => message.ackWithResponse()));
  t.deepEqual(
    outcomes.filter(({ status }) => status === 'fulfilled'),
    [],
  );
  t.is(await backlog(), count);
});

test('a snapshot and a subscription without a name get one in their project', async (t) => {
  const { port } = await startExactlyOnce(t, 0);
  const subscriber = subscriberClient(port);
  t.teardown(() => subscriber.close());
  const [snapshot] = await subscriber.createSnapshot({ subscription: SUBSCRIPTION });
  t.regex(snapshot.name ?? '', /^projects\/test\/snapshots\/snapshot-[0-9a-f-]{36}$/);
  const [subscription] = await subscriber.createSubscription({
    topic: 'projects/test/topics/events',
  });
  t.regex(subscription.name ?? '', /^projects\/test\/subscriptions\/subscription-[0-9a-f-]{36}$/);
});
