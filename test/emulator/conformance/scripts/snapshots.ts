/** Snapshots, and seeking to one or to an instant. */
import { systemClock } from '../../../../runtime/index.ts';
import type { Clients } from '../clients.ts';
import { ONE_ATTEMPT, sortedTexts } from '../clients.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

export const snapshotScripts: readonly Script[] = [
  script(
    'snapshot-create-get-list-delete',
    async (c) => {
      const subscription = await c.createPair();
      const [created] = await c.subscriber.createSnapshot(
        { name: c.snapshot(), subscription, labels: { a: 'b' } },
        ONE_ATTEMPT,
      );
      const [read] = await c.subscriber.getSnapshot({ snapshot: c.snapshot() }, ONE_ATTEMPT);
      const [all] = await c.subscriber.listSnapshots(
        { project: `projects/${c.project}` },
        ONE_ATTEMPT,
      );
      const [ofTopic] = await c.publisher.listTopicSnapshots({ topic: c.topic() }, ONE_ATTEMPT);
      const { expireTime, ...rest } = created;
      const days = (Number(expireTime?.seconds) - systemClock.nowMs() / 1_000) / 86_400;
      return {
        created: c.view(rest),
        expiresInDays: Math.round(days),
        isReadTheSame: JSON.stringify(read) === JSON.stringify(created),
        all: c.view(all.map(({ name }) => name)),
        ofTopic: c.view(ofTopic),
        ...(await c.outcomes({
          delete: () => c.subscriber.deleteSnapshot({ snapshot: c.snapshot() }, ONE_ATTEMPT),
          get: () => c.subscriber.getSnapshot({ snapshot: c.snapshot() }, ONE_ATTEMPT),
        })),
      };
    },
    {
      created: {
        name: 'projects/PROJECT/snapshots/snapshot',
        topic: 'projects/PROJECT/topics/topic',
      },
      expiresInDays: 7,
      isReadTheSame: true,
      all: ['projects/PROJECT/snapshots/snapshot'],
      ofTopic: ['projects/PROJECT/snapshots/snapshot'],
      delete: 'OK',
      get: 'NOT_FOUND: Snapshot does not exist',
    },
  ),
  script(
    'snapshot-refusals',
    async (c) => {
      const subscription = await c.createPair();
      await createSnapshot(c);
      await c.createTopic('other');
      const elsewhere = await c.createSubscription({ topic: c.topic('other') }, 'elsewhere');
      const create = (name: string, of = subscription) =>
        c.subscriber.createSnapshot({ name, subscription: of }, ONE_ATTEMPT);
      return c.outcomes({
        exists: () => createSnapshot(c),
        'bad name': () => create('nonsense'),
        'too short a name': () => create(c.snapshot('ab')),
        'missing subscription': () => create(c.snapshot('other'), c.subscription('missing')),
        'get missing': () => c.subscriber.getSnapshot({ snapshot: c.snapshot('no') }, ONE_ATTEMPT),
        'delete missing': () =>
          c.subscriber.deleteSnapshot({ snapshot: c.snapshot('missing') }, ONE_ATTEMPT),
        'seek to missing': () =>
          c.subscriber.seek({ subscription, snapshot: c.snapshot('missing') }, ONE_ATTEMPT),
        "seek to another topic's": () =>
          c.subscriber.seek({ subscription: elsewhere, snapshot: c.snapshot() }, ONE_ATTEMPT),
        'seek to nothing': () => c.subscriber.seek({ subscription }, ONE_ATTEMPT),
        'seek of missing subscription': () =>
          c.subscriber.seek(
            { subscription: c.subscription('missing'), time: { seconds: 1 } },
            ONE_ATTEMPT,
          ),
      });
    },
    {
      exists: 'ALREADY_EXISTS: Snapshot already exists',
      'bad name': 'INVALID_ARGUMENT: Invalid [snapshots] name: (name=nonsense)',
      'too short a name':
        'INVALID_ARGUMENT: Invalid [snapshots] name: (name=projects/PROJECT/snapshots/ab)',
      'missing subscription': 'NOT_FOUND: Subscription does not exist',
      'get missing':
        'INVALID_ARGUMENT: Invalid [snapshots] name: (name=projects/PROJECT/snapshots/no)',
      'delete missing': 'NOT_FOUND: Snapshot does not exist',
      'seek to missing': 'NOT_FOUND: Snapshot does not exist',
      "seek to another topic's":
        "FAILED_PRECONDITION: The subscription's topic projects/PROJECT/topics/other is different from that of the snapshot projects/PROJECT/topics/topic; they must match in order for Seek work. Note that if a topic is deleted and then re-created with the same name, it is considered a distinct topic for these purposes.",
      'seek to nothing':
        'INVALID_ARGUMENT: No target was specified in the SeekRequest. Must specify either a time or a snapshot',
      'seek of missing subscription': 'NOT_FOUND: Subscription does not exist',
    },
  ),
  script(
    'snapshot-update',
    async (c) => {
      await c.createPair();
      await createSnapshot(c);
      const update = (paths: string[]) =>
        c.subscriber.updateSnapshot(
          { snapshot: { name: c.snapshot(), labels: { a: 'b' } }, updateMask: { paths } },
          ONE_ATTEMPT,
        );
      return c.outcomes({
        labels: () => update(['labels']),
        'no mask': () => update([]),
        'unknown path': () => update(['nonsense']),
      });
    },
    {
      labels: 'UNIMPLEMENTED: Method google.pubsub.v1.Subscriber/UpdateSnapshot is unimplemented',
      'no mask':
        'UNIMPLEMENTED: Method google.pubsub.v1.Subscriber/UpdateSnapshot is unimplemented',
      'unknown path':
        'UNIMPLEMENTED: Method google.pubsub.v1.Subscriber/UpdateSnapshot is unimplemented',
    },
  ),
  script(
    'seek-to-snapshot',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['acked before', 'unacked']);
      const before = await c.take(subscription, 2);
      await c.acknowledge(
        subscription,
        before.filter((received) => sortedTexts([received])[0] === 'acked before'),
      );
      await createSnapshot(c);
      await c.publish(['after']);
      await c.acknowledge(subscription, await c.take(subscription, 1));
      await c.subscriber.seek({ subscription, snapshot: c.snapshot() }, ONE_ATTEMPT);
      return sortedTexts(await c.take(subscription, 3, 1_500));
    },
    ['after', 'unacked'],
  ),
  script(
    'seek-another-subscription-to-snapshot',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['a']);
      await createSnapshot(c);
      const fresh = await c.createSubscription({}, 'fresh');
      await c.subscriber.deleteSubscription({ subscription }, ONE_ATTEMPT);
      await c.subscriber.seek({ subscription: fresh, snapshot: c.snapshot() }, ONE_ATTEMPT);
      return sortedTexts(await c.take(fresh, 1, 1_500));
    },
    [],
  ),
  script(
    'seek-to-the-past-with-retained',
    async (c) => {
      const subscription = await c.createPair({ retainAckedMessages: true });
      await c.publish(['acked', 'leased']);
      const [acked] = await c.take(subscription, 2);
      await c.acknowledge(subscription, [acked!]);
      await c.subscriber.seek({ subscription, time: hoursFromNow(-1) }, ONE_ATTEMPT);
      return sortedTexts(await c.take(subscription, 3, 1_500));
    },
    ['acked', 'leased'],
  ),
  script(
    'seek-to-the-past-without-retained',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['acked']);
      await c.acknowledge(subscription, await c.take(subscription, 1));
      await c.publish(['leased', 'fresh']);
      await c.take(subscription, 1);
      await c.subscriber.seek({ subscription, time: hoursFromNow(-1) }, ONE_ATTEMPT);
      return sortedTexts(await c.take(subscription, 3, 1_500));
    },
    ['fresh', 'leased'],
  ),
  script(
    'seek-to-topic-retained',
    async (c) => {
      await c.publisher.createTopic(
        { name: c.topic(), messageRetentionDuration: { seconds: 600 } },
        ONE_ATTEMPT,
      );
      await c.publish(['before the subscription']);
      const subscription = await c.createSubscription();
      await c.subscriber.seek({ subscription, time: hoursFromNow(-1) }, ONE_ATTEMPT);
      return sortedTexts(await c.take(subscription, 1, 1_500));
    },
    ['before the subscription'],
  ),
  script(
    'seek-to-an-instant-between',
    async (c) => {
      const subscription = await c.createPair({ retainAckedMessages: true });
      await c.publish(['old']);
      const [old] = await c.take(subscription, 1);
      await systemClock.sleep(1_100);
      await c.publish(['new']);
      const [fresh] = await c.take(subscription, 1);
      await c.acknowledge(subscription, [old!, fresh!]);
      await c.subscriber.seek({ subscription, time: fresh!.message!.publishTime! }, ONE_ATTEMPT);
      return sortedTexts(await c.take(subscription, 2, 1_500));
    },
    ['new'],
  ),
  script(
    'seek-to-the-future',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['leased', 'waiting']);
      const [leased] = await c.take(subscription, 1);
      await c.subscriber.seek({ subscription, time: hoursFromNow(1) }, ONE_ATTEMPT);
      await c.modify(subscription, [leased!], 0);
      const purged = await c.linger(subscription);
      await c.publish(['published before that instant']);
      return { purged, later: sortedTexts(await c.take(subscription, 1, 1_500)) };
    },
    { purged: [], later: ['published before that instant'] },
  ),
];

function createSnapshot(c: Clients): Promise<unknown> {
  return c.subscriber.createSnapshot(
    { name: c.snapshot(), subscription: c.subscription() },
    ONE_ATTEMPT,
  );
}

function hoursFromNow(hours: number) {
  return { seconds: Math.floor(systemClock.nowMs() / 1_000) + hours * 3_600 };
}
