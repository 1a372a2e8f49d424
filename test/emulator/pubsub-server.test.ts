import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { PubSub } from '@google-cloud/pubsub';
import type { Message, Subscription } from '@google-cloud/pubsub';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { ServiceClientConstructor } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { startPubsubServer, startPubsubThread } from '../../emulator/index.ts';
import { loadServices } from '../../emulator/protos.ts';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import { eventually } from '../helpers/highwater-process.ts';

const OPTIONS = {
  host: '127.0.0.1',
  port: 0,
  storageBytesMax: 2 ** 26,
  clock: systemClock,
  logger: silentLogger,
};

function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'highwater-pubsub-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function connect(t: ExecutionContext, port: number): PubSub {
  const pubsub = new PubSub({
    projectId: 'test',
    apiEndpoint: `127.0.0.1:${port}`,
    emulatorMode: true,
  });
  t.teardown(() => pubsub.close());
  return pubsub;
}

async function start(
  t: ExecutionContext,
  options: Partial<typeof OPTIONS & { dataDir: string }> = {},
) {
  const server = await startPubsubServer({ ...OPTIONS, ...options });
  t.teardown(() => server.close());
  return { server, pubsub: connect(t, server.port) };
}

/** Acks what arrives; the array grows. */
function collect(t: ExecutionContext, subscription: Subscription): Message[] {
  const messages: Message[] = [];
  subscription.on('message', (message: Message) => {
    messages.push(message);
    message.ack();
  });
  subscription.on('error', () => {});
  t.teardown(() => subscription.close());
  return messages;
}

