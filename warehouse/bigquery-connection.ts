/** One AppendRows stream of the Storage Write API with one append in flight, so that each answer is the answer to it. */
import type { BigQueryWriteClient, protos } from '@google-cloud/bigquery-storage';
import type { Clock } from '../runtime/index.ts';
import { messageOf } from '../runtime/index.ts';

type AppendRequest = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;
type AppendResponse = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type ProtoDescriptor = protos.google.protobuf.IDescriptorProto;

/** What became of an append. Where it `failed`, its rows may have been stored all the same. */
export type AppendOutcome =
  | { readonly kind: 'appended' }
  /** Nothing was stored; without these rows the others may be. */
  | { readonly kind: 'row_errors'; readonly errors: readonly RowError[] }
  /** Nothing was stored. */
  | {
      readonly kind: 'refused';
      readonly code: number;
      readonly message: string;
      readonly storageCode: number;
    }
  | { readonly kind: 'failed'; readonly message: string };

export interface RowError {
  readonly index: number;
  readonly reason: string;
}

export interface ConnectionOptions {
  readonly client: Pick<BigQueryWriteClient, 'appendRows'>;
  /** Such as `projects/p/datasets/d/tables/t/streams/_default`. */
  readonly writeStream: string;
  readonly descriptor: ProtoDescriptor;
  /** Reads the code of a StorageError, where an error has one. */
  readonly storageCodeOf: (error: protos.google.rpc.IStatus) => number;
  readonly appendTimeoutMs: number;
  readonly clock: Clock;
}

type Stream = ReturnType<BigQueryWriteClient['appendRows']>;

export class AppendConnection {
  readonly #options: ConnectionOptions;
  readonly #stream: Stream;
  #settle: ((outcome: AppendOutcome) => void) | undefined;
  #isOpen = true;
  #hasSentSchema = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const routing = `write_stream=${encodeURIComponent(options.writeStream)}`;
    this.#stream = options.client.appendRows({
      otherArgs: { headers: { 'x-goog-request-params': routing } },
    });
    this.#stream.on('data', (response: AppendResponse) => this.#answer(this.#toOutcome(response)));
    // Without a listener an error ends the process; the server ends idle streams with one after ten minutes.
    this.#stream.on('error', (error: Error) => this.#end(messageOf(error)));
    this.#stream.on('end', () => this.#end('the server ended the stream'));
    this.#stream.on('close', () => this.#end('the stream was closed'));
  }

  /** False once the stream has ended: it takes no further append. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Never rejects. One at a time. */
  append(serializedRows: readonly Uint8Array[]): Promise<AppendOutcome> {
    const { writeStream, descriptor, clock, appendTimeoutMs } = this.#options;
    if (this.#settle) throw new TypeError('an append is in flight on this connection');
    if (!this.#isOpen) return Promise.resolve({ kind: 'failed', message: 'the stream has ended' });
    return new Promise((resolve) => {
      const timer = clock.setTimer(appendTimeoutMs, () => {
        // A late answer would be taken for that to the next append.
        this.#end(`no answer within ${appendTimeoutMs} ms`);
        this.#stream.cancel();
      });
      this.#settle = (outcome) => {
        this.#settle = undefined;
        timer.cancel();
        resolve(outcome);
      };
      const request: AppendRequest = {
        writeStream,
        protoRows: {
          ...(this.#hasSentSchema ? {} : { writerSchema: { protoDescriptor: descriptor } }),
          rows: { serializedRows: [...serializedRows] },
        },
        traceId: 'highwater:ingest',
      };
      this.#hasSentSchema = true;
      this.#stream.write(request);
    });
  }

  /** Ends the stream; an append in flight fails. */
  close(): void {
    if (!this.#isOpen) return;
    this.#end('the connection was closed');
    this.#stream.end();
    this.#stream.cancel();
  }

  #answer(outcome: AppendOutcome): void {
    this.#settle?.(outcome);
  }

  #end(message: string): void {
    this.#isOpen = false;
    this.#answer({ kind: 'failed', message });
  }

  #toOutcome({ error, rowErrors }: AppendResponse): AppendOutcome {
    if (rowErrors && rowErrors.length > 0) {
      return {
        kind: 'row_errors',
        errors: rowErrors.map(({ index, message }) => ({
          index: Number(String(index)),
          reason: message ?? 'refused without a reason',
        })),
      };
    }
    if (!error) return { kind: 'appended' };
    const storageCode = this.#options.storageCodeOf(error);
    return { kind: 'refused', code: error.code ?? 0, message: error.message ?? '', storageCode };
  }
}
