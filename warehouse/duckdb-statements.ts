/** Statements of DuckDB, planned once a connection, with a type for each value. */
import type {
  DuckDBConnection,
  DuckDBMaterializedResult,
  DuckDBPreparedStatement,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';

/** Parsing and planning cost more than most reads; filters, order and cursor make a few texts a stream. */
const STATEMENTS_MAX = 64;

export interface TypedValue {
  readonly type: DuckDBType;
  readonly value: DuckDBValue;
}

const statementsOf = new WeakMap<DuckDBConnection, Map<string, DuckDBPreparedStatement>>();

/**
 * Runs one query and returns its rows. The statement is kept with the connection, which has one user at a time; closing
 * the connection ends it.
 */
export async function readRows(
  connection: DuckDBConnection,
  sql: string,
  values: readonly TypedValue[],
): Promise<DuckDBValue[][]> {
  const statement = await prepared(connection, sql);
  for (const [index, { type, value }] of values.entries()) {
    statement.bindValue(index + 1, value, type);
  }
  return rowsOf(await statement.run());
}

/** As `readRows`, for a text that hardly comes twice. */
export async function readRowsOnce(
  connection: DuckDBConnection,
  sql: string,
  values: readonly TypedValue[],
): Promise<DuckDBValue[][]> {
  const result = await connection.run(
    sql,
    values.map(({ value }) => value),
    values.map(({ type }) => type),
  );
  return rowsOf(result);
}

async function prepared(
  connection: DuckDBConnection,
  sql: string,
): Promise<DuckDBPreparedStatement> {
  let statements = statementsOf.get(connection);
  if (!statements) statementsOf.set(connection, (statements = new Map()));
  let statement = statements.get(sql);
  if (statement) statements.delete(sql);
  else {
    statement = await connection.prepare(sql);
    const [oldest] = statements;
    if (oldest && statements.size >= STATEMENTS_MAX) {
      statements.delete(oldest[0]);
      oldest[1].destroySync();
    }
  }
  // Set again, it stands last: the first is the one unused for longest.
  statements.set(sql, statement);
  return statement;
}

function rowsOf(result: DuckDBMaterializedResult): DuckDBValue[][] {
  const rows: DuckDBValue[][] = [];
  for (let index = 0; index < result.chunkCount; index++) {
    for (const row of result.getChunk(index).getRows()) rows.push(row);
  }
  return rows;
}
