/** Rows into BigQuery by the Storage Write API's default stream: at least once, readable when the append has been answered. */
import { BigQueryWriteClient, protos } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import { AppError } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import { AppendConnection } from './bigquery-connection.ts';
import { AppendConnections } from './bigquery-connections.ts';
import { GRPC, unavailable } from './bigquery-errors.ts';
import { descriptorOf, encodeProto } from './bigquery-rows.ts';
import type { BigqueryRecord } from './bigquery-rows.ts';
import type { BigqueryTable } from './bigquery-schema.ts';
import { runsWithin } from './bigquery-writer.ts';
import type { BigqueryWriter, RowError } from './bigquery-writer.ts';

export interface StorageWriterOptions {
  readonly projectId: string;
  readonly dataset: string;
  /** Such as `127.0.0.1:9060`, without TLS; empty is Google Cloud. */
  readonly endpoint: string;
  /** Per table. All tables share a channel, which carries a hundred streams. */
  readonly connectionsMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly appendTimeoutMs?: number;
}

/** Source: https://cloud.google.com/bigquery/quotas#write-api-limits, 10 MB a request; the rest is for its frame. */
const REQUEST_BYTES_MAX = 9 * 2 ** 20;
const REQUEST_ROWS_MAX = 50_000;
/** Each row's tag and length. */
const ROW_FRAME_BYTES = 6;
const APPEND_TIMEOUT_MS = 20_000;
const CALL_TIMEOUT_MS = 10_000;
/** With the delays between them under a second, whatever hangs: ingest tries again for as long as it takes. */
const ATTEMPTS_MAX = 3;
const RETRY_DELAY_MS = 150;
/** Each round leaves out at least one row; BigQuery names all that are at fault at once. */
const ROW_ERROR_ROUNDS_MAX = 10;
const STORAGE_ERROR = protos.google.cloud.bigquery.storage.v1.StorageError;
/** Source: StorageError.StorageErrorCode SCHEMA_MISMATCH_EXTRA_FIELDS. */
const SCHEMA_MISMATCH_EXTRA_FIELDS = 7;

interface Encoded {
  readonly index: number;
  readonly bytes: Uint8Array;
}

export function storageWriter(options: StorageWriterOptions): BigqueryWriter {
  return new StorageWriter(options);
}

class StorageWriter implements BigqueryWriter {
  readonly #options: StorageWriterOptions;
  readonly #client: BigQueryWriteClient;
  readonly #connections = new Map<string, AppendConnections>();

