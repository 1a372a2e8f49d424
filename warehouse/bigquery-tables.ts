/** Dataset, tables and views of BigQuery brought up to their definitions, and the one change to them that is allowed. */
import { z } from 'zod';
import { AppError } from '../runtime/index.ts';
import { isAlreadyThere, isNotFound } from './bigquery-errors.ts';
import type { SendBigquery } from './bigquery-rest.ts';
import type { BigqueryColumn, BigqueryTable, BigqueryView } from './bigquery-schema.ts';

export interface BigqueryDataset {
  readonly send: SendBigquery;
  readonly projectId: string;
  readonly id: string;
  /** Where a new dataset lies, such as `US` or `europe-west1`. */
  readonly location: string;
}

interface FieldResource {
  readonly name: string;
  readonly type: string;
  readonly mode?: string | undefined;
  readonly fields?: readonly FieldResource[] | undefined;
}

const fieldSchema: z.ZodType<FieldResource> = z.lazy(() =>
  z.looseObject({
    name: z.string(),
    type: z.string(),
    mode: z.string().optional(),
    fields: z.array(fieldSchema).optional(),
  }),
);
const tableSchema = z.looseObject({
  schema: z.looseObject({ fields: z.array(fieldSchema).optional() }).optional(),
  etag: z.string().optional(),
  timePartitioning: z.looseObject({ field: z.string().optional() }).optional(),
  view: z.looseObject({ query: z.string().optional() }).optional(),
});
type TableResource = z.output<typeof tableSchema>;

/** Source: the REST API answers with the names of legacy SQL. */
const LEGACY_TYPES: Readonly<Record<string, string>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  STRUCT: 'RECORD',
};

export async function prepareDataset(dataset: BigqueryDataset): Promise<void> {
  const { send, id, projectId, location } = dataset;
  try {
    await send({ method: 'GET', path: `/datasets/${id}` });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const datasetReference = { projectId, datasetId: id };
    await createOnce(send, '/datasets', { datasetReference, location });
  }
}

/** What keeps stored tables from their definitions, one sentence each; none where `prepareTable` would succeed. */
export async function tableConflicts(
  dataset: BigqueryDataset,
  table: BigqueryTable,
): Promise<readonly string[]> {
  const stored = await readTable(dataset, table.id);
  if (!stored) return [];
  const columns = storedColumns(stored);
  const conflicts: string[] = [];
  for (const column of table.columns) {
    const twin = columns.find((other) => other.name === column.name);
    if (!twin && column.mode !== 'REQUIRED') continue;
    if (twin && twin.type === column.type && twin.mode === column.mode) continue;
    const was = twin ? describe(twin) : 'absent';
    conflicts.push(`${table.id}.${column.name}: stored ${was}, wanted ${describe(column)}`);
  }
  for (const column of columns) {
    if (table.columns.some((other) => other.name === column.name)) continue;
    conflicts.push(`${table.id}.${column.name}: stored ${describe(column)}, wanted absent`);
  }
  const partition = stored.timePartitioning?.field;
  if (partition !== undefined && partition !== table.partitionBy) {
    conflicts.push(`${table.id}: stored with days of ${partition}, wanted ${table.partitionBy}`);
  }
  return conflicts;
}

/** The refusal of every conflict at once. */
export function tableConflictError(conflicts: readonly string[]): AppError {
  return new AppError(
    'schema_conflict',
    `The stored tables do not fit the stream definitions:\n  ${conflicts.join('\n  ')}\n` +
      'Only new NULLABLE columns are added to a table. Put the definition back, or give the ' +
      'stream a new name, or set BIGQUERY_DATASET to another dataset to start afresh.',
  );
}

/** Creates the table, or adds the columns that it lacks. */
export async function prepareTable(dataset: BigqueryDataset, table: BigqueryTable): Promise<void> {
  const { send, id: datasetId, projectId } = dataset;
  const path = `/datasets/${datasetId}/tables`;
  const stored = await readTable(dataset, table.id);
  if (!stored) {
    await createOnce(send, path, {
      tableReference: { projectId, datasetId, tableId: table.id },
      description: table.description,
      schema: { fields: table.columns.map(toField) },
      timePartitioning: { type: 'DAY', field: table.partitionBy },
      requirePartitionFilter: table.isFilterRequired,
      clustering: { fields: table.clustering },
    });
    return;
  }
  const fields = stored.schema?.fields ?? [];
  const missing = table.columns.filter(({ name }) => !fields.some((each) => each.name === name));
  if (missing.length === 0) return;
  // Columns of a table can only be added behind those that it has.
  const schema = { fields: [...fields, ...missing.map(toField)] };
  await send({ method: 'PATCH', path: `${path}/${table.id}`, body: { schema } });
}

/** Creates the view, or gives it its new text. */
export async function prepareView(dataset: BigqueryDataset, view: BigqueryView): Promise<void> {
  const { send, id: datasetId, projectId } = dataset;
  const path = `/datasets/${datasetId}/tables`;
  const stored = await readTable(dataset, view.id);
  const body = {
    tableReference: { projectId, datasetId, tableId: view.id },
    description: view.description,
    view: { query: view.sql, useLegacySql: false },
  };
  if (!stored) await createOnce(send, path, body);
  else if (stored.view?.query !== view.sql) {
    await send({ method: 'PUT', path: `${path}/${view.id}`, body });
  }
}

async function readTable(
  { send, id }: BigqueryDataset,
  table: string,
): Promise<TableResource | undefined> {
  try {
    return tableSchema.parse(
      await send({ method: 'GET', path: `/datasets/${id}/tables/${table}` }),
    );
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Processes that start together may both create it. */
async function createOnce(send: SendBigquery, path: string, body: object): Promise<void> {
  try {
    await send({ method: 'POST', path, body });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}

interface StoredColumn {
  readonly name: string;
  readonly type: string;
  readonly mode: string;
}

function storedColumns(table: TableResource): readonly StoredColumn[] {
  return (table.schema?.fields ?? []).map(({ name, type, mode }) => ({
    name,
    type: LEGACY_TYPES[type] ?? type,
    mode: mode === undefined || mode === '' ? 'NULLABLE' : mode,
  }));
}

function toField({ name, type, mode, description = '', fields }: BigqueryColumn): FieldResource {
  const field = { name, type, mode, description };
  return fields ? { ...field, fields: fields.map(toField) } : field;
}

function describe({ type, mode }: Pick<StoredColumn, 'type' | 'mode'>): string {
  return `${type} ${mode}`;
}
