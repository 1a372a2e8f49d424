/** Tables and views of DuckDB from stream definitions, and the one change to them that is allowed. */
import { randomUUID } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../runtime/index.ts';
import type { Column, ColumnType, Stream } from '../streams/index.ts';
import { quote, windowsSelect } from './duckdb-queries.ts';

const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  STRING: 'VARCHAR',
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  BOOL: 'BOOLEAN',
  TIMESTAMP: 'TIMESTAMP',
  DATE: 'DATE',
  JSON: 'JSON',
};

const METADATA: readonly StoredColumn[] = [
  { name: 'message_id', type: 'VARCHAR', isRequired: true },
  { name: 'publish_time', type: 'TIMESTAMP', isRequired: true },
  { name: 'ingest_time', type: 'TIMESTAMP', isRequired: true },
  { name: 'ingest_sequence', type: 'BIGINT', isRequired: true },
];

const INTERNAL_TABLES = `
create table if not exists highwater_meta (name VARCHAR not null, value VARCHAR);
create table if not exists highwater_quarantine (
  quarantine_id VARCHAR not null, quarantine_sequence BIGINT not null, stream VARCHAR not null,
  message_id VARCHAR not null, subscription VARCHAR not null, publish_time TIMESTAMP not null,
  quarantine_time TIMESTAMP not null, payload_text VARCHAR not null, payload BLOB not null,
  attributes JSON not null, ordering_key VARCHAR not null, reason_code VARCHAR not null,
  reason VARCHAR not null, delivery_attempt BIGINT not null, replay_time TIMESTAMP)`;

interface StoredColumn {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
}

/** Creates the adapter's own tables. Returns the id that tells this warehouse from every other. */
export async function prepareInternal(connection: DuckDBConnection): Promise<string> {
  await connection.run(INTERNAL_TABLES);
  const sql = "select value from highwater_meta where name = 'warehouse_id'";
  const stored = (await connection.runAndReadAll(sql)).getRows()[0]?.[0];
  if (typeof stored === 'string') return stored;
  const id = randomUUID();
  await connection.run("insert into highwater_meta values ('warehouse_id', $1)", [id]);
  return id;
}

/** What keeps a stream's table from its definition, one sentence each; none where `prepareStream` would succeed. */
export async function schemaConflicts(
  connection: DuckDBConnection,
  stream: Stream,
): Promise<readonly string[]> {
  const stored = await storedColumns(connection, stream.name);
  if (stored.length === 0) return [];
  const wanted = wantedColumns(stream);
  const conflicts: string[] = [];
  for (const column of wanted) {
    const twin = stored.find((other) => other.name === column.name);
    if (!twin && !column.isRequired) continue;
    if (twin?.type === column.type && twin.isRequired === column.isRequired) continue;
    const was = twin ? describe(twin) : 'absent';
    conflicts.push(`${stream.name}.${column.name}: stored ${was}, wanted ${describe(column)}`);
  }
  for (const column of stored) {
    if (wanted.some((other) => other.name === column.name)) continue;
    conflicts.push(`${stream.name}.${column.name}: stored ${describe(column)}, wanted absent`);
  }
  return conflicts;
}

/** The refusal of every conflict at once. */
export function schemaConflictError(conflicts: readonly string[]): AppError {
  return new AppError(
    'schema_conflict',
    `The stored tables do not fit the stream definitions:\n  ${conflicts.join('\n  ')}\n` +
      'Only new NULLABLE columns are added to a table. Put the definition back, or give the ' +
      'stream a new name, or move the data folder away to start afresh.',
  );
}

/** Creates or extends the table and its view. Returns the table's column names in stored order. */
export async function prepareStream(
  connection: DuckDBConnection,
  stream: Stream,
): Promise<readonly string[]> {
  const table = quote(stream.name);
  const stored = await storedColumns(connection, stream.name);
  await connection.run('begin');
  if (stored.length === 0) {
    const columns = wantedColumns(stream).map(
      ({ name, type, isRequired }) => `${quote(name)} ${type}${isRequired ? ' not null' : ''}`,
    );
    await connection.run(`create table ${table} (${columns.join(', ')})`);
  }
  for (const column of stream.columns) {
    if (stored.length === 0 || stored.some(({ name }) => name === column.name)) continue;
    const type = DUCKDB_TYPES[column.type];
    await connection.run(`alter table ${table} add column ${quote(column.name)} ${type}`);
  }
  const view = quote(`${stream.name}_windows`);
  if (stream.windows) {
    await connection.run(
      `create or replace view ${view} as ${windowsSelect(stream, stream.windows, { isView: true })}`,
    );
  } else await connection.run(`drop view if exists ${view}`);
  await connection.run('commit');
  return (await storedColumns(connection, stream.name)).map(({ name }) => name);
}

async function storedColumns(
  connection: DuckDBConnection,
  table: string,
): Promise<readonly StoredColumn[]> {
  const result = await connection.runAndReadAll(
    `select column_name, data_type, is_nullable from duckdb_columns()
     where table_name = $1 and schema_name = 'main' and not internal order by column_index`,
    [table],
  );
  return result.getRows().map(([name, type, isNullable]) => ({
    name: String(name),
    type: String(type),
    isRequired: isNullable === false,
  }));
}

function wantedColumns(stream: Stream): readonly StoredColumn[] {
  return [...stream.columns.map(toStored), ...METADATA];
}

function toStored({ name, type, isRequired }: Column): StoredColumn {
  return { name, type: DUCKDB_TYPES[type], isRequired };
}

function describe({ type, isRequired }: StoredColumn): string {
  return `${type} ${isRequired ? 'REQUIRED' : 'NULLABLE'}`;
}
