export { decode } from './decode.ts';
export { startIngest } from './ingest.ts';
export type { Ingest, IngestOptions } from './ingest.ts';
export { observeIngest } from './ingest-telemetry.ts';
export type { IngestLimits } from './pipeline.ts';
export type { PushedMessage } from './pushed-message.ts';
export { replayQuarantine } from './replay.ts';
export type { ReplayOptions, ReplayResult } from './replay.ts';
export type { StreamStats } from './stats.ts';
export {
  ACK_DEADLINE_SECONDS,
  ensureTopology,
  MAX_DELIVERY_ATTEMPTS,
  RETRY_BACKOFF_MAX_SECONDS,
  RETRY_BACKOFF_MIN_SECONDS,
  reviewSubscriptionOf,
} from './topology.ts';
