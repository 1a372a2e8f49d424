/** A stand-in of PagerDuty: refuses what PagerDuty's documentation refuses, keeps alerts by key, and fails in every way on demand. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOn } from '../../../runtime/index.ts';
import { pagerDutyProblems } from './pagerduty-schema.ts';

/** What an answer is to be: a status, with headers and body; no answer at all; or a broken connection. */
export type Answer =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** Whether the event counts though the answer says otherwise, as where an answer is lost on its way. */
      readonly isTaken?: boolean;
    }
  | { readonly kind: 'hang'; readonly isTaken?: boolean }
  | { readonly kind: 'reset'; readonly isTaken?: boolean };

export interface Received {
  readonly event_action: string;
  readonly dedup_key: string;
  readonly payload?: { readonly summary: string; readonly severity: string };
}

/** An alert as PagerDuty has it: opened once, however often it was triggered. */
export interface PagerDutyAlert {
  readonly dedupKey: string;
  triggerCount: number;
  state: 'triggered' | 'acknowledged' | 'resolved';
}

export interface PagerDutyServer {
  readonly url: string;
  /** Every request that came with a body, in order. */
  readonly requests: readonly { readonly path: string; readonly text: string }[];
  /** What was taken, repeats included. */
  readonly taken: readonly Received[];
  /** Every alert that somebody was woken for, also those with a key that was used before. */
  readonly alerts: readonly PagerDutyAlert[];
  /** Answers of the next requests; then it takes what is well formed. */
  answerNext(...answers: readonly Answer[]): void;
  /** Asked for each request, before the queue of `answerNext`. */
  onRequest: ((event: Received) => Answer | undefined) | undefined;
  close(): Promise<void>;
}

const SUCCESS = { kind: 'status', status: 202 } as const;

export async function startPagerDuty(): Promise<PagerDutyServer> {
  const requests: { path: string; text: string }[] = [];
  const taken: Received[] = [];
  const alerts: PagerDutyAlert[] = [];
  const queue: Answer[] = [];

  const take = (event: Received) => {
    taken.push(event);
    const open = alerts.findLast(
      ({ dedupKey, state }) => dedupKey === event.dedup_key && state !== 'resolved',
    );
    if (event.event_action === 'trigger') {
      if (open) open.triggerCount++;
      else alerts.push({ dedupKey: event.dedup_key, triggerCount: 1, state: 'triggered' });
    } else if (open) {
      open.state = event.event_action === 'resolve' ? 'resolved' : 'acknowledged';
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await textOf(request);
    requests.push({ path: `${request.method} ${request.url}`, text });
    const event = JSON.parse(text) as Received;
    const problems = pagerDutyProblems(event, text);
    if (problems.length > 0 || request.url !== '/v2/enqueue') {
      send(
        response,
        400,
        {},
        { status: 'invalid event', message: 'Event object is invalid', errors: problems },
      );
      return;
    }
    const answer: Answer = server.onRequest?.(event) ?? queue.shift() ?? SUCCESS;
    const isSuccess =
      answer.kind === 'status' && answer.status === 202 && answer.body === undefined;
    if (isSuccess || answer.isTaken === true) take(event);
    if (answer.kind === 'hang') return;
    if (answer.kind === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    const body = { status: 'success', message: 'Event processed', dedup_key: event.dedup_key };
    send(response, answer.status, answer.headers ?? {}, answer.body ?? body);
  };

  const http = createServer((request, response) => void handle(request, response));
  const port = await listenOn(http, { host: '127.0.0.1', port: 0 }, 'PORT');
  const server: PagerDutyServer = {
    url: `http://127.0.0.1:${port}`,
    requests,
    taken,
    alerts,
    onRequest: undefined,
    answerNext: (...answers) => void queue.push(...answers),
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: object | string,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
