/** The upper bound of ingest: the same client with the same settings and a handler that acks and does nothing else. */
import type { PubSub, SubscriptionOptions } from '@google-cloud/pubsub';

/** A client that notes the settings with which a subscription was last opened on it. */
export interface RecordingClient {
  readonly pubsub: PubSub;
  /** `undefined` before the first. */
  readonly options: () => SubscriptionOptions | undefined;
}

/** Wraps `pubsub`, so that a drain can take over ingest's own settings instead of repeating them. */
export function recordingClient(pubsub: PubSub): RecordingClient {
  let recorded: SubscriptionOptions | undefined;
  const wrapped = new Proxy(pubsub, {
    get(target, name) {
      if (name === 'subscription') {
        return (subscription: string, options?: SubscriptionOptions) => {
          // Management calls open none and give no options.
          recorded = options ?? recorded;
          return target.subscription(subscription, options);
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { pubsub: wrapped, options: () => recorded };
}

/** Receives and acks everything until it is closed. */
export function drainSubscription(
  pubsub: PubSub,
  name: string,
  options: SubscriptionOptions,
): { close(): Promise<void> } {
  const subscription = pubsub.subscription(name, options);
  subscription.on('message', (message) => message.ack());
  subscription.on('error', (error) => {
    throw error;
  });
  return { close: () => subscription.close() };
}
