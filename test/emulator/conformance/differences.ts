/**
 * Where the embedded server answers otherwise than Google's emulator 0.8.20, and why. Nothing else may differ;
 * `docs/pubsub-differences.md` is the same list for readers, and a test holds the two together.
 */
import type { Observation } from './script.ts';

/** A script whose observation differs. Of an object only the keys given here differ. */
export interface Difference {
  readonly scriptId: string;
  readonly ours: Observation;
  readonly why: string;
}

/** A status whose code is the same and whose sentence is not: the emulator's and ours. */
export interface Wording {
  readonly id: string;
  readonly google: RegExp;
  readonly ours: RegExp;
  readonly why: string;
}

export const wordings: readonly Wording[] = [
  {
    id: 'wording-exists',
    google: /: (Topic|Subscription|Snapshot) already exists$/,
    ours: /: Resource already exists in the project \(resource=[\w-]+\)\.$/,
    why: "The service's sentence, which names the resource.",
  },
  {
    id: 'wording-not-found',
    google:
      /^NOT_FOUND: (Topic|Subscription|Snapshot|Subscription topic|Dead letter topic) (not found|does not exist)/,
    ours: /: Resource not found \(resource=[\w-]+\)\.$/,
    why: "The service's sentence, which names the resource.",
  },
  {
    id: 'wording-name',
    google: /: Invalid \[\w+\] name: \(name=.*\)$/,
    ours: /: Invalid \[\w+\] name: \(name=.*\); expected projects\//,
    why: "The emulator's sentence, with what would have been right.",
  },
  {
    id: 'wording-bounds',
    google: /: (message_retention_duration|ack_deadline_secs) out of bounds$/,
    ours: /: The value for (message_retention_duration|ack_deadline_seconds) is out of bounds\. You passed -?\d+s .* between \d+s and \d+s\.$/,
    why: 'Says the value and the bounds, in the words that the emulator uses for the retry policy.',
  },
  {
    id: 'wording-message-count',
    google: /: Too many messages to publish$/,
    ours: /: Too many messages to publish: \d+; the maximum in a request is 1000\.$/,
    why: 'Says the count and the limit.',
  },
  {
    id: 'wording-empty-message',
    google: /: Some messages are empty$/,
    ours: /: Some messages are empty; a message needs data or at least one attribute\.$/,
    why: 'Says what a message needs.',
  },
  {
    id: 'wording-mask',
    google: /: Invalid update_mask .* is not a known \w+ field\. /,
    ours: /: Invalid update_mask .* (is not a known \w+ field\. Field paths are of the form \w+\.|field in the \w+ is not mutable\.)$/,
    why: "The hint names a field that can be updated; a topic's name is a known field that cannot.",
  },
  {
    id: 'wording-stream-deadline',
    google: /: stream_ack_deadline_seconds must be between 10 and 600 seconds$/,
    ours: /: stream_ack_deadline_seconds must be between 10 and 600 seconds; got -?\d+$/,
    why: 'Says the value that was given.',
  },
  {
    id: 'wording-no-ack-ids',
    google: /: No ack ids specified\.?$/,
    ours: /: No ack ids specified\.$/,
    why: 'One sentence for both calls.',
  },
  {
    id: 'wording-foreign-ack-id',
    google: / received an invalid ack ID .*, meant for subscription: /,
    ours: / received an invalid ack ID [\w-]+, meant for another subscription\.$/,
    why: "Does not tell the other subscription's name.",
  },
  {
    id: 'wording-max-messages',
    google: /: No max_messages specified$/,
    ours: /: max_messages must be a positive number; got 0$/,
    why: 'Says the value that was given.',
  },
  {
    id: 'wording-snapshot-topic',
    google: /: The subscription's topic \S+ is different from that of the snapshot /,
    ours: /: The subscription's topic \S+ is different from that of the snapshot \S+; they must match/,
    why: 'The same meaning in other words.',
  },
  {
    id: 'wording-exactly-once',
    google: /^INVALID_ARGUMENT: $/,
    ours: /: Some acknowledgement ids in the request were invalid/,
    why: 'The emulator leaves the sentence empty.',
  },
];

