/** Rows into BigQuery by the REST insert: simplest, dearer; each row carries an insert id of ours, and nothing is re-inserted behind our back. */
import { z } from 'zod';
import { createHash } from 'node:crypto';
import { AppError } from '../runtime/index.ts';
import type { Clock } from '../runtime/index.ts';
import { isPassing, toAppError } from './bigquery-errors.ts';
import type { SendBigquery } from './bigquery-rest.ts';
import { encodeJson } from './bigquery-rows.ts';
import type { BigqueryRecord } from './bigquery-rows.ts';
import type { BigqueryTable } from './bigquery-schema.ts';
import { runsWithin } from './bigquery-writer.ts';
import type { BigqueryWriter, RowError } from './bigquery-writer.ts';

/** Source: https://cloud.google.com/bigquery/quotas#streaming_inserts: 10 MB a request, 500 rows advised. */
const REQUEST_BYTES_MAX = 9 * 2 ** 20;
const REQUEST_ROWS_MAX = 500;
/** Commas, quotes, key and insert id of a row. */
const ROW_FRAME_BYTES = 96;
/** Each round leaves out at least one row. */
const ROUNDS_MAX = 10;
const ATTEMPTS_MAX = 3;
const RETRY_DELAY_MS = 150;

interface Encoded {
  readonly index: number;
  readonly insertId: string;
  readonly json: object;
  readonly bytes: number;
}

const answerSchema = z.looseObject({
  insertErrors: z
    .array(
      z.looseObject({
        index: z.number().optional(),
        errors: z
          .array(z.looseObject({ reason: z.string().optional(), message: z.string().optional() }))
          .optional(),
      }),
    )
    .nullish(),
});

export interface InsertWriterOptions {
  readonly send: SendBigquery;
  readonly dataset: string;
  readonly clock: Clock;
}

export function insertWriter({ send, dataset, clock }: InsertWriterOptions): BigqueryWriter {
  const tables = `/datasets/${dataset}/tables`;

  const insert = async (table: BigqueryTable, rows: readonly Encoded[]) => {
    const body = {
      skipInvalidRows: false,
      ignoreUnknownValues: false,
      rows: rows.map(({ insertId, json }) => ({ insertId, json })),
    };
    const path = `${tables}/${table.id}/insertAll`;
    for (let attempt = 1; ; attempt++) {
      try {
        return answerSchema.parse(await send({ method: 'POST', path, body })).insertErrors ?? [];
      } catch (error) {
        // With the same insert ids: what was stored and not answered is dropped, for a minute or so.
        if (attempt >= ATTEMPTS_MAX || !isPassing(error)) throw toAppError(error, 'an insert');
        await clock.sleep(RETRY_DELAY_MS * 2 ** (attempt - 1));
      }
    }
  };

  /** Where a row is at fault BigQuery stores none of the request: those that only `stopped` for it are sent again. */
  const insertRun = async (table: BigqueryTable, run: readonly Encoded[]): Promise<RowError[]> => {
    const refused: RowError[] = [];
    let rest = run;
    for (let round = 0; rest.length > 0; round++) {
      const answer = await insert(table, rest);
      if (answer.length === 0) break;
      const reasons = new Map<number, string>();
      for (const { index = 0, errors = [] } of answer) {
        const fault = errors.find(({ reason }) => reason !== 'stopped');
        const row = rest[index];
        if (fault && row) reasons.set(row.index, fault.message || fault.reason || 'invalid');
      }
      if (reasons.size === 0 || round >= ROUNDS_MAX) {
        throw new AppError('internal', 'BigQuery refuses rows and does not say which', {
          detail: { table: table.id, errors: answer.slice(0, 3) },
        });
      }
      for (const [index, reason] of reasons) refused.push({ index, reason });
      rest = rest.filter(({ index }) => !reasons.has(index));
    }
    return refused;
  };

  return {
    async append(table, rows) {
      const refused: RowError[] = [];
      const encoded: Encoded[] = [];
      for (const [index, row] of rows.entries()) {
        try {
          const item = encode(table, row, index);
          if (item.bytes <= REQUEST_BYTES_MAX) encoded.push(item);
          else refused.push({ index, reason: tooLarge(item.bytes) });
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
          refused.push({ index, reason: error.message });
        }
      }
      const limits = { bytesMax: REQUEST_BYTES_MAX, rowsMax: REQUEST_ROWS_MAX };
      for (const run of runsWithin(encoded, ({ bytes }) => bytes, limits)) {
        refused.push(...(await insertRun(table, run)));
      }
      return refused.toSorted((a, b) => a.index - b.index);
    },
    async check(table) {
      try {
        await send({ method: 'GET', path: `${tables}/${table.id}`, query: { fields: 'id' } });
      } catch (error) {
        throw toAppError(error, 'a look at the table');
      }
    },
    forget() {},
    async close() {},
  };
}

/** The insert id comes from the row's key: the same one whenever the row is sent again, so that BigQuery can drop it. */
function encode(table: BigqueryTable, row: BigqueryRecord, index: number): Encoded {
  const json = encodeJson(table.columns, row);
  const text = JSON.stringify(json);
  const key = table.columns.flatMap(({ name }, at) => (table.key.includes(name) ? [row[at]] : []));
  const insertId = createHash('sha256').update(JSON.stringify(key)).digest('base64url');
  return { index, insertId, json, bytes: Buffer.byteLength(text) + ROW_FRAME_BYTES };
}

function tooLarge(bytes: number): string {
  return `expected at most ${REQUEST_BYTES_MAX} bytes as a row of BigQuery; got ${bytes}`;
}
