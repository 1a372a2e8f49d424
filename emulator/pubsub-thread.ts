/** The embedded server in a thread of its own, so that it never shares a core's turn with its clients. */
import { Worker } from 'node:worker_threads';
import type { ErrorCode, Logger } from '../runtime/index.ts';
import { AppError } from '../runtime/index.ts';
import type { PubsubServer, PubsubServerOptions, SubscriptionBacklog } from './pubsub-server.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './pubsub-worker-messages.ts';

export interface PubsubThread extends PubsubServer {
  /** Resolves when the thread has ended: with an error where nobody had closed it. */
  readonly exited: Promise<Error | undefined>;
  /** What the thread's own heap and its buffers hold. */
  memory(): Promise<ThreadMemory>;
}

export interface ThreadMemory {
  readonly heapBytes: number;
  /** Outside of the heap: payloads and what the network buffers. */
  readonly externalBytes: number;
}

/**
 * Starts the server in a worker thread.
 * @throws AppError as `startPubsubServer`
 */
export async function startPubsubThread(
  options: Omit<PubsubServerOptions, 'clock'>,
): Promise<PubsubThread> {
  const { logger, host, port: portAsked, dataDir, storageBytesMax } = options;
  const workerData: WorkerOptions = {
    host,
    port: portAsked,
    storageBytesMax,
    ...(dataDir === undefined ? {} : { dataDir }),
  };
  const worker = new Worker(new URL('./pubsub-worker.ts', import.meta.url), {
    workerData,
  });
  const waiting = new Map<number, (backlog: readonly SubscriptionBacklog[]) => void>();
  let isClosing = false;
  let failure: Error | undefined;
  worker.on('error', (error) => {
    failure = error as Error;
  });
  const exited = new Promise<Error | undefined>((resolve) => {
    worker.on('exit', (code) => {
      for (const answer of waiting.values()) answer([]);
      waiting.clear();
      const died = failure ?? new Error(`The Pub/Sub thread ended by itself, with code ${code}`);
      resolve(isClosing && failure === undefined ? undefined : died);
    });
  });
  const started = new Promise<{ address: string; port: number }>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'started':
          return resolve(message);
        case 'failed':
          return reject(new AppError(message.code as ErrorCode, message.message));
        case 'log':
          return relayLog(logger, message);
        case 'backlog':
          waiting.get(message.requestId)?.(message.backlog);
          waiting.delete(message.requestId);
      }
    });
    void exited.then((error) => reject(error ?? new Error('The Pub/Sub thread ended')));
  });
  const { address, port } = await started;
  let requestCount = 0;
  let isEnded = false;
  void exited.then(() => (isEnded = true));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  const send = (message: ToWorker) => worker.postMessage(message);
  return {
    address,
    port,
    exited,
    backlog() {
      if (isEnded) return Promise.resolve([]);
      const requestId = ++requestCount;
      return new Promise((resolve) => {
        waiting.set(requestId, resolve);
        send({ type: 'backlog', requestId });
      });
    },
    async memory() {
      const { used_heap_size, external_memory } = await worker.getHeapStatistics();
      return { heapBytes: used_heap_size, externalBytes: external_memory };
    },
    async close() {
      isClosing = true;
      if (!isEnded) send({ type: 'close' });
      await exited;
    },
  };
}

function relayLog(logger: Logger, { level, event, fields }: FromWorker & { type: 'log' }): void {
  logger[level](event, fields);
}
