/** Topics, subscriptions and snapshots as clients define them: what is checked, defaulted and changed. */
import { parseFilter } from './filter.ts';
import { invalidArgument, outOfRange, unimplemented } from './pubsub-status.ts';
import { checkResourceName } from './resource-names.ts';

export interface ProtoDuration {
  readonly seconds?: number;
  readonly nanos?: number;
}
type Labels = Readonly<Record<string, string>>;

export interface TopicDefinition {
  readonly name: string;
  readonly labels?: Labels;
  readonly messageStoragePolicy?: object;
  readonly kmsKeyName?: string;
  readonly messageRetentionDuration?: ProtoDuration;
}

export interface SubscriptionDefinition {
  readonly name: string;
  readonly topic: string;
  readonly pushConfig?: { readonly pushEndpoint?: string };
  readonly ackDeadlineSeconds: number;
  readonly retainAckedMessages?: boolean;
  readonly messageRetentionDuration: ProtoDuration;
  readonly labels?: Labels;
  readonly enableMessageOrdering?: boolean;
  readonly expirationPolicy?: { readonly ttl?: ProtoDuration };
  readonly filter?: string;
  readonly deadLetterPolicy?: {
    readonly deadLetterTopic?: string;
    readonly maxDeliveryAttempts?: number;
  };
  readonly retryPolicy?: {
    readonly minimumBackoff?: ProtoDuration;
    readonly maximumBackoff?: ProtoDuration;
  };
  readonly detached?: boolean;
  readonly enableExactlyOnceDelivery?: boolean;
}

export interface SnapshotDefinition {
  readonly name: string;
  readonly topic: string;
  readonly labels?: Labels;
  readonly expireTime: ProtoDuration;
}

/** A field mask and the object that carries the new values. */
export interface Update<T> {
  readonly given: Partial<T>;
  readonly paths: readonly string[];
}

/** Name that a subscription shows once its topic is deleted. */
export const DELETED_TOPIC = '_deleted-topic_';

const DAY_SECONDS = 86_400;
const RETENTION_SECONDS = { min: 600, max: 31 * DAY_SECONDS, default: 7 * DAY_SECONDS };
const ACK_DEADLINE_SECONDS = { min: 10, max: 600, default: 10 };
const BACKOFF_SECONDS = { max: 600, minimumDefault: 10, maximumDefault: 600 };
const DELIVERY_ATTEMPTS = { min: 5, max: 100, default: 5 };
const LABELS_MAX = 64;

const TOPIC_FIELDS: readonly string[] = [
  'labels',
  'message_storage_policy',
  'kms_key_name',
  'message_retention_duration',
];
const SUBSCRIPTION_FIELDS: readonly string[] = [
  'push_config',
  'ack_deadline_seconds',
  'retain_acked_messages',
  'message_retention_duration',
  'labels',
  'expiration_policy',
  'dead_letter_policy',
  'retry_policy',
  'enable_exactly_once_delivery',
];
const FIXED_FIELDS: readonly string[] = [
  'name',
  'topic',
  'filter',
  'enable_message_ordering',
  'detached',
  'state',
  'topic_message_retention_duration',
  'satisfies_pzs',
  'expire_time',
  'tags',
];
const UNSUPPORTED_FIELDS: Readonly<Record<string, string>> = {
  schemaSettings: 'schemas on topics',
  ingestionDataSourceSettings: 'ingestion from other sources',
  messageTransforms: 'message transforms',
  bigqueryConfig: 'BigQuery subscriptions; pull the messages and write them',
  cloudStorageConfig: 'Cloud Storage subscriptions; pull the messages and write them',
  bigtableConfig: 'Bigtable subscriptions; pull the messages and write them',
};

/** @throws PubsubStatusError INVALID_ARGUMENT or UNIMPLEMENTED */
export function defineTopic(given: Partial<TopicDefinition>): TopicDefinition {
  refuseUnsupported(given);
  checkLabels(given.labels);
  if (given.messageRetentionDuration) {
    checkSeconds('message_retention_duration', given.messageRetentionDuration, RETENTION_SECONDS);
  }
  return { ...given, name: checkResourceName('topics', given.name) };
}

/** @throws PubsubStatusError INVALID_ARGUMENT or UNIMPLEMENTED */
export function defineSubscription(given: Partial<SubscriptionDefinition>): SubscriptionDefinition {
  refuseUnsupported(given);
  checkLabels(given.labels);
  if (given.pushConfig?.pushEndpoint) throw unimplemented('push subscriptions; use pull');
  const ackDeadlineSeconds = given.ackDeadlineSeconds || ACK_DEADLINE_SECONDS.default;
  checkSeconds('ack_deadline_seconds', { seconds: ackDeadlineSeconds }, ACK_DEADLINE_SECONDS);
  const messageRetentionDuration = given.messageRetentionDuration ?? {
    seconds: RETENTION_SECONDS.default,
  };
  checkSeconds('message_retention_duration', messageRetentionDuration, RETENTION_SECONDS);
  const ttl = given.expirationPolicy?.ttl;
  if (ttl) checkSeconds('expiration_policy.ttl', ttl, { min: DAY_SECONDS, max: Infinity });
  parseFilter(given.filter ?? '');
  return {
    ...given,
    name: checkResourceName('subscriptions', given.name),
    topic: given.topic === DELETED_TOPIC ? DELETED_TOPIC : checkResourceName('topics', given.topic),
    pushConfig: {},
    ackDeadlineSeconds,
    messageRetentionDuration,
    ...(given.deadLetterPolicy
      ? { deadLetterPolicy: deadLetterPolicy(given.deadLetterPolicy) }
      : {}),
    ...(given.retryPolicy ? { retryPolicy: retryPolicy(given.retryPolicy) } : {}),
  };
}

