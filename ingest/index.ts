export { decode } from './decode.ts';
export { startIngest } from './ingest.ts';
export type { Ingest, IngestOptions } from './ingest.ts';
export { observeIngest } from './ingest-telemetry.ts';
export type { IngestLimits } from './pipeline.ts';
export { replayQuarantine } from './replay.ts';
export type { ReplayOptions, ReplayResult } from './replay.ts';
export type { StreamStats } from './stats.ts';
export { ensureTopology, reviewSubscriptionOf } from './topology.ts';
