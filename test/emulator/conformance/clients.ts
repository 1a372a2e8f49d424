/** What a conformance script drives: Google's generated clients and a few ways to say what they answered. */
import { credentials, status } from '@grpc/grpc-js';
import type { protos } from '@google-cloud/pubsub';
import { PubSub, v1 } from '@google-cloud/pubsub';
import { systemClock } from '../../../runtime/index.ts';
import { PullStream } from './pull-stream.ts';
import type { Observation } from './script.ts';

type PubsubMessage = protos.google.pubsub.v1.IPubsubMessage;
export type ReceivedMessage = protos.google.pubsub.v1.IReceivedMessage;
type Subscription = protos.google.pubsub.v1.ISubscription;
/** A message as scripts write it: text for data. */
export type Draft = Omit<PubsubMessage, 'data'> & { readonly data?: string };

const CALL_TIMEOUT_MS = 30_000;
/** One attempt: a retried call would hide the status that is to be observed. */
export const ONE_ATTEMPT = { timeout: CALL_TIMEOUT_MS, retry: { retryCodes: [] } };
const PULL_MAX = 1_000;
const POLL_MS = 50;
/** Long enough for a busy machine; a script that works takes none of it. */
const ARRIVAL_TIMEOUT_MS = 15_000;

/** One connection to a server, shared by all its scripts. */
export class Connection {
  readonly port: number;
  readonly publisher: v1.PublisherClient;
  readonly subscriber: v1.SubscriberClient;

  constructor(port: number) {
    const options = { servicePath: '127.0.0.1', port, sslCreds: credentials.createInsecure() };
    this.port = port;
    this.publisher = new v1.PublisherClient(options);
    this.subscriber = new v1.SubscriberClient(options);
  }

  async close(): Promise<void> {
    await Promise.all([this.publisher.close(), this.subscriber.close()]);
  }
}

/** One script's hands: everything it names lies in a project of its own. */
export class Clients {
  readonly project: string;
  readonly publisher: v1.PublisherClient;
  readonly subscriber: v1.SubscriberClient;
  readonly #port: number;
  readonly #closers: (() => Promise<void> | void)[] = [];

  constructor(connection: Connection, project: string) {
    this.project = project;
    this.publisher = connection.publisher;
    this.subscriber = connection.subscriber;
    this.#port = connection.port;
  }

  topic(id = 'topic'): string {
    return `projects/${this.project}/topics/${id}`;
  }

  subscription(id = 'subscription'): string {
    return `projects/${this.project}/subscriptions/${id}`;
  }

  snapshot(id = 'snapshot'): string {
    return `projects/${this.project}/snapshots/${id}`;
  }

  /** The high-level client, closed when the script ends. */
  pubsub(): PubSub {
    const pubsub = new PubSub({
      projectId: this.project,
      apiEndpoint: `127.0.0.1:${this.#port}`,
      emulatorMode: true,
    });
    this.#closers.push(() => pubsub.close());
    return pubsub;
  }

  /** A raw StreamingPull whose first request is `first`, cancelled when the script ends. */
  stream(first: protos.google.pubsub.v1.IStreamingPullRequest): PullStream {
    const stream = new PullStream(this.subscriber.streamingPull({ timeout: CALL_TIMEOUT_MS }));
    this.#closers.push(() => stream.cancel());
    stream.write(first);
    return stream;
  }

  async createTopic(id = 'topic'): Promise<string> {
    await this.publisher.createTopic({ name: this.topic(id) }, ONE_ATTEMPT);
    return this.topic(id);
  }

  async createSubscription(options: Subscription = {}, id = 'subscription'): Promise<string> {
    const request = { name: this.subscription(id), topic: this.topic(), ...options };
    await this.subscriber.createSubscription(request, ONE_ATTEMPT);
    return this.subscription(id);
  }

  /** A topic and a subscription to it, under the usual names. */
  async createPair(options: Subscription = {}): Promise<string> {
    await this.createTopic();
    return this.createSubscription(options);
  }

  async publish(drafts: readonly (Draft | string)[], topic = this.topic()): Promise<string[]> {
    const messages = drafts.map((draft) => {
      const { data, ...rest } = typeof draft === 'string' ? { data: draft } : draft;
      return data === undefined ? rest : { ...rest, data: Buffer.from(data) };
    });
    const [response] = await this.publisher.publish({ topic, messages }, ONE_ATTEMPT);
    return response.messageIds ?? [];
  }

