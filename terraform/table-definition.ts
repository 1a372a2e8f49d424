/** A stream's table of BigQuery as Terraform makes it. */
import type { Stream } from '../streams/index.ts';

/** Source: https://cloud.google.com/bigquery/docs/clustered-tables, four columns at most. */
const CLUSTERING_MAX = 4;

interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly mode: 'REQUIRED' | 'NULLABLE';
  readonly description: string;
}

/** Columns that the ingester adds. */
const METADATA: readonly TableColumn[] = [
  required('message_id', 'STRING', 'Id of the Pub/Sub message.'),
  required('publish_time', 'TIMESTAMP', 'When Pub/Sub took the message.'),
  required('ingest_time', 'TIMESTAMP', 'When the row was written.'),
  required('ingest_sequence', 'INT64', 'Rises with each row that one ingester writes.'),
];

/** The value of one table in the variable `tables`: one partition a UTC day of event time, and no query without a range of it. */
export function tableDefinition(stream: Stream): Readonly<Record<string, unknown>> {
  const columns: readonly TableColumn[] = [
    ...stream.columns.map(({ name, type, isRequired, description }) => ({
      name,
      type,
      mode: isRequired ? ('REQUIRED' as const) : ('NULLABLE' as const),
      description,
    })),
    ...METADATA,
  ];
  return {
    description: stream.description,
    schema: JSON.stringify(columns.map(toField)),
    partition_column: stream.eventTime,
    require_partition_filter: true,
    clustering: [...new Set([...stream.clustering, stream.eventId])].slice(0, CLUSTERING_MAX),
  };
}

/** The API answers with the names of legacy SQL; any other spelling would be a difference for ever. */
const LEGACY_TYPES: Readonly<Record<string, string>> = {
  INT64: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
};

function toField({ type, ...rest }: TableColumn) {
  return { ...rest, type: LEGACY_TYPES[type] ?? type };
}

function required(name: string, type: string, description: string): TableColumn {
  return { name, type, mode: 'REQUIRED', description };
}
