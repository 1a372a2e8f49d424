/** Tables and views of BigQuery as stream definitions have them; pure data, compared and created elsewhere. */
import type { ColumnType, Stream } from '../streams/index.ts';
import { deduplicatedSelect } from './bigquery-sql.ts';
import { windowsSelect } from './bigquery-windows-sql.ts';

/** BigQuery's types that a table here may have. */
export type BigqueryType = ColumnType | 'BYTES' | 'RECORD';

export interface BigqueryColumn {
  readonly name: string;
  readonly type: BigqueryType;
  readonly mode: 'REQUIRED' | 'NULLABLE' | 'REPEATED';
  readonly description?: string;
  /** Of a RECORD. */
  readonly fields?: readonly BigqueryColumn[];
}

export interface BigqueryTable {
  readonly id: string;
  readonly description: string;
  readonly columns: readonly BigqueryColumn[];
  /** The TIMESTAMP column whose UTC day is the partition. */
  readonly partitionBy: string;
  /** A query without a condition on `partitionBy` is refused. */
  readonly isFilterRequired: boolean;
  readonly clustering: readonly string[];
  /** Columns that tell one row from every other, however often it is written. */
  readonly key: readonly string[];
}

export interface BigqueryView {
  readonly id: string;
  readonly description: string;
  readonly sql: string;
}

/** Source: https://cloud.google.com/bigquery/docs/clustered-tables, four columns at most. */
const CLUSTERING_MAX = 4;
/** What a view reads at most, counted back from now: whoever asks it has no condition on partitions to forget. */
export const VIEW_DAYS = 31;
export const QUARANTINE_TABLE = 'highwater_quarantine';
export const REPLAYS_TABLE = 'highwater_replays';

const METADATA: readonly BigqueryColumn[] = [
  required('message_id', 'STRING', 'Id of the Pub/Sub message.'),
  required('publish_time', 'TIMESTAMP', 'When Pub/Sub took the message.'),
  required('ingest_time', 'TIMESTAMP', 'When the row was written.'),
  required('ingest_sequence', 'INT64', 'Rises with each row that one ingester writes.'),
];

/** The table of a stream: at-least-once rows, one partition a UTC day of event time. */
export function tableOf(stream: Stream): BigqueryTable {
  const clustering = [...new Set([...stream.clustering, stream.eventId])];
  return {
    id: stream.name,
    description: stream.description,
    columns: [
      ...stream.columns.map(({ name, type, isRequired, description }) => ({
        name,
        type,
        mode: isRequired ? ('REQUIRED' as const) : ('NULLABLE' as const),
        description,
      })),
      ...METADATA,
    ],
    partitionBy: stream.eventTime,
    isFilterRequired: true,
    clustering: clustering.slice(0, CLUSTERING_MAX),
    key: [stream.eventId, stream.eventTime],
  };
}

/** Views for people, over the newest days: each event once, and the windows where the stream has some. */
export function viewsOf(stream: Stream, dataset: string): readonly BigqueryView[] {
  const recent = `timestamp_trunc(timestamp_sub(current_timestamp(), interval ${VIEW_DAYS} day), day)`;
  const source = deduplicatedSelect(stream, dataset, { fromSql: recent });
  const deduplicated = {
    id: `${stream.name}_deduplicated`,
    description: `Each event of ${stream.name} once, of the last ${VIEW_DAYS} days.`,
    sql: source,
  };
  if (!stream.windows) return [deduplicated];
  return [
    deduplicated,
    {
      id: `${stream.name}_windows`,
      description: `Windows of ${stream.name}, of the last ${VIEW_DAYS} days.`,
      sql: windowsSelect(stream, stream.windows, { source: `(${source})`, isView: true }),
    },
  ];
}

/**
 * Refused messages. The first six columns are those of the error records that Dataflow's Pub/Sub templates write, so
 * that what reads those reads these.
 * Source: GoogleCloudPlatform/DataflowTemplates, streaming_source_deadletter_table_schema.json.
 */
export const quarantineTable: BigqueryTable = {
  id: QUARANTINE_TABLE,
  description: 'Messages that were refused, with the reason; as Dataflow’s error records.',
  columns: [
    required('timestamp', 'TIMESTAMP', 'When the message was refused.'),
    required('payloadString', 'STRING', 'The payload where it is text.'),
    required('payloadBytes', 'BYTES', 'The payload.'),
    {
      name: 'attributes',
      type: 'RECORD',
      mode: 'REPEATED',
      description: 'The message’s attributes.',
      fields: [
        { name: 'key', type: 'STRING', mode: 'NULLABLE' },
        { name: 'value', type: 'STRING', mode: 'NULLABLE' },
      ],
    },
    { name: 'errorMessage', type: 'STRING', mode: 'NULLABLE', description: 'What was expected.' },
    { name: 'stacktrace', type: 'STRING', mode: 'NULLABLE', description: 'Always empty here.' },
    required('quarantineId', 'STRING', 'The same for each delivery of one publish.'),
    required('stream', 'STRING', 'Stream that refused it.'),
    required('messageId', 'STRING', 'Id of the Pub/Sub message.'),
    required('subscription', 'STRING', 'Subscription that delivered it.'),
    required('publishTime', 'TIMESTAMP', 'When Pub/Sub took the message.'),
    required('orderingKey', 'STRING', 'The message’s ordering key, or nothing.'),
    required('reasonCode', 'STRING', 'Why it was refused, as a stable code.'),
    required('deliveryAttempt', 'INT64', 'Which delivery was refused.'),
  ],
  partitionBy: 'publishTime',
  isFilterRequired: true,
  clustering: ['stream', 'quarantineId'],
  key: ['quarantineId'],
};

/** Which refused messages were published again: rows are added, as those of the quarantine table cannot be changed at once. */
export const replaysTable: BigqueryTable = {
  id: REPLAYS_TABLE,
  description: 'Quarantined messages that were published again.',
  columns: [
    required('stream', 'STRING', 'Stream that refused it.'),
    required('quarantineId', 'STRING', 'Id in the quarantine table.'),
    required('replayTime', 'TIMESTAMP', 'When it was published again.'),
  ],
  partitionBy: 'replayTime',
  isFilterRequired: false,
  clustering: ['stream', 'quarantineId'],
  key: ['quarantineId', 'replayTime'],
};

function required(name: string, type: BigqueryType, description: string): BigqueryColumn {
  return { name, type, mode: 'REQUIRED', description };
}