  /** One Pull that does not wait. */
  async pullOnce(subscription: string, maxMessages = 100): Promise<ReceivedMessage[]> {
    const [response] = await this.subscriber.pull(
      { subscription, maxMessages, returnImmediately: true },
      ONE_ATTEMPT,
    );
    return response.receivedMessages ?? [];
  }

  /** Pulls until `count` messages are here, or as many as came until the timeout. */
  async take(
    subscription: string,
    count: number,
    timeoutMs = ARRIVAL_TIMEOUT_MS,
  ): Promise<ReceivedMessage[]> {
    const taken: ReceivedMessage[] = [];
    const untilMs = systemClock.monotonicMs() + timeoutMs;
    while (taken.length < count && systemClock.monotonicMs() < untilMs) {
      const received = await this.pullOnce(subscription, Math.min(PULL_MAX, count - taken.length));
      taken.push(...received);
      if (received.length === 0) await systemClock.sleep(POLL_MS);
    }
    return taken;
  }

  /** `take` of one message that must come. */
  async takeOne(subscription: string): Promise<ReceivedMessage> {
    const [message] = await this.take(subscription, 1);
    if (!message) throw new Error(`no message came from ${subscription}`);
    return message;
  }

  /** Whatever comes within `forMs`; for scripts that show that nothing does. */
  async linger(subscription: string, forMs = 600): Promise<string[]> {
    return texts(await this.take(subscription, Number.MAX_SAFE_INTEGER, forMs));
  }

  async acknowledge(subscription: string, messages: readonly ReceivedMessage[]): Promise<void> {
    await this.subscriber.acknowledge({ subscription, ackIds: ackIdsOf(messages) }, ONE_ATTEMPT);
  }

  /** ModifyAckDeadline; 0 seconds is a nack. */
  async modify(
    subscription: string,
    messages: readonly ReceivedMessage[],
    ackDeadlineSeconds: number,
  ): Promise<void> {
    const request = { subscription, ackIds: ackIdsOf(messages), ackDeadlineSeconds };
    await this.subscriber.modifyAckDeadline(request, ONE_ATTEMPT);
  }

  /** `OK`, or the status and message of the failure, with this project's name taken out. */
  async outcome(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return 'OK';
    } catch (error) {
      return this.failure(error);
    }
  }

  failure(error: unknown): string {
    const { code, details } = error as { code?: number; details?: string };
    if (code === undefined) throw error;
    return `${status[code]}: ${this.#withoutNoise(details ?? '')}`;
  }

  #withoutNoise(text: string): string {
    return text
      .replaceAll(this.project, 'PROJECT')
      .replaceAll(/(.)\1{99,}/g, '$1…$1')
      .replaceAll(/:\d+,/g, ':N,');
  }

  /** Each outcome under its label, one call after the other. */
  async outcomes(
    calls: Readonly<Record<string, () => Promise<unknown>>>,
  ): Promise<Record<string, string>> {
    const seen: Record<string, string> = {};
    for (const [label, call] of Object.entries(calls)) seen[label] = await this.outcome(call());
    return seen;
  }

  /** A resource without its default values, its state and this project's name. */
  view(resource: unknown): Observation {
    const text = JSON.stringify(prune(resource) ?? {});
    return JSON.parse(text.replaceAll(this.project, 'PROJECT')) as Observation;
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

export function ackIdsOf(messages: readonly ReceivedMessage[]): string[] {
  return messages.map((message) => message.ackId ?? '');
}

/** The data of messages, in the order of arrival. */
export function texts(messages: readonly ReceivedMessage[]): string[] {
  return messages.map((received) => Buffer.from(received.message?.data ?? '').toString());
}

/** The data of messages, sorted: for what has no promised order. */
export function sortedTexts(messages: readonly ReceivedMessage[]): string[] {
  return texts(messages).toSorted();
}

function prune(value: unknown): unknown {
  if (value === null || value === undefined || value === '' || value === 0 || value === false) {
    return undefined;
  }
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(prune);
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, prune(item)] as const)
    .filter(([key, item]) => item !== undefined && key !== 'state');
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
