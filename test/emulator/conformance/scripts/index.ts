/** All conformance scripts, in reading order. */
import type { Script } from '../script.ts';
import { exactlyOnceScripts } from './exactly-once.ts';
import { filterScripts } from './filters.ts';
import { highLevelScripts } from './high-level.ts';
import { orderingScripts } from './ordering.ts';
import { publishScripts } from './publishing.ts';
import { pullScripts } from './pulling.ts';
import { redeliveryScripts } from './redelivery.ts';
import { snapshotScripts } from './snapshots.ts';
import { streamingScripts } from './streaming.ts';
import { subscriptionOptionScripts } from './subscription-options.ts';
import { subscriptionScripts } from './subscriptions.ts';
import { topicScripts } from './topics.ts';

export const scripts: readonly Script[] = [
  ...topicScripts,
  ...publishScripts,
  ...subscriptionScripts,
  ...subscriptionOptionScripts,
  ...pullScripts,
  ...redeliveryScripts,
  ...orderingScripts,
  ...filterScripts,
  ...snapshotScripts,
  ...exactlyOnceScripts,
  ...streamingScripts,
  ...highLevelScripts,
];
