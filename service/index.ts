export { createApp } from './app.ts';
export type { OutgoingMessage, ReadinessCheck, ServiceDeps, SubscriptionBacklog } from './deps.ts';
export { listen } from './listen.ts';
export type { Listening } from './listen.ts';
export { openApiDocument } from './openapi.ts';