  constructor(options: StorageWriterOptions) {
    this.#options = options;
    const { projectId, endpoint } = options;
    const [host, port] = splitEndpoint(endpoint);
    this.#client = new BigQueryWriteClient(
      endpoint === ''
        ? { projectId }
        : {
            projectId,
            apiEndpoint: host,
            port,
            sslCreds: credentials.createInsecure(),
            // Without it the client asks the network which cloud it is in.
            universeDomain: 'googleapis.com',
          },
    );
  }

  async append(
    table: BigqueryTable,
    rows: readonly BigqueryRecord[],
  ): Promise<readonly RowError[]> {
    const refused: RowError[] = [];
    const encoded: Encoded[] = [];
    for (const [index, row] of rows.entries()) {
      try {
        const bytes = encodeProto(table.columns, row);
        if (bytes.length + ROW_FRAME_BYTES <= REQUEST_BYTES_MAX) encoded.push({ index, bytes });
        else refused.push({ index, reason: tooLarge(bytes.length) });
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        refused.push({ index, reason: error.message });
      }
    }
    const limits = { bytesMax: REQUEST_BYTES_MAX, rowsMax: REQUEST_ROWS_MAX };
    for (const run of runsWithin(encoded, ({ bytes }) => bytes.length + ROW_FRAME_BYTES, limits)) {
      refused.push(...(await this.#appendRun(table, run)));
    }
    return refused.toSorted((a, b) => a.index - b.index);
  }

  async check(table: BigqueryTable): Promise<void> {
    try {
      await this.#openStream(table);
    } catch (error) {
      throw unavailable('a look at the write stream', error);
    }
  }

  forget(table: BigqueryTable): void {
    this.#connections.get(table.id)?.close();
    this.#connections.delete(table.id);
  }

  async close(): Promise<void> {
    for (const connections of this.#connections.values()) connections.close();
    this.#connections.clear();
    await this.#client.close();
  }

  /** Rows that one request holds, without those that BigQuery refuses. */
  async #appendRun(table: BigqueryTable, run: readonly Encoded[]): Promise<readonly RowError[]> {
    const refused: RowError[] = [];
    let rest = run;
    for (let round = 0; rest.length > 0; round++) {
      const errors = await this.#send(table, rest);
      if (errors.length === 0) return refused;
      const reasons = new Map(errors.map(({ index, reason }) => [rest[index]?.index, reason]));
      const kept = rest.filter(({ index }) => !reasons.has(index));
      if (kept.length === rest.length || round >= ROW_ERROR_ROUNDS_MAX) {
        throw new AppError('internal', 'BigQuery refuses rows and does not say which', {
          detail: { table: table.id, errors: errors.slice(0, 3) },
        });
      }
      for (const { index } of rest) {
        const reason = reasons.get(index);
        if (reason !== undefined) refused.push({ index, reason });
      }
      rest = kept;
    }
    return refused;
  }

  /** One request until it is answered: the rows are stored, or these are at fault and none is stored. */
  async #send(table: BigqueryTable, rows: readonly Encoded[]): Promise<readonly RowError[]> {
    const { clock, logger } = this.#options;
    const serialized = rows.map(({ bytes }) => bytes);
    for (let attempt = 1; ; attempt++) {
      const { failure, errors } = await this.#attempt(table, serialized);
      if (!failure) return errors;
      if (failure.code === 'internal' || attempt >= ATTEMPTS_MAX) throw failure;
      logger.warn('bigquery_append_failed', { error: failure, table: table.id, attempt });
      await clock.sleep(RETRY_DELAY_MS * 2 ** (attempt - 1));
    }
  }

  async #attempt(
    table: BigqueryTable,
    serialized: readonly Uint8Array[],
  ): Promise<{ readonly failure?: AppError; readonly errors: readonly RowError[] }> {
    try {
      return await this.#connectionsOf(table).use(async (connection) => {
        const outcome = await connection.append(serialized);
        switch (outcome.kind) {
          case 'appended':
            return { errors: [] };
          case 'row_errors':
            return { errors: outcome.errors };
          case 'refused':
          case 'failed':
            break;
        }
        // The stream may have ended for good, or know an old schema: the next attempt opens another.
        connection.close();
        const failure =
          outcome.kind === 'refused'
            ? refusal(table, outcome)
            : unavailable('an append', new Error(outcome.message));
        return { failure, errors: [] };
      });
    } catch (error) {
      return { failure: unavailable('an append', error), errors: [] };
    }
  }

  #connectionsOf(table: BigqueryTable): AppendConnections {
    let connections = this.#connections.get(table.id);
    if (!connections) {
      const descriptor = descriptorOf(table);
      const { clock, connectionsMax, appendTimeoutMs = APPEND_TIMEOUT_MS } = this.#options;
      connections = new AppendConnections(async () => {
        const writeStream = await this.#openStream(table);
        const shared = { client: this.#client, clock, appendTimeoutMs, storageCodeOf };
        return new AppendConnection({ ...shared, writeStream, descriptor });
      }, connectionsMax);
      this.#connections.set(table.id, connections);
    }
    return connections;
  }

  /** The default stream's name, once the server has shown that the table takes rows. */
  async #openStream(table: BigqueryTable): Promise<string> {
    const { projectId, dataset } = this.#options;
    const path = `projects/${projectId}/datasets/${dataset}/tables/${table.id}`;
    const name = `${path}/streams/_default`;
    await this.#client.getWriteStream({ name }, { timeout: CALL_TIMEOUT_MS, retry: null });
    return name;
  }
}

/** An append that was refused as a whole: by the sink's state, or for what it says. */
function refusal(
  table: BigqueryTable,
  { code, message, storageCode }: { code: number; message: string; storageCode: number },
): AppError {
  const detail = { table: table.id, code, error: message, storageCode };
  const isSchemaUnderWay =
    storageCode === SCHEMA_MISMATCH_EXTRA_FIELDS || /SCHEMA_MISMATCH/.test(message);
  const isFinal = code === GRPC.INVALID_ARGUMENT || code === GRPC.OUT_OF_RANGE;
  // A new column reaches the write servers minutes after the table has it.
  if (!isFinal || isSchemaUnderWay) return unavailable('an append', new Error(message), detail);
  return new AppError('internal', 'BigQuery refuses the append', { detail });
}

function storageCodeOf({ details }: protos.google.rpc.IStatus): number {
  for (const { type_url: type, value } of details ?? []) {
    if (!type?.endsWith('StorageError') || !(value instanceof Uint8Array)) continue;
    return Number(STORAGE_ERROR.decode(value).code);
  }
  return 0;
}

function splitEndpoint(endpoint: string): readonly [string, number] {
  const url = new URL(endpoint.includes('://') ? endpoint : `grpc://${endpoint || 'none'}`);
  return [url.hostname, Number(url.port || 443)];
}

function tooLarge(bytes: number): string {
  return `expected at most ${REQUEST_BYTES_MAX} bytes as a row of BigQuery; got ${bytes}`;
}
