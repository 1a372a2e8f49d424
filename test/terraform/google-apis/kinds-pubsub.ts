/** Pub/Sub: topics, subscriptions, schemas. */
import { ApiError } from './api-error.ts';
import type { Kind } from './kind.ts';
import { jsonOf, textOf } from './json.ts';
import type { Cloud } from './cloud.ts';

export const PUBSUB_KINDS: readonly Kind[] = [
  {
    api: 'pubsub',
    base: 'v1',
    collection: 'projects/*/topics',
    id: 'put',
    wrapper: 'topic',
    complete: (topic, { cloud, name }) => {
      const schema = textOf(jsonOf(topic['schemaSettings'])['schema']);
      if (schema) cloud.need(`pubsub/${schema}`, `Resource not found (resource=${schema}).`);
      return { ...topic, name, state: 'ACTIVE' };
    },
    // Subscriptions outlive their topic.
    remove: (_topic, { cloud, name }) => {
      for (const [key, resource] of cloud.resources) {
        if (key.includes('/subscriptions/') && resource['topic'] === name) {
          resource['topic'] = '_deleted-topic_';
        }
      }
    },
  },
  {
    api: 'pubsub',
    base: 'v1',
    collection: 'projects/*/subscriptions',
    id: 'put',
    wrapper: 'subscription',
    complete: (subscription, { cloud, name }) => {
      needTopic(cloud, subscription['topic']);
      const deadLetters = jsonOf(subscription['deadLetterPolicy'])['deadLetterTopic'];
      if (deadLetters) needTopic(cloud, deadLetters);
      return {
        ackDeadlineSeconds: 10,
        messageRetentionDuration: '604800s',
        // A subscription that says nothing goes after 31 days without use.
        expirationPolicy: { ttl: '2678400s' },
        pushConfig: {},
        ...subscription,
        name,
        state: 'ACTIVE',
      };
    },
  },
  {
    api: 'pubsub',
    base: 'v1',
    collection: 'projects/*/schemas',
    id: { query: 'schemaId' },
    complete: (schema, { cloud, name }) => ({
      ...schema,
      name,
      revisionId: cloud.next().toString(16).padStart(8, '0'),
    }),
  },
];

function needTopic(cloud: Cloud, topic: unknown): void {
  const name = textOf(topic);
  if (!cloud.resources.has(`pubsub/${name}`)) {
    throw new ApiError(404, `Resource not found (resource=${name.split('/').at(-1)}).`);
  }
}