export function updateTopic(current: TopicDefinition, update: Update<TopicDefinition>) {
  return defineTopic(applyMask('Topic', TOPIC_FIELDS, current, update));
}

export function updateSubscription(
  current: SubscriptionDefinition,
  update: Update<SubscriptionDefinition>,
) {
  return defineSubscription(applyMask('Subscription', SUBSCRIPTION_FIELDS, current, update));
}

export function updateSnapshot(current: SnapshotDefinition, update: Update<SnapshotDefinition>) {
  const next = applyMask('Snapshot', ['labels'], current, update);
  checkLabels(next.labels);
  return next;
}

export function durationMs(duration: ProtoDuration | undefined): number {
  return (duration?.seconds ?? 0) * 1000 + (duration?.nanos ?? 0) / 1e6;
}

export function toTimestamp(atMs: number): ProtoDuration {
  const seconds = Math.floor(atMs / 1000);
  return { seconds, nanos: Math.round((atMs - seconds * 1000) * 1e6) };
}

/** Replaces the masked fields of `current`; a path names a field or a field of one. */
function applyMask<T extends object>(
  kind: string,
  fields: readonly string[],
  current: T,
  { given, paths }: Update<T>,
): T {
  const request = `Update${kind}Request`;
  if (paths.length === 0) {
    throw invalidArgument(
      `The update_mask in the ${request} must be set, and must contain a non-empty paths list.`,
    );
  }
  const next = { ...current } as Record<string, unknown>;
  for (const path of paths) {
    const [field = '', child] = path.split('.');
    const key = camelCase(field);
    if (FIXED_FIELDS.includes(field)) {
      throw invalidArgument(
        `Invalid update_mask provided in the ${request}: the ${path} field in the ${kind} is not mutable.`,
      );
    }
    if (UNSUPPORTED_FIELDS[key] && key !== field) throw unimplemented(UNSUPPORTED_FIELDS[key]);
    if (!fields.includes(field)) {
      throw invalidArgument(
        `Invalid update_mask provided in the ${request}: ${path} is not a known ${kind} field. Field paths are of the form ${fields[0]}.`,
      );
    }
    const value = (given as Record<string, unknown>)[key];
    const childKey = camelCase(child ?? '');
    next[key] =
      child === undefined
        ? value
        : { ...(next[key] as object), [childKey]: (value as Record<string, unknown>)?.[childKey] };
    if (next[key] === undefined) delete next[key];
  }
  return next as T;
}

function deadLetterPolicy(given: NonNullable<SubscriptionDefinition['deadLetterPolicy']>) {
  const maxDeliveryAttempts = given.maxDeliveryAttempts || DELIVERY_ATTEMPTS.default;
  const { min, max } = DELIVERY_ATTEMPTS;
  if (maxDeliveryAttempts < min || maxDeliveryAttempts > max) {
    const side = maxDeliveryAttempts < min ? ['small', 'minimum', min] : ['large', 'maximum', max];
    throw outOfRange(
      `The value for max_delivery_attempts is too ${side[0]}. You passed ${maxDeliveryAttempts} in the request, but the ${side[1]} value is ${side[2]}.`,
    );
  }
  return {
    deadLetterTopic: checkResourceName('topics', given.deadLetterTopic),
    maxDeliveryAttempts,
  };
}

function retryPolicy(given: NonNullable<SubscriptionDefinition['retryPolicy']>) {
  const range = { min: 0, max: BACKOFF_SECONDS.max };
  const minimumBackoff = given.minimumBackoff ?? { seconds: BACKOFF_SECONDS.minimumDefault };
  const maximumBackoff = given.maximumBackoff ?? { seconds: BACKOFF_SECONDS.maximumDefault };
  checkSeconds('minimum_backoff', minimumBackoff, range);
  checkSeconds('maximum_backoff', maximumBackoff, range);
  if (durationMs(maximumBackoff) < durationMs(minimumBackoff)) {
    throw invalidArgument(
      `The value for maximum_backoff is too small. You passed ${durationMs(maximumBackoff) / 1000}s in the request, but the minimum value is ${durationMs(minimumBackoff) / 1000}s.`,
    );
  }
  return { minimumBackoff, maximumBackoff };
}

function refuseUnsupported(given: object): void {
  for (const [key, what] of Object.entries(UNSUPPORTED_FIELDS)) {
    const value = (given as Record<string, unknown>)[key];
    if (value && !(Array.isArray(value) && value.length === 0)) throw unimplemented(what);
  }
}

function checkSeconds(
  field: string,
  given: ProtoDuration,
  { min, max }: { min: number; max: number },
): void {
  const seconds = durationMs(given) / 1000;
  if (seconds >= min && seconds <= max) return;
  const bounds = max === Infinity ? `at least ${min}s` : `between ${min}s and ${max}s`;
  throw invalidArgument(
    `The value for ${field} is out of bounds. You passed ${seconds}s in the request, but the value must be ${bounds}.`,
  );
}

function checkLabels(labels: Labels | undefined): void {
  const count = Object.keys(labels ?? {}).length;
  if (count > LABELS_MAX) {
    throw invalidArgument(`${count} labels were given; the maximum is ${LABELS_MAX}.`);
  }
}

function camelCase(snake: string): string {
  return snake.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
