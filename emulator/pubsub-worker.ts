/** Entry of the server's thread; started by `startPubsubThread` alone. */
import { parentPort, workerData } from 'node:worker_threads';
import type { LogFields, Logger } from '../runtime/index.ts';
import { isAppError, messageOf, systemClock } from '../runtime/index.ts';
import { startPubsubServer } from './pubsub-server.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './pubsub-worker-messages.ts';

const port = parentPort;
if (port) await serve(port, workerData as WorkerOptions);

async function serve(parent: NonNullable<typeof parentPort>, options: WorkerOptions) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  const post = (message: FromWorker) => parent.postMessage(message);
  try {
    const server = await startPubsubServer({
      ...options,
      clock: systemClock,
      logger: postingLogger(post),
    });
    parent.on('message', (message: ToWorker) => {
      if (message.type === 'close') void server.close().finally(() => parent.close());
      else {
        const { requestId } = message;
        void server.backlog().then((backlog) => post({ type: 'backlog', requestId, backlog }));
      }
    });
    post({ type: 'started', address: server.address, port: server.port });
  } catch (error) {
    const code = isAppError(error) ? error.code : 'internal';
    post({ type: 'failed', code, message: messageOf(error) });
    parent.close();
  }
}

function postingLogger(post: (message: FromWorker) => void, bound: LogFields = {}): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields?: LogFields) =>
    post({ type: 'log', level, event, fields: plainFields({ ...bound, ...fields }) });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => postingLogger(post, { ...bound, ...fields }),
  };
}

/** Errors lose their own fields between threads, and what is no data cannot cross at all. */
function plainFields(fields: LogFields): LogFields {
  const entries = Object.entries(fields).map(([key, value]) => {
    if (value instanceof Error) return [key, value.stack ?? value.message];
    return [key, typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value];
  });
  return Object.fromEntries(entries) as LogFields;
}
