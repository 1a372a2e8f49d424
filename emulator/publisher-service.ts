/** google.pubsub.v1.Publisher. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from '../runtime/index.ts';
import type { Broker } from './broker.ts';
import type { PageRequest } from './calls.ts';
import { paginate, unary } from './calls.ts';
import type { TopicDefinition } from './definitions.ts';
import { defineTopic, updateTopic } from './definitions.ts';
import { alreadyExists, failedPrecondition, invalidArgument } from './pubsub-status.ts';
import { checkProjectName, checkResourceName } from './resource-names.ts';
import type { PublishRequest } from './wire-requests.ts';

/** Source: https://cloud.google.com/pubsub/quotas#resource_limits */
const PUBLISH_MESSAGES_MAX = 1000;
const PUBLISH_BYTES_MAX = 10_000_000;
/** What a request may weigh beside its messages' own limit, as the real service measures the request. */
const PUBLISH_REQUEST_BYTES_MAX = 10 * 2 ** 20;

interface TopicRequest extends PageRequest {
  readonly topic?: string;
}

export function publisherService(broker: Broker, logger: Logger): UntypedServiceImplementation {
  const topicOf = (request: TopicRequest) =>
    broker.topic(checkResourceName('topics', request.topic));
  return {
    CreateTopic: unary(logger, (request: Partial<TopicDefinition>) => {
      const definition = defineTopic(request);
      if (broker.topics.has(definition.name)) throw alreadyExists(definition.name);
      return shown(broker.addTopic(definition).definition);
    }),
    UpdateTopic: unary(
      logger,
      (request: { topic?: Partial<TopicDefinition>; updateMask?: { paths?: string[] } }) => {
        const given = request.topic ?? {};
        const topic = topicOf({ topic: given.name });
        const paths = request.updateMask?.paths ?? [];
        broker.changeTopic(topic, updateTopic(topic.definition, { given, paths }));
        return shown(topic.definition);
      },
    ),
    GetTopic: unary(logger, (request: TopicRequest) => shown(topicOf(request).definition)),
    ListTopics: unary(logger, (request: PageRequest & { project?: string }) => {
      const prefix = `${checkProjectName(request.project)}/`;
      const topics = [...broker.topics.values()]
        .map((topic) => topic.definition)
        .filter(({ name }) => name.startsWith(prefix));
      const { page, nextPageToken } = paginate(topics, ({ name }) => name, request);
      return { topics: page.map(shown), nextPageToken };
    }),
    ListTopicSubscriptions: unary(logger, (request: TopicRequest) => {
      const names = [...topicOf(request).subscriptions].map(({ definition }) => definition.name);
      const { page, nextPageToken } = paginate(names, (name) => name, request);
      return { subscriptions: page, nextPageToken };
    }),
    ListTopicSnapshots: unary(logger, (request: TopicRequest) => {
      const names = [...topicOf(request).snapshots].map(({ definition }) => definition.name);
      const { page, nextPageToken } = paginate(names, (name) => name, request);
      return { snapshots: page, nextPageToken };
    }),
    DeleteTopic: unary(logger, (request: TopicRequest) => {
      broker.deleteTopic(topicOf(request));
      return {};
    }),
    DetachSubscription: unary(logger, (request: { subscription?: string }) => {
      const name = checkResourceName('subscriptions', request.subscription);
      broker.detachSubscription(
        broker.subscription(name),
        failedPrecondition('Subscription is detached.'),
      );
      return {};
    }),
    Publish: unary(logger, async (request: PublishRequest) => {
      const topic = topicOf(request);
      checkPublish(request);
      return { messageIds: await broker.publish(topic, request.bytes, request.messages) };
    }),
  };
}

/** The definition with what the service adds. */
function shown(definition: TopicDefinition) {
  return { ...definition, state: 'ACTIVE' };
}

function checkPublish({ bytes, messages, problem }: PublishRequest): void {
  if (messages.length === 0) throw invalidArgument('No messages to publish');
  if (messages.length > PUBLISH_MESSAGES_MAX) {
    throw invalidArgument(
      `Too many messages to publish: ${messages.length}; the maximum in a request is ${PUBLISH_MESSAGES_MAX}.`,
    );
  }
  if (problem !== undefined) throw invalidArgument(problem);
  const largestBytes = Math.max(...messages.map(({ start, end }) => end - start));
  if (largestBytes > PUBLISH_BYTES_MAX || bytes.length > PUBLISH_REQUEST_BYTES_MAX) {
    throw invalidArgument(
      `Request payload size exceeds the limit: ${PUBLISH_REQUEST_BYTES_MAX} bytes, and ${PUBLISH_BYTES_MAX} bytes a message.`,
    );
  }
}
