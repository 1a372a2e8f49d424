/**
 * A stand-in for BigQuery over real HTTP and gRPC that misbehaves on command: row errors, spent quotas, lost answers, ended
 * streams. It keeps rows as they came; what a query answers is written by the test.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { handleBidiStreamingCall, handleUnaryCall, ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { protos } from '@google-cloud/bigquery-storage';
import protobuf from 'protobufjs';

type AppendRequest = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;

/** What one append meets. */
export type AppendScript =
  | { readonly does: 'store' }
  /** Refuses the rows whose first column is among these; stores none where there are some. */
  | { readonly does: 'refuse_rows'; readonly ids: readonly string[] }
  | {
      readonly does: 'refuse';
      readonly code: number;
      readonly message: string;
      readonly storageCode?: number;
    }
  /** Breaks the stream with this status, with the rows stored or not. */
  | { readonly does: 'break'; readonly isStored: boolean; readonly code?: number }
  /** Ends the stream as if all were well. */
  | { readonly does: 'end'; readonly isStored: boolean }
  /** Never answers. */
  | { readonly does: 'hang'; readonly isStored: boolean };

export interface RestRequest {
  readonly method: string;
  /** Below the project. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RestAnswer {
  readonly status?: number;
  readonly body: object;
  /** Before the answer goes out. */
  readonly delayMs?: number;
}

export interface BigqueryStandIn {
  readonly endpoint: string;
  readonly storageEndpoint: string;
  /** First columns of stored rows, in order. */
  readonly storedIds: string[];
  /** Taken one an append; where empty, rows are stored. */
  readonly appends: AppendScript[];
  readonly counts: { appends: number; streams: number; openStreams: number; inFlightMax: number };
  readonly requests: RestRequest[];
  answer: (request: RestRequest) => RestAnswer;
  /** Breaks every open stream as the server does after ten idle minutes. */
  breakIdleStreams(): void;
  close(): Promise<void>;
}

const getWriteStream: handleUnaryCall<{ name: string }, object> = (call, callback) =>
  callback(null, { name: call.request.name, type: 'COMMITTED' });
const PATH = /^\/bigquery\/v2\/projects\/[^/]+(\/[^?]*)/;

export async function startBigqueryStandIn(): Promise<BigqueryStandIn> {
  const counts = { appends: 0, streams: 0, openStreams: 0, inFlightMax: 0 };
  const storedIds: string[] = [];
  const appends: AppendScript[] = [];
  const requests: RestRequest[] = [];
  const calls = new Set<Parameters<handleBidiStreamingCall<AppendRequest, object>>[0]>();

  const appendRows: handleBidiStreamingCall<AppendRequest, object> = (call) => {
    counts.streams += 1;
    counts.openStreams += 1;
    calls.add(call);
    let inFlight = 0;
    call.on('data', (request: AppendRequest) => {
      counts.appends += 1;
      inFlight += 1;
      counts.inFlightMax = Math.max(counts.inFlightMax, inFlight);
      const settle = () => {
        inFlight -= 1;
      };
      const ids = (request.protoRows?.rows?.serializedRows ?? []).map(firstText);
      const script = appends.shift() ?? { does: 'store' };
      const store = () => storedIds.push(...ids);
      const reply = (message: object) => {
        // An answer takes a turn of the loop, so that appends side by side would show.
        setImmediate(() => {
          settle();
          call.write(message);
        });
      };
      switch (script.does) {
        case 'store':
          store();
          return reply({ appendResult: {} });
        case 'refuse_rows': {
          const rowErrors = ids.flatMap((id, index) =>
            script.ids.includes(id) ? [{ index, code: 1, message: `row of ${id} is bad` }] : [],
          );
          if (rowErrors.length === 0) {
            store();
            return reply({ appendResult: {} });
          }
          const error = { code: 3, message: 'Errors found while processing rows', details: [] };
          return reply({ error, rowErrors });
        }
        case 'refuse': {
          const { code, message, storageCode } = script;
          const details = storageCode === undefined ? [] : [storageError(storageCode, message)];
          return reply({ error: { code, message, details } });
        }
        case 'break':
          if (script.isStored) store();
          settle();
          call.emit('error', { code: script.code ?? status.UNAVAILABLE, details: 'broken' });
          return;
        case 'end':
          if (script.isStored) store();
          settle();
          call.end();
          return;
        case 'hang':
          if (script.isStored) store();
          settle();
      }
    });
    const gone = () => {
      if (calls.delete(call)) counts.openStreams -= 1;
    };
    call.on('cancelled', gone);
    call.on('close', gone);
    call.on('end', () => {
      gone();
      call.end();
    });
    call.on('error', gone);
  };
  const grpc = new Server({ 'grpc.max_receive_message_length': 32 * 2 ** 20 });
  grpc.addService(writeService(), { AppendRows: appendRows, GetWriteStream: getWriteStream });
  const grpcPort = await new Promise<number>((resolve, reject) =>
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );

  const standIn = { answer: (_request: RestRequest): RestAnswer => ({ status: 404, body: {} }) };
  // Kept open however long the machine stalls: a reset would look like a fault that no test asked for.
  const http = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    void readRequest(request).then((asked) => {
      requests.push(asked);
      send(response, standIn.answer(asked));
    });
  });
  const port = await new Promise<number>((resolve) =>
    http.listen(0, '127.0.0.1', () => resolve((http.address() as AddressInfo).port)),
  );

  return Object.assign(standIn, {
    endpoint: `http://127.0.0.1:${port}`,
    storageEndpoint: `127.0.0.1:${grpcPort}`,
    storedIds,
    appends,
    counts,
    requests,
    breakIdleStreams() {
      for (const call of calls) {
        call.emit('error', {
          code: status.ABORTED,
          details: 'Closing the stream because it is idle',
        });
      }
    },
    async close() {
      grpc.forceShutdown();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  });
}

let loadedService: ServiceDefinition | undefined;

/** Half a second's work, so once. */
function writeService(): ServiceDefinition {
  return (loadedService ??= loadService());
}

function loadService(): ServiceDefinition {
  const json = createRequire(import.meta.url)(
    '@google-cloud/bigquery-storage/build/protos/protos.json',
  ) as Parameters<typeof fromJSON>[0];
  const definition = fromJSON(json, { longs: String, defaults: false });
  const name = 'google.cloud.bigquery.storage.v1.BigQueryWrite';
  const service = definition[name];
  if (!service || 'format' in service) throw new Error(`${name} is no service`);
  return service;
}

function storageError(code: number, message: string): object {
  const type = protos.google.cloud.bigquery.storage.v1.StorageError;
  return {
    type_url: 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError',
    value: type.encode({ code, errorMessage: message }).finish(),
  };
}

/** The text of field 1: the event id in the tests' tables. */
function firstText(row: Uint8Array | string | null | undefined): string {
  const reader = protobuf.Reader.create(Buffer.from(row ?? ''));
  reader.uint32();
  return reader.string();
}

async function readRequest(request: IncomingMessage): Promise<RestRequest> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  const url = new URL(request.url ?? '/', 'http://stand-in');
  return {
    method: request.method ?? '',
    path: PATH.exec(url.pathname)?.[1] ?? `outside of the API: ${url.pathname}`,
    query: Object.fromEntries(url.searchParams),
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

function send(response: ServerResponse, { status: code = 200, body, delayMs = 0 }: RestAnswer) {
  setTimeout(() => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }, delayMs);
}
