export { startPubsubServer } from './pubsub-server.ts';
export type { PubsubServer, PubsubServerOptions, SubscriptionBacklog } from './pubsub-server.ts';
export { startPubsubThread } from './pubsub-thread.ts';
export type { PubsubThread } from './pubsub-thread.ts';
