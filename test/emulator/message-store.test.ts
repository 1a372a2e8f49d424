import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { Broker } from '../../emulator/broker.ts';
import { defineSubscription, defineTopic } from '../../emulator/definitions.ts';
import { SqliteMessageStore } from '../../emulator/message-store-sqlite.ts';
import { buildSegment } from '../../emulator/segment.ts';
import { bytesField } from '../../emulator/wire.ts';
import { readPublishRequest } from '../../emulator/wire-requests.ts';
import { silentLogger, systemClock } from '../../runtime/index.ts';

test('what was committed is loaded again, and payloads are read back from disk', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'highwater-store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { segment, payload, messageIds } = buildSegment({
    id: 1,
    topicId: 2,
    firstMessageId: 41,
    publishAtMs: 1_714_219_200_123,
    bytes: Buffer.from([0x0a, 1, 0x78, 0x0a, 1, 0x79]),
    messages: [
      { start: 0, end: 3, orderingKey: 'k' },
      { start: 3, end: 6, orderingKey: '' },
    ],
  });
  t.deepEqual(messageIds, ['41', '42']);
  const first = new SqliteMessageStore(folder);
  first.load();
  first.commit({
    segments: [{ segment, payload }],
    holdings: [{ holderId: 3, segmentId: 1, unacked: Uint8Array.of(0b10) }],
    resources: [{ id: 3, kind: 'subscription', json: '{}' }],
    nextIds: { resource: 4, segment: 2, message: 43 },
  });
  first.close();
  const second = new SqliteMessageStore(folder);
  t.teardown(() => second.close());
  const state = second.load();
  t.deepEqual(state.segments, [segment]);
  t.deepEqual(state.nextIds, { resource: 4, segment: 2, message: 43 });
  t.deepEqual([...state.holdings[0]!.unacked], [0b10]);
  t.is(state.runId, 2);
  t.deepEqual(second.payload(state.segments[0]!), payload);
  t.throws(() => new DatabaseSync(join(folder, 'pubsub.sqlite')).exec('SELECT * FROM meta'), {
    message: /locked/,
  });
});

test('a failed commit stores nothing of its batch', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'highwater-store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const store = new SqliteMessageStore(folder);
  t.teardown(() => store.close());
  const isBroken = { id: 2, kind: 'topic', json: undefined as unknown as string } as const;
  t.throws(() => store.commit({ resources: [{ id: 1, kind: 'topic', json: '{}' }, isBroken] }));
  t.deepEqual(store.load().resources, []);
});

test('a full disk refuses the publish with what to do, and what fits is stored afterwards', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'highwater-store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const store = new SqliteMessageStore(folder, 20);
  const broker = new Broker({
    store,
    storageBytesMax: 2 ** 30,
    clock: systemClock,
    logger: silentLogger,
  });
  t.teardown(() => broker.close(new Error('closed')));
  const topic = broker.addTopic(defineTopic({ name: 'projects/p/topics/events' }));
  const name = 'projects/p/subscriptions/events-a';
  broker.addSubscription(topic, defineSubscription({ name, topic: topic.definition.name }));
  const publish = (byteCount: number) => {
    const message = bytesField(2, bytesField(1, Buffer.alloc(byteCount)));
    const { bytes, messages } = readPublishRequest(message);
    return broker.publish(topic, bytes, messages);
  };
  const error = await t.throwsAsync(publish(200_000), { name: 'PubsubStatusError' });
  t.regex(error.message, /disk of the data folder .* is full/);
  t.is((await publish(100)).length, 1);
  t.is(broker.subscription(name).queue.unackedCount, 1);
});
