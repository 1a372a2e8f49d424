/** Subscriptions: creating, reading, listing, updating, deleting and detaching them. */
import type { protos } from '@google-cloud/pubsub';
import type { Clients } from '../clients.ts';
import { ONE_ATTEMPT } from '../clients.ts';
import type { Observation, Script } from '../script.ts';
import { script } from '../script.ts';

type Options = protos.google.pubsub.v1.ISubscription;
const DAY_SECONDS = 86_400;

export const subscriptionScripts: readonly Script[] = [
  script(
    'subscription-defaults',
    async (c) => {
      await c.createTopic();
      const [created] = await c.subscriber.createSubscription(
        { name: c.subscription(), topic: c.topic() },
        ONE_ATTEMPT,
      );
      const read = await get(c);
      return { created: c.view(created), read };
    },
    {
      created: {
        name: 'projects/PROJECT/subscriptions/subscription',
        topic: 'projects/PROJECT/topics/topic',
        ackDeadlineSeconds: 10,
        messageRetentionDuration: { seconds: '604800' },
      },
      read: {
        name: 'projects/PROJECT/subscriptions/subscription',
        topic: 'projects/PROJECT/topics/topic',
        ackDeadlineSeconds: 10,
        messageRetentionDuration: { seconds: '604800' },
      },
    },
  ),
  script(
    'subscription-create-twice',
    async (c) => {
      await c.createPair();
      return c.outcomes({
        'the same': () => c.createSubscription(),
        'another deadline': () => c.createSubscription({ ackDeadlineSeconds: 20 }),
        'another topic, which is missing': () =>
          c.createSubscription({ topic: c.topic('missing') }),
      });
    },
    {
      'the same': 'ALREADY_EXISTS: Subscription already exists',
      'another deadline': 'ALREADY_EXISTS: Subscription already exists',
      'another topic, which is missing': 'ALREADY_EXISTS: Subscription already exists',
    },
  ),
  script(
    'subscription-bad-names',
    async (c) => {
      await c.createTopic();
      const named = (name: string) => () =>
        c.subscriber.createSubscription({ name, topic: c.topic() }, ONE_ATTEMPT);
      return c.outcomes({
        'too short': named(c.subscription('ab')),
        'starts with a digit': named(c.subscription('1abc')),
        'starts with goog': named(c.subscription('goog-sub')),
        'a topic': named(c.topic('other')),
        empty: named(''),
        'topic is missing': () => c.createSubscription({ topic: c.topic('missing') }),
        'topic has a bad name': () => c.createSubscription({ topic: 'nonsense' }),
        'topic is empty': () => c.createSubscription({ topic: '' }),
      });
    },
    {
      'too short':
        'INVALID_ARGUMENT: Invalid [subscriptions] name: (name=projects/PROJECT/subscriptions/ab)',
      'starts with a digit':
        'INVALID_ARGUMENT: Invalid [subscriptions] name: (name=projects/PROJECT/subscriptions/1abc)',
      'starts with goog':
        'INVALID_ARGUMENT: Invalid [subscriptions] name: (name=projects/PROJECT/subscriptions/goog-sub)',
      'a topic':
        'INVALID_ARGUMENT: Invalid [subscriptions] name: (name=projects/PROJECT/topics/other)',
      empty: 'OK',
      'topic is missing': 'NOT_FOUND: Subscription topic does not exist',
      'topic has a bad name': 'INVALID_ARGUMENT: Invalid [topics] name: (name=nonsense)',
      'topic is empty': 'INVALID_ARGUMENT: Invalid [topics] name: (name=)',
    },
  ),
  script(
    'subscription-get-missing',
    (c) =>
      c.outcomes({
        get: () => get(c),
        'get with a bad name': () =>
          c.subscriber.getSubscription({ subscription: 'nonsense' }, ONE_ATTEMPT),
        delete: () =>
          c.subscriber.deleteSubscription({ subscription: c.subscription() }, ONE_ATTEMPT),
        update: () => update(c, { ackDeadlineSeconds: 20 }, ['ack_deadline_seconds']),
        pull: () => c.pullOnce(c.subscription()),
        acknowledge: () => c.acknowledge(c.subscription(), [{ ackId: 'x' }]),
        modify: () => c.modify(c.subscription(), [{ ackId: 'x' }], 10),
        detach: () =>
          c.publisher.detachSubscription({ subscription: c.subscription() }, ONE_ATTEMPT),
        'modify push config': () =>
          c.subscriber.modifyPushConfig(
            { subscription: c.subscription(), pushConfig: {} },
            ONE_ATTEMPT,
          ),
      }),
    {
      get: 'NOT_FOUND: Subscription does not exist',
      'get with a bad name': 'INVALID_ARGUMENT: Invalid [subscriptions] name: (name=nonsense)',
      delete: 'NOT_FOUND: Subscription does not exist',
      update: 'NOT_FOUND: Subscription not found.',
      pull: 'NOT_FOUND: Subscription does not exist',
      acknowledge: 'NOT_FOUND: Subscription does not exist',
      modify: 'NOT_FOUND: Subscription does not exist',
      detach:
        'UNIMPLEMENTED: Method google.pubsub.v1.Publisher/DetachSubscription is unimplemented',
      'modify push config': 'NOT_FOUND: Subscription does not exist',
    },
  ),
  script(
    'subscription-list-pages',
    async (c) => {
      await c.createTopic();
      for (const id of ['one', 'two', 'three']) await c.createSubscription({}, id);
      const pages: number[] = [];
      const names: string[] = [];
      let pageToken = '';
      do {
        const [page, , response] = await c.subscriber.listSubscriptions(
          { project: `projects/${c.project}`, pageSize: 2, pageToken },
          { ...ONE_ATTEMPT, autoPaginate: false },
        );
        pages.push(page.length);
        names.push(...page.map((subscription) => subscription.name ?? ''));
        pageToken = response.nextPageToken ?? '';
      } while (pageToken !== '');
      return { pages, names: c.view(names.toSorted()) };
    },
    {
      pages: [2, 1],
      names: [
        'projects/PROJECT/subscriptions/one',
        'projects/PROJECT/subscriptions/three',
        'projects/PROJECT/subscriptions/two',
      ],
    },
  ),
  script(
    'subscription-list-by-topic',
    async (c) => {
      await c.createTopic();
      await c.createTopic('other');
      for (const id of ['one', 'two', 'three']) await c.createSubscription({}, id);
      await c.createSubscription({ topic: c.topic('other') }, 'elsewhere');
      const list = async (topic: string) => {
        const [names] = await c.publisher.listTopicSubscriptions(
          { topic, pageSize: 2 },
          ONE_ATTEMPT,
        );
        return c.view(names.toSorted());
      };
      return { topic: await list(c.topic()), other: await list(c.topic('other')) };
    },
    {
      topic: [
        'projects/PROJECT/subscriptions/one',
        'projects/PROJECT/subscriptions/three',
        'projects/PROJECT/subscriptions/two',
      ],
      other: ['projects/PROJECT/subscriptions/elsewhere'],
    },
  ),
  script(
    'subscription-update',
    async (c) => {
      await c.createTopic('dead');
      await c.createPair();
      await update(c, { ackDeadlineSeconds: 20, labels: { a: 'b' } }, ['ack_deadline_seconds']);
      const afterOne = await get(c);
      await update(
        c,
        {
          retainAckedMessages: true,
          messageRetentionDuration: { seconds: 1_200 },
          deadLetterPolicy: { deadLetterTopic: c.topic('dead'), maxDeliveryAttempts: 6 },
          retryPolicy: { minimumBackoff: { seconds: 2 }, maximumBackoff: { seconds: 4 } },
          enableExactlyOnceDelivery: true,
        },
        [
          'retain_acked_messages',
          'message_retention_duration',
          'dead_letter_policy',
          'retry_policy',
          'enable_exactly_once_delivery',
        ],
      );
      const afterMany = await get(c);
      await update(c, {}, ['dead_letter_policy', 'retry_policy']);
      const afterClearing = await get(c);
      const labels = await c.outcome(update(c, { labels: { team: 'data' } }, ['labels']));
      return { afterOne, afterMany, afterClearing, labels };
    },
    {
      afterOne: {
        name: 'projects/PROJECT/subscriptions/subscription',
        topic: 'projects/PROJECT/topics/topic',
        ackDeadlineSeconds: 20,
        messageRetentionDuration: { seconds: '604800' },
      },
      afterMany: {
        name: 'projects/PROJECT/subscriptions/subscription',
        topic: 'projects/PROJECT/topics/topic',
        ackDeadlineSeconds: 20,
        retainAckedMessages: true,
        messageRetentionDuration: { seconds: '1200' },
        deadLetterPolicy: {
          deadLetterTopic: 'projects/PROJECT/topics/dead',
          maxDeliveryAttempts: 6,
        },
        retryPolicy: { minimumBackoff: { seconds: '2' }, maximumBackoff: { seconds: '4' } },
        enableExactlyOnceDelivery: true,
      },
      afterClearing: {
        name: 'projects/PROJECT/subscriptions/subscription',
        topic: 'projects/PROJECT/topics/topic',
        ackDeadlineSeconds: 20,
        retainAckedMessages: true,
        messageRetentionDuration: { seconds: '1200' },
        enableExactlyOnceDelivery: true,
      },
      labels:
        "INVALID_ARGUMENT: Invalid update_mask provided in the UpdateSubscriptionRequest: labels is not a known Subscription field. Note that field paths must be of the form 'push_config' rather than 'pushConfig'.",
    },
  ),
  script(
    'subscription-update-refused',
    async (c) => {
      await c.createPair();
      return c.outcomes({
        'no mask': () => update(c, { ackDeadlineSeconds: 20 }, []),
        'unknown path': () => update(c, {}, ['nonsense']),
        name: () => update(c, {}, ['name']),
        topic: () => update(c, { topic: c.topic('other') }, ['topic']),
        ordering: () => update(c, { enableMessageOrdering: true }, ['enable_message_ordering']),
        filter: () => update(c, { filter: 'attributes:a' }, ['filter']),
        expiration: () =>
          update(c, { expirationPolicy: { ttl: { seconds: 2 * DAY_SECONDS } } }, [
            'expiration_policy',
          ]),
        'deadline of 5 s': () => update(c, { ackDeadlineSeconds: 5 }, ['ack_deadline_seconds']),
        'retention of 1 s': () =>
          update(c, { messageRetentionDuration: { seconds: 1 } }, ['message_retention_duration']),
        'four attempts': () =>
          update(c, { deadLetterPolicy: { deadLetterTopic: c.topic(), maxDeliveryAttempts: 4 } }, [
            'dead_letter_policy',
          ]),
      });
    },
    {
      'no mask':
        'INVALID_ARGUMENT: The update_mask in the UpdateSubscriptionRequest must be set, and must contain a non-empty paths list.',
      'unknown path':
        "INVALID_ARGUMENT: Invalid update_mask provided in the UpdateSubscriptionRequest: nonsense is not a known Subscription field. Note that field paths must be of the form 'push_config' rather than 'pushConfig'.",
      name: 'INVALID_ARGUMENT: Invalid update_mask provided in the UpdateSubscriptionRequest: the name field in the Subscription is not mutable.',
      topic:
        'INVALID_ARGUMENT: Invalid update_mask provided in the UpdateSubscriptionRequest: the topic field in the Subscription is not mutable.',
      ordering:
        'INVALID_ARGUMENT: Invalid update_mask provided in the UpdateSubscriptionRequest: the enable_message_ordering field in the Subscription is not mutable.',
      filter:
        'INVALID_ARGUMENT: Updating the filter field is currently unsupported in the Pub/Sub Emulator.',
      expiration:
        'INVALID_ARGUMENT: Updating the expiration_policy field is currently unsupported in the Pub/Sub Emulator.',
      'deadline of 5 s': 'OK',
      'retention of 1 s': 'INVALID_ARGUMENT: message_retention_duration out of bounds',
      'four attempts':
        'OUT_OF_RANGE: The value for max_delivery_attempts is too small. You passed 4 in the request, but the minimum value is 5.',
    },
  ),
  script(
    'subscription-delete',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['lost']);
      const first = await c.outcomes({
        delete: () => c.subscriber.deleteSubscription({ subscription }, ONE_ATTEMPT),
        get: () => get(c),
        'create again': () => c.createSubscription(),
      });
      return { ...first, messages: await c.linger(subscription) };
    },
    {
      delete: 'OK',
      get: 'NOT_FOUND: Subscription does not exist',
      'create again': 'OK',
      messages: [],
    },
  ),
  script(
    'subscription-detach',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['lost']);
      const detached = await c.outcome(
        c.publisher.detachSubscription({ subscription }, ONE_ATTEMPT),
      );
      const [names] = await c.publisher.listTopicSubscriptions({ topic: c.topic() }, ONE_ATTEMPT);
      return {
        detached,
        names: c.view(names),
        subscription: await get(c),
        ...(await c.outcomes({
          pull: () => c.pullOnce(subscription),
          publish: () => c.publish(['unheard']),
          'detach again': () => c.publisher.detachSubscription({ subscription }, ONE_ATTEMPT),
          delete: () => c.subscriber.deleteSubscription({ subscription }, ONE_ATTEMPT),
        })),
      };
    },
    {
      detached:
        'UNIMPLEMENTED: Method google.pubsub.v1.Publisher/DetachSubscription is unimplemented',
      names: ['projects/PROJECT/subscriptions/subscription'],
      subscription: {
        name: 'projects/PROJECT/subscriptions/subscription',
        topic: 'projects/PROJECT/topics/topic',
        ackDeadlineSeconds: 10,
        messageRetentionDuration: { seconds: '604800' },
      },
      pull: 'OK',
      publish: 'OK',
      'detach again':
        'UNIMPLEMENTED: Method google.pubsub.v1.Publisher/DetachSubscription is unimplemented',
      delete: 'OK',
    },
  ),
];

async function get(c: Clients): Promise<Observation> {
  const [read] = await c.subscriber.getSubscription(
    { subscription: c.subscription() },
    ONE_ATTEMPT,
  );
  return c.view(read);
}

function update(c: Clients, fields: Options, paths: string[]) {
  return c.subscriber.updateSubscription(
    {
      subscription: { name: c.subscription(), topic: c.topic(), ...fields },
      updateMask: { paths },
    },
    ONE_ATTEMPT,
  );
}
