export { startPubsubServer } from './pubsub-server.ts';
export type { PubsubServer, PubsubServerOptions, SubscriptionBacklog } from './pubsub-server.ts';
export { startPubsubThread } from './pubsub-thread.ts';
export type { PubsubThread, ThreadMemory } from './pubsub-thread.ts';