test('what a client publishes its subscriber receives, with attributes, and the backlog empties', async (t) => {
  const { server, pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  const [subscription] = await topic.createSubscription('events-a');
  const messageId = await topic.publishMessage({ data: Buffer.from('x'), attributes: { a: 'b' } });
  const [backlog] = await server.backlog();
  t.is(backlog?.subscription, 'projects/test/subscriptions/events-a');
  t.is(backlog?.undeliveredCount, 1);
  const messages = collect(t, subscription);
  await eventually('a message', () => messages.length === 1);
  t.is(messages[0]?.id, messageId);
  t.is(messages[0]?.data.toString(), 'x');
  t.deepEqual(messages[0]?.attributes, { a: 'b' });
  await eventually(
    'nothing undelivered',
    async () => (await server.backlog())[0]?.undeliveredCount === 0,
  );
});

test('a stream holds no more messages than it asked for', async (t) => {
  const { pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  await topic.createSubscription('events-a');
  const subscription = pubsub.subscription('events-a', {
    flowControl: { maxMessages: 3 },
    streamingOptions: { maxStreams: 1 },
  });
  const held: Message[] = [];
  subscription.on('message', (message: Message) => held.push(message));
  t.teardown(() => subscription.close());
  await Promise.all(
    Array.from({ length: 10 }, () => topic.publishMessage({ data: Buffer.from('x') })),
  );
  await eventually('3 held messages', () => held.length === 3);
  await systemClock.sleep(200);
  t.is(held.length, 3);
  for (let acked = 0; acked < 10; acked++) {
    await eventually('the next message', () => held.length > acked);
    held[acked]?.ack();
  }
});

test('a ping on a stream is answered, and a second subscription in it is refused', async (t) => {
  const { server, pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  await topic.createSubscription('events-a', { enableMessageOrdering: true });
  const client = rawSubscriber(t, server.port);
  const stream = client.StreamingPull!();
  const responses: Buffer[] = [];
  stream.on('data', (response: Buffer) => responses.push(response));
  const failed = once(stream, 'error');
  stream.write({
    subscription: 'projects/test/subscriptions/events-a',
    streamAckDeadlineSeconds: 10,
    protocolVersion: 1,
  });
  stream.write({});
  await eventually('a response', () => responses.length === 1);
  // subscription_properties (field 4): exactly-once false, ordering true
  t.deepEqual([...responses[0]!], [0x22, 4, 0x08, 0, 0x10, 1]);
  stream.write({ subscription: 'projects/test/subscriptions/events-a' });
  const [error] = (await failed) as [{ code: number; details: string }];
  t.is(error.code, 3);
  t.is(error.details, 'subscription may only be set in first message');
});

test('after five nacks a message arrives at the dead-letter topic with where it came from', async (t) => {
  const { pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  const [deadTopic] = await pubsub.createTopic('events-dead');
  const [deadSubscription] = await deadTopic.createSubscription('events-dead-a');
  const [subscription] = await topic.createSubscription('events-a', {
    deadLetterPolicy: { deadLetterTopic: deadTopic.name, maxDeliveryAttempts: 5 },
    retryPolicy: { minimumBackoff: { seconds: 0 }, maximumBackoff: { seconds: 0 } },
  });
  const attempts: number[] = [];
  subscription.on('message', (message: Message) => {
    attempts.push(message.deliveryAttempt);
    message.nack();
  });
  t.teardown(() => subscription.close());
  await topic.publishMessage({ data: Buffer.from('x'), attributes: { a: 'b' } });
  const dead = collect(t, deadSubscription);
  await eventually('a dead letter', () => dead.length === 1);
  t.deepEqual(attempts, [1, 2, 3, 4, 5]);
  t.is(dead[0]?.attributes.a, 'b');
  t.is(dead[0]?.attributes.CloudPubSubDeadLetterSourceDeliveryCount, '5');
  t.is(dead[0]?.attributes.CloudPubSubDeadLetterSourceSubscription, 'events-a');
  t.is(dead[0]?.attributes.CloudPubSubDeadLetterSourceSubscriptionProject, 'test');
});

test('a snapshot brings acked messages back, and a seek to now drops all', async (t) => {
  const { server, pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  const [subscription] = await topic.createSubscription('events-a');
  await topic.publishMessage({ data: Buffer.from('x') });
  await subscription.createSnapshot('before');
  const messages = collect(t, subscription);
  await eventually('a message', () => messages.length === 1);
  await eventually(
    'nothing undelivered',
    async () => (await server.backlog())[0]?.undeliveredCount === 0,
  );
  await subscription.seek('before');
  await eventually('2 messages', () => messages.length === 2);
  await topic.publishMessage({ data: Buffer.from('y') });
  await subscription.seek(new Date(systemClock.nowMs() + 1000));
  t.is((await server.backlog())[0]?.undeliveredCount, 0);
});

test('a filter lets only its messages through', async (t) => {
  const { pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  const [subscription] = await topic.createSubscription('events-a', {
    filter: 'attributes.kind = "order"',
  });
  const messages = collect(t, subscription);
  await topic.publishMessage({ attributes: { kind: 'refund' } });
  await topic.publishMessage({ attributes: { kind: 'order' } });
  await eventually('a message', () => messages.length === 1);
  t.is(messages[0]?.attributes.kind, 'order');
});

test('exactly-once confirms a first ack and refuses it after the lease is gone', async (t) => {
  const { server, pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  await topic.createSubscription('events-a', { enableExactlyOnceDelivery: true });
  const subscription = pubsub.subscription('events-a', { streamingOptions: { maxStreams: 1 } });
  const outcomes: string[] = [];
  subscription.on('message', (message: Message) => {
    void message.ackWithResponse().then((outcome) => outcomes.push(outcome));
  });
  t.teardown(() => subscription.close());
  await topic.publishMessage({ data: Buffer.from('x') });
  await eventually('an outcome', () => outcomes.length === 1);
  t.deepEqual(outcomes, ['SUCCESS']);
  t.is((await server.backlog())[0]?.undeliveredCount, 0);
  const client = rawSubscriber(t, server.port);
  const request = { subscription: 'projects/test/subscriptions/events-a', ackIds: ['1-2-3'] };
  const error = await new Promise<{ code: number; metadata: { get(key: string): unknown[] } }>(
    (resolve) => client.Acknowledge!(request, resolve),
  );
  t.is(error.code, 3);
  t.regex(
    String(error.metadata.get('grpc-status-details-bin')[0]),
    /PERMANENT_FAILURE_INVALID_ACK_ID/,
  );
});

test('beyond its size limit a publish is refused with what to do, and acks make room', async (t) => {
  const { pubsub } = await start(t, { storageBytesMax: 3_000 });
  const [topic] = await pubsub.createTopic('events');
  const [subscription] = await topic.createSubscription('events-a');
  const options = { gaxOpts: { retry: null } };
  const hasty = pubsub.topic('events', options);
  await hasty.publishMessage({ data: Buffer.alloc(2_500) });
  const error = await t.throwsAsync(hasty.publishMessage({ data: Buffer.alloc(2_500) }));
  t.regex(error.message, /RESOURCE_EXHAUSTED.*limit is 3000.*PUBSUB_STORAGE_BYTES_MAX/);
  const messages = collect(t, subscription);
  await eventually('a message', () => messages.length === 1);
  await eventually('a publish that is taken', () =>
    hasty.publishMessage({ data: Buffer.alloc(2_500) }).then(
      () => true,
      () => false,
    ),
  );
});

test('topics, subscriptions, unacked messages and acks survive a restart', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await startPubsubServer({ ...OPTIONS, dataDir });
  const pubsub = connect(t, first.port);
  const [topic] = await pubsub.createTopic('events');
  const [subscription] = await topic.createSubscription('events-a');
  const early = collect(t, subscription);
  await topic.publishMessage({ data: Buffer.from('acked') });
  await eventually(
    'one message, acked',
    async () => early.length === 1 && (await first.backlog())[0]?.undeliveredCount === 0,
  );
  await subscription.close();
  const messageId = await topic.publishMessage({ data: Buffer.from('unacked') });
  await first.close();
  const { pubsub: later } = await start(t, { dataDir });
  const messages = collect(t, later.subscription('events-a'));
  await eventually('a message', () => messages.length >= 1);
  t.deepEqual(
    messages.map((message) => [message.id, message.data.toString()]),
    [[messageId, 'unacked']],
  );
  const nextId = await later.topic('events').publishMessage({ data: Buffer.from('x') });
  t.true(Number(nextId) > Number(messageId));
});

test('a seek, a snapshot and what topic retention keeps survive a restart', async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await startPubsubServer({ ...OPTIONS, dataDir });
  const pubsub = connect(t, first.port);
  const [topic] = await pubsub.createTopic({
    name: 'events',
    messageRetentionDuration: { seconds: 600 },
  });
  await topic.publishMessage({ data: Buffer.from('early') });
  const [subscription] = await topic.createSubscription('events-a');
  await topic.publishMessage({ data: Buffer.from('late'), orderingKey: '' });
  await subscription.createSnapshot('before');
  await subscription.seek(new Date(1000));
  t.is((await first.backlog())[0]?.undeliveredCount, 2);
  await first.close();
  const { server, pubsub: later } = await start(t, { dataDir });
  t.is((await server.backlog())[0]?.undeliveredCount, 2);
  await later.subscription('events-a').seek('before');
  const messages = collect(t, later.subscription('events-a'));
  await eventually(
    'nothing undelivered',
    async () => (await server.backlog())[0]?.undeliveredCount === 0,
  );
  t.deepEqual(
    messages.map(({ data }) => data.toString()),
    ['late'],
  );
});

test('two subscribers of one subscription share its messages', async (t) => {
  const { pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  await topic.createSubscription('events-a');
  const both = [0, 1].map(() =>
    collect(t, pubsub.subscription('events-a', { streamingOptions: { maxStreams: 1 } })),
  );
  await systemClock.sleep(300);
  await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      topic.publishMessage({ data: Buffer.from(String(index)) }),
    ),
  );
  await eventually('100 messages', () => both[0]!.length + both[1]!.length === 100);
  t.true(both.every((messages) => messages.length >= 10));
});

test('messages of one key arrive in order', async (t) => {
  const { pubsub } = await start(t);
  const [topic] = await pubsub.createTopic('events');
  const [subscription] = await topic.createSubscription('events-a', {
    enableMessageOrdering: true,
  });
  const ordered = pubsub.topic('events', { messageOrdering: true, batching: { maxMessages: 7 } });
  const messages = collect(t, subscription);
  await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      ordered.publishMessage({ data: Buffer.from(String(index)), orderingKey: `k${index % 3}` }),
    ),
  );
  await eventually('60 messages', () => messages.length === 60);
  for (const key of ['k0', 'k1', 'k2']) {
    const seen = messages
      .filter(({ orderingKey }) => orderingKey === key)
      .map(({ data }) => Number(data.toString()));
    t.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
  }
});

test('every publish that was answered survives a kill -9', async (t) => {
  const dataDir = temporaryFolder(t);
  const child = fork(new URL('./server-process.ts', import.meta.url), [dataDir]);
  t.teardown(() => child.kill('SIGKILL'));
  const [port] = (await once(child, 'message')) as [number];
  const pubsub = connect(t, port);
  const [topic] = await pubsub.createTopic('events');
  await topic.createSubscription('events-a');
  const answered = new Set<string>();
  const publishes = Array.from({ length: 2_000 }, (_, index) =>
    topic.publishMessage({ data: Buffer.from(String(index)) }).then(
      (messageId) => answered.add(messageId),
      () => {},
    ),
  );
  await eventually('500 answers', () => answered.size >= 500);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const atKill = new Set(answered);
  const { pubsub: later } = await start(t, { dataDir });
  const messages = collect(t, later.subscription('events-a'));
  await eventually('all of them again', () => {
    const received = new Set(messages.map(({ id }) => id));
    return [...atKill].every((id) => received.has(id));
  });
  t.pass();
  void publishes;
});

test('a second server on the same data folder is told who holds it', async (t) => {
  const dataDir = temporaryFolder(t);
  await start(t, { dataDir });
  const error = await t.throwsAsync(startPubsubServer({ ...OPTIONS, dataDir }), { code: 'locked' });
  t.true(error.message.includes(dataDir));
});

test('the server in a thread serves, reports its backlog and says which port is taken', async (t) => {
  const thread = await startPubsubThread(OPTIONS);
  const pubsub = connect(t, thread.port);
  const [topic] = await pubsub.createTopic('events');
  await topic.createSubscription('events-a');
  await topic.publishMessage({ data: Buffer.from('x') });
  t.is((await thread.backlog())[0]?.undeliveredCount, 1);
  const error = await t.throwsAsync(startPubsubThread({ ...OPTIONS, port: thread.port }), {
    code: 'address_in_use',
  });
  t.regex(error.message, new RegExp(`${thread.port}.*PUBSUB_PORT`));
  await thread.close();
  t.is(await thread.exited, undefined);
});

test('schemas and IAM answer UNIMPLEMENTED with a sentence', async (t) => {
  const { pubsub } = await start(t);
  const error = await t.throwsAsync(pubsub.createSchema('s', 'AVRO', '{}'));
  t.regex(error.message, /UNIMPLEMENTED.*does not support schemas/);
  const iamError = await t.throwsAsync(pubsub.topic('events').iam.getPolicy());
  t.regex(iamError.message, /UNIMPLEMENTED.*does not support IAM/);
});

test('bytes that are no request fail their call and nothing else', async (t) => {
  const { server, pubsub } = await start(t);
  await pubsub.createTopic('events');
  const Client = makeGenericClientConstructor(
    {
      Publish: rawMethod('Publisher/Publish', false),
      StreamingPull: rawMethod('Subscriber/StreamingPull', true),
    },
    'Raw',
  );
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  t.teardown(() => client.close());
  for (const bytes of [[0x12, 0x7f], [0xff, 0xff], [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x00]]) {
    const error = await new Promise((resolve) => client.Publish!(Buffer.from(bytes), resolve));
    t.truthy(error);
  }
  const stream = client.StreamingPull!();
  const failed = once(stream, 'error');
  stream.write(Buffer.from([0x0a, 0x7f]));
  await failed;
  t.true((await pubsub.topic('events').exists())[0]);
});

function rawMethod(path: string, isStream: boolean) {
  return {
    path: `/google.pubsub.v1.${path}`,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  };
}

function asBytes(bytes: Buffer): Buffer {
  return bytes;
}

function rawSubscriber(t: ExecutionContext, port: number) {
  const services = loadServices();
  const definition = {
    ...services.subscriber,
    StreamingPull: {
      ...services.subscriber.StreamingPull!,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  };
  const Client: ServiceClientConstructor = makeGenericClientConstructor(definition, 'Subscriber');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  t.teardown(() => client.close());
  return client;
}
