/** What the server's thread and its starter say to each other. */
import type { LogFields } from '../runtime/index.ts';
import type { PubsubServerOptions, SubscriptionBacklog } from './pubsub-server.ts';

export type WorkerOptions = Omit<PubsubServerOptions, 'clock' | 'logger'>;

export type ToWorker =
  { readonly type: 'backlog'; readonly requestId: number } | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'started'; readonly address: string; readonly port: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly event: string;
      readonly fields: LogFields;
    }
  | {
      readonly type: 'backlog';
      readonly requestId: number;
      readonly backlog: readonly SubscriptionBacklog[];
    };
