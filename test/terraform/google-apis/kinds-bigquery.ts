/** BigQuery: datasets with their access, tables and views. It says its defaults, unlike the others. */
import { ApiError } from './api-error.ts';
import type { Kind } from './kind.ts';
import { jsonOf, listOf, textOf } from './json.ts';
import type { Json } from './json.ts';

/** Written one way and read the other. Source: basic roles of datasets. */
const BASIC_ROLES: Readonly<Record<string, string>> = {
  'roles/bigquery.dataOwner': 'OWNER',
  'roles/bigquery.dataEditor': 'WRITER',
  'roles/bigquery.dataViewer': 'READER',
};
const TYPES: Readonly<Record<string, string>> = {
  INT64: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
  STRUCT: 'RECORD',
};
const BIGQUERY = { api: 'bigquery', base: 'bigquery/v2', saysDefaults: true } as const;

export const BIGQUERY_KINDS: readonly Kind[] = [
  {
    ...BIGQUERY,
    collection: 'projects/*/datasets',
    id: (body) => textOf(jsonOf(body['datasetReference'])['datasetId']),
    complete: (dataset, { cloud, id, before }) => {
      const access = listOf(dataset['access'] ?? before?.['access']).map(jsonOf);
      for (const { userByEmail } of access)
        cloud.checkMember(`serviceAccount:${textOf(userByEmail)}`);
      return {
        kind: 'bigquery#dataset',
        type: 'DEFAULT',
        ...dataset,
        id: `${cloud.projectId}:${id}`,
        creationTime: before?.['creationTime'] ?? '1700000000000',
        lastModifiedTime: '1700000000000',
        access:
          access.length > 0
            ? access.map((each) => ({
                ...each,
                role: BASIC_ROLES[textOf(each['role'])] ?? each['role'],
              }))
            : [
                { role: 'WRITER', specialGroup: 'projectWriters' },
                { role: 'OWNER', specialGroup: 'projectOwners' },
                { role: 'READER', specialGroup: 'projectReaders' },
              ],
      };
    },
    remove: (_dataset, { cloud, name, query }) => {
      const tables = [...cloud.resources.keys()].filter((key) =>
        key.startsWith(`bigquery/${name}/tables/`),
      );
      if (tables.length > 0 && query.get('deleteContents') !== 'true') {
        throw new ApiError(400, `Dataset ${name} is still in use`);
      }
      for (const table of tables) cloud.resources.delete(table);
    },
  },
  {
    ...BIGQUERY,
    collection: 'projects/*/datasets/*/tables',
    id: (body) => textOf(jsonOf(body['tableReference'])['tableId']),
    complete: (table, { cloud, name, id, before }) => {
      const dataset = name.split('/').slice(0, 4).join('/');
      const { location } = cloud.need(`bigquery/${dataset}`, `Not found: Dataset ${dataset}`);
      const query = textOf(jsonOf(table['view'])['query']);
      for (const [, set, source] of query.matchAll(/`(\w+)`\.`(\w+)`/g)) {
        const key = `bigquery/projects/${cloud.projectId}/datasets/${set}/tables/${source}`;
        cloud.need(key, `Not found: Table ${cloud.projectId}:${set}.${source}`);
      }
      const fields = listOf(jsonOf(table['schema'])['fields']).map(jsonOf);
      const names = new Set(fields.map((field) => field['name']));
      const gone = listOf(jsonOf(before?.['schema'])['fields'])
        .map((field) => jsonOf(field)['name'])
        .filter((field) => !names.has(field));
      if (fields.length > 0 && gone.length > 0) {
        throw new ApiError(400, `Provided Schema does not match: ${gone.join(', ')} missing`);
      }
      return {
        kind: 'bigquery#table',
        ...table,
        id: `${cloud.projectId}:${name.split('/')[3]}.${id}`,
        type: query ? 'VIEW' : 'TABLE',
        location,
        creationTime: before?.['creationTime'] ?? '1700000000000',
        lastModifiedTime: '1700000000000',
        numBytes: '0',
        numLongTermBytes: '0',
        numRows: '0',
        ...(fields.length > 0 && { schema: { fields: fields.map(shownField) } }),
      };
    },
  },
];

function shownField(field: Json): Json {
  const type = textOf(field['type']);
  const nested = listOf(field['fields']).map((each) => shownField(jsonOf(each)));
  return {
    mode: 'NULLABLE',
    ...field,
    type: TYPES[type] ?? type,
    ...(nested.length > 0 && { fields: nested }),
  };
}
