/** Tables and views of BigQuery as Terraform makes them: the warehouse's own, in the API's words. */
import type { Stream } from '../streams/index.ts';
import { quarantineTable, replaysTable, tableOf, viewsOf } from '../warehouse/index.ts';
import type { BigqueryColumn, BigqueryTable } from '../warehouse/index.ts';

type Definitions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The variable `tables`: one a stream, and those of quarantine. */
export function tableDefinitions(streams: readonly Stream[]): Definitions {
  const tables = [...streams.map(tableOf), quarantineTable, replaysTable];
  return byId(tables, (table) => table.id, toTable);
}

/** The variable `views`. */
export function viewDefinitions(streams: readonly Stream[], dataset: string): Definitions {
  const views = streams.flatMap((stream) => viewsOf(stream, dataset));
  return byId(
    views,
    ({ id }) => id,
    ({ description, sql }) => ({ description, query: sql }),
  );
}

function toTable(table: BigqueryTable) {
  return {
    description: table.description,
    schema: JSON.stringify(table.columns.map(toField)),
    partition_column: table.partitionBy,
    require_partition_filter: table.isFilterRequired,
    clustering: table.clustering,
  };
}

/** The API answers with the names of legacy SQL; any other spelling would be a difference for ever. */
const LEGACY_TYPES: Readonly<Record<string, string>> = {
  INT64: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
};

function toField({ type, fields, ...rest }: BigqueryColumn): Readonly<Record<string, unknown>> {
  return {
    ...rest,
    type: LEGACY_TYPES[type] ?? type,
    ...(fields ? { fields: fields.map(toField) } : {}),
  };
}

function byId<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  define: (item: T) => Readonly<Record<string, unknown>>,
): Definitions {
  const sorted = items.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  return Object.fromEntries(sorted.map((item) => [idOf(item), define(item)]));
}