export const differences: readonly Difference[] = [
  {
    scriptId: 'resource-state',
    ours: { topic: 'ACTIVE', subscription: 'ACTIVE' },
    why: 'The state is an output of the service; the emulator leaves it out.',
  },
  {
    scriptId: 'topic-list-edges',
    ours: {
      'negative page size': 'INVALID_ARGUMENT: page_size must not be negative; got -1.',
      'bad page token': 'INVALID_ARGUMENT: Invalid page token',
      'bad project name':
        'INVALID_ARGUMENT: Invalid [projects] name: (name=nonsense); expected projects/{project}.',
    },
    why: 'A bad request is told so; the emulator ignores two of them and fails on the third.',
  },
  {
    scriptId: 'topic-missing',
    ours: {
      'list subscriptions': 'NOT_FOUND: Resource not found (resource=topic).',
      'list snapshots': 'NOT_FOUND: Resource not found (resource=topic).',
    },
    why: 'Lists of a missing topic are NOT_FOUND in the service; an empty list hides a mistyped name.',
  },
  {
    scriptId: 'topic-update',
    ours: { labels: 'OK' },
    why: 'The emulator does not know that labels can be updated.',
  },
  {
    scriptId: 'publish-attribute-bounds',
    ours: {
      'key of 257 bytes':
        'INVALID_ARGUMENT: An attribute key is 257 bytes long; the maximum is 256.',
      'empty key': 'INVALID_ARGUMENT: An attribute key is empty.',
      'key starts with goog':
        'INVALID_ARGUMENT: An attribute key starts with goog, which is reserved.',
      'value of 1,025 bytes':
        'INVALID_ARGUMENT: An attribute value is 1025 bytes long; the maximum is 1024.',
      '101 attributes': 'INVALID_ARGUMENT: A message has 101 attributes; the maximum is 100.',
    },
    why: 'The limits of the service (https://cloud.google.com/pubsub/quotas#resource_limits); the emulator has none.',
  },
  {
    scriptId: 'publish-ordering-key-bounds',
    ours: { '1,025 bytes': 'INVALID_ARGUMENT: An ordering key is longer than 1024 bytes.' },
    why: 'The limit of the service (https://cloud.google.com/pubsub/quotas#resource_limits); the emulator has none.',
  },
  {
    scriptId: 'subscription-ack-deadline-bounds',
    ours: {
      '9 s':
        'INVALID_ARGUMENT: The value for ack_deadline_seconds is out of bounds. You passed 9s in the request, but the value must be between 10s and 600s.',
    },
    why: 'The documented minimum is 10 s; the emulator checks the maximum alone.',
  },
  {
    scriptId: 'subscription-retention-bounds',
    ours: {
      '7 d and 1 s': { messageRetentionDuration: { seconds: '604801' } },
      '31 d': { messageRetentionDuration: { seconds: '2678400' } },
    },
    why: 'The documented maximum is 31 days; the emulator still has the former 7.',
  },
  {
    scriptId: 'subscription-expiration-bounds',
    ours: {
      'below 1 d':
        'INVALID_ARGUMENT: The value for expiration_policy.ttl is out of bounds. You passed 86399s in the request, but the value must be at least 86400s.',
    },
    why: 'The documented minimum is 1 day; the emulator does not check.',
  },
  {
    scriptId: 'subscription-dead-letter-bounds',
    ours: {
      'bad topic name':
        'INVALID_ARGUMENT: Invalid [topics] name: (name=nonsense); expected projects/{project}/topics/{id}, where {id} is 3 to 255 letters, digits or -_.~+%, starts with a letter and not with goog.',
      'no topic':
        'INVALID_ARGUMENT: Invalid [topics] name: (name=); expected projects/{project}/topics/{id}, where {id} is 3 to 255 letters, digits or -_.~+%, starts with a letter and not with goog.',
    },
    why: 'A malformed name can never exist, so it is told apart from a missing topic.',
  },
  {
    scriptId: 'subscription-get-missing',
    ours: { detach: 'NOT_FOUND: Resource not found (resource=subscription).' },
    why: 'The emulator does not implement DetachSubscription.',
  },
  {
    scriptId: 'subscription-update',
    ours: { labels: 'OK' },
    why: 'The emulator does not know that labels can be updated.',
  },
  {
    scriptId: 'subscription-update-refused',
    ours: {
      filter:
        'INVALID_ARGUMENT: Invalid update_mask provided in the UpdateSubscriptionRequest: the filter field in the Subscription is not mutable.',
      expiration: 'OK',
      'deadline of 5 s':
        'INVALID_ARGUMENT: The value for ack_deadline_seconds is out of bounds. You passed 5s in the request, but the value must be between 10s and 600s.',
    },
    why: 'A filter is immutable, an expiration policy is not, and a deadline has its minimum on update too.',
  },
  {
    scriptId: 'subscription-detach',
    ours: {
      detached: 'OK',
      names: {},
      subscription: {
        name: 'projects/PROJECT/subscriptions/subscription',
        topic: 'projects/PROJECT/topics/topic',
        ackDeadlineSeconds: 10,
        messageRetentionDuration: { seconds: '604800' },
        detached: true,
      },
      pull: 'FAILED_PRECONDITION: Subscription is detached.',
      'detach again': 'OK',
    },
    why: 'The emulator does not implement DetachSubscription.',
  },
  {
    scriptId: 'pull-bounds',
    ours: { negative: 'INVALID_ARGUMENT: max_messages must be a positive number; got -1' },
    why: 'A negative max_messages is INVALID_ARGUMENT by the documentation; the emulator answers with nothing.',
  },
  {
    scriptId: 'modify-bounds',
    ours: { '601 s': 'INVALID_ARGUMENT: Ack deadline must be between 0 and 600 seconds; got 601.' },
    why: 'The documented maximum is 600 s; the emulator takes any.',
  },
  {
    scriptId: 'acknowledge-after-expiry',
    ours: { third: [] },
    why: 'A late ack may succeed by the documentation, and then nothing is to be delivered again.',
  },
  {
    scriptId: 'retry-policy-delays-a-nack',
    ours: [true, true, true],
    why: "The policy's minimum holds from the first nack on; the emulator redelivers that one at once.",
  },
  {
    scriptId: 'ordering-nack-brings-the-rest-again',
    ours: { again: ['0', '1', '2', '3'] },
    why: "A redelivery brings the key's later messages again, in their order; the emulator breaks the order.",
  },
  {
    scriptId: 'ordering-nack-in-the-middle',
    ours: { again: ['1', '2', '3'] },
    why: "A redelivery brings the key's later messages again, in their order; the emulator breaks the order.",
  },
  {
    scriptId: 'filter-semantics',
    ours: {
      'attributes:lang': 'british empty english german',
      'attributes.lang = "en"': 'english',
      'attributes.lang="en"': 'english',
      'attributes.lang != "en"': 'british dotted empty german plain',
      'attributes.lang = ""': 'empty',
      'hasPrefix(attributes.lang, "en")': 'british english',
      'hasPrefix(attributes.lang, "")': 'british empty english german',
      'NOT attributes:lang': 'dotted plain',
      '-attributes:lang': 'dotted plain',
      'NOT hasPrefix(attributes.lang, "en")': 'dotted empty german plain',
      'attributes:lang AND attributes.region = "eu"': 'british german',
      'attributes.lang = "de" OR attributes.lang = "en"': 'english german',
      'attributes.region = "eu" AND (attributes.lang = "de" OR attributes.lang = "en")': 'german',
      'attributes.region = "eu" AND NOT attributes.lang = "de"': 'british',
      'NOT (attributes:lang AND attributes:region)': 'dotted empty english plain',
      'attributes:"iana.org/lang"': 'dotted',
      'attributes."iana.org/lang" = "en"': 'dotted',
      'attributes."quo\\"te" = "a\\\\b"': 'dotted',
      '(attributes:region)': 'british german',
      'attributes.lang = "EN"': '',
    },
    why: 'The emulator stores filters and applies none.',
  },
  {
    scriptId: 'filter-validity',
    ours: {
      'attributes:lang AND attributes:region OR attributes:x':
        'INVALID_ARGUMENT: Invalid filter (attributes:lang AND attributes:region OR attributes:x): expected the end of the filter; got OR.',
      'attributes:lang and attributes:region':
        'INVALID_ARGUMENT: Invalid filter (attributes:lang and attributes:region): expected the end of the filter; got and.',
      'not attributes:lang':
        'INVALID_ARGUMENT: Invalid filter (not attributes:lang): expected attributes, hasPrefix, NOT or (; got not.',
      'attributes:lang attributes:region':
        'INVALID_ARGUMENT: Invalid filter (attributes:lang attributes:region): expected the end of the filter; got attributes.',
      'attributes.lang':
        'INVALID_ARGUMENT: Invalid filter (attributes.lang): expected = or !=; got the end.',
      'attributes.lang = en':
        'INVALID_ARGUMENT: Invalid filter (attributes.lang = en): expected a text in double quotes; got en.',
      "attributes.lang = 'en'":
        "INVALID_ARGUMENT: Invalid filter (attributes.lang = 'en'): unexpected character at offset 17:  'en'",
      'attributes.lang > "en"':
        'INVALID_ARGUMENT: Invalid filter (attributes.lang > "en"): unexpected character at offset 15:  > "en"',
      'attributes:':
        'INVALID_ARGUMENT: Invalid filter (attributes:): expected an attribute key; got the end.',
      'attribute:lang':
        'INVALID_ARGUMENT: Invalid filter (attribute:lang): expected attributes, hasPrefix, NOT or (; got attribute.',
      'lang = "en"':
        'INVALID_ARGUMENT: Invalid filter (lang = "en"): expected attributes, hasPrefix, NOT or (; got lang.',
      'data = "x"':
        'INVALID_ARGUMENT: Invalid filter (data = "x"): expected attributes, hasPrefix, NOT or (; got data.',
      'hasPrefix(attributes.lang)':
        'INVALID_ARGUMENT: Invalid filter (hasPrefix(attributes.lang)): expected ,; got ).',
      'hasSuffix(attributes.lang, "en")':
        'INVALID_ARGUMENT: Invalid filter (hasSuffix(attributes.lang, "en")): expected attributes, hasPrefix, NOT or (; got hasSuffix.',
      'HASPREFIX(attributes.lang, "en")':
        'INVALID_ARGUMENT: Invalid filter (HASPREFIX(attributes.lang, "en")): expected attributes, hasPrefix, NOT or (; got HASPREFIX.',
      'attributes.lang = "en':
        'INVALID_ARGUMENT: Invalid filter (attributes.lang = "en): unexpected character at offset 17:  "en',
      '(attributes:lang':
        'INVALID_ARGUMENT: Invalid filter ((attributes:lang): expected ); got the end.',
      'attributes:lang)':
        'INVALID_ARGUMENT: Invalid filter (attributes:lang)): expected the end of the filter; got ).',
      'attributes:iana.org/lang':
        'INVALID_ARGUMENT: Invalid filter (attributes:iana.org/lang): unexpected character at offset 19: /lang',
      'NOT NOT attributes:lang':
        'INVALID_ARGUMENT: Invalid filter (NOT NOT attributes:lang): expected attributes, hasPrefix, NOT or (; got NOT.',
      '()': 'INVALID_ARGUMENT: Invalid filter (()): expected attributes, hasPrefix, NOT or (; got ).',
    },
    why: 'The emulator does not parse filters.',
  },
  {
    scriptId: 'filter-length',
    ours: { '257 bytes': 'INVALID_ARGUMENT: The filter is longer than 256 bytes.' },
    why: 'The documented maximum is 256 bytes; the emulator does not check.',
  },
  {
    scriptId: 'filter-leaves-no-backlog',
    ours: { received: ['wanted'], afterSeek: ['wanted'] },
    why: 'A message that does not match counts as acknowledged; the emulator applies no filter.',
  },
  {
    scriptId: 'snapshot-create-get-list-delete',
    ours: {
      created: {
        labels: { a: 'b' },
        name: 'projects/PROJECT/snapshots/snapshot',
        topic: 'projects/PROJECT/topics/topic',
      },
    },
    why: "The emulator drops a snapshot's labels.",
  },
  {
    scriptId: 'snapshot-update',
    ours: {
      labels: 'OK',
      'no mask':
        'INVALID_ARGUMENT: The update_mask in the UpdateSnapshotRequest must be set, and must contain a non-empty paths list.',
      'unknown path':
        'INVALID_ARGUMENT: Invalid update_mask provided in the UpdateSnapshotRequest: nonsense is not a known Snapshot field. Field paths are of the form labels.',
    },
    why: 'The emulator does not implement UpdateSnapshot.',
  },
  {
    scriptId: 'seek-another-subscription-to-snapshot',
    ours: ['a'],
    why: "A snapshot keeps its messages for any subscription of the topic, its source deleted or not; the emulator's is gone with the source.",
  },
  {
    scriptId: 'exactly-once-bad-ids',
    ours: {
      acknowledge: {
        outcome:
          'INVALID_ARGUMENT: Some acknowledgement ids in the request were invalid: they have expired, were acknowledged before, or are malformed.',
        reason: 'EXACTLY_ONCE_ACKID_FAILURE',
        perAckId: ['PERMANENT_FAILURE_INVALID_ACK_ID'],
      },
      modify: {
        outcome:
          'INVALID_ARGUMENT: Some acknowledgement ids in the request were invalid: they have expired, were acknowledged before, or are malformed.',
        reason: 'EXACTLY_ONCE_ACKID_FAILURE',
        perAckId: ['PERMANENT_FAILURE_INVALID_ACK_ID'],
      },
    },
    why: "Client libraries read each ack id's fate from the ErrorInfo; the emulator leaves it out for malformed ids.",
  },
  {
    scriptId: 'exactly-once-stream-confirms',
    ours: {
      confirmations: [
        { ack: { ackIds: 1 } },
        { modify: { ackIds: 1 } },
        { ack: { ackIds: 1, invalidAckIds: 1 } },
      ],
    },
    why: 'Acks on a stream are confirmed by id; the emulator sends empty confirmations with the first messages and none after.',
  },
  {
    scriptId: 'exactly-once-not-asked-for',
    ours: { hasConfirmation: false },
    why: 'Confirmations belong to exactly-once subscriptions; the emulator sends empty ones to all.',
  },
  {
    scriptId: 'stream-later-request',
    ours: {
      'client id': 'INVALID_ARGUMENT: client_id may only be set in first message',
      'messages outstanding':
        'INVALID_ARGUMENT: max_outstanding_messages and max_outstanding_bytes may only be set in first message',
      'bytes outstanding':
        'INVALID_ARGUMENT: max_outstanding_messages and max_outstanding_bytes may only be set in first message',
      'modify to 601 s':
        'INVALID_ARGUMENT: Ack deadline must be between 0 and 600 seconds; got 601.',
    },
    why: 'These fields belong to the first request by the documentation, and a lease lasts 600 s at most; the emulator ignores both.',
  },
  {
    scriptId: 'stream-flow-control',
    ours: { beforeAcks: 3, afterTwoAcks: 5 },
    why: 'Flow control is honoured: no more than max_outstanding_messages are leased to a stream; the emulator ignores it.',
  },
  {
    scriptId: 'stream-ping-is-answered',
    ours: 'answered',
    why: 'Clients with protocol_version 1 close a stream whose ping is not answered; the emulator 0.8.20 does not know the protocol, so their idle streams break every 45 s.',
  },
];
