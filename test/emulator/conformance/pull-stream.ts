/** A raw StreamingPull call whose answers are collected. */
import type { protos } from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import { systemClock } from '../../../runtime/index.ts';

type Request = protos.google.pubsub.v1.IStreamingPullRequest;
type Response = protos.google.pubsub.v1.IStreamingPullResponse;
type Received = protos.google.pubsub.v1.IReceivedMessage;

/** What of gax's stream is used. */
export interface Duplex {
  write(request: Request): unknown;
  end(): unknown;
  cancel(): void;
  on(event: 'data', listener: (response: Response) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

const POLL_MS = 20;
const TIMEOUT_MS = 15_000;

export class PullStream {
  readonly messages: Received[] = [];
  readonly responses: Response[] = [];
  readonly #call: Duplex;
  #outcome: string | undefined;

  constructor(call: Duplex) {
    this.#call = call;
    call.on('data', (response) => {
      this.responses.push(response);
      this.messages.push(...(response.receivedMessages ?? []));
    });
    call.on('end', () => (this.#outcome ??= 'OK'));
    call.on('error', (error) => {
      const { code, details } = error as Error & { code?: number; details?: string };
      this.#outcome ??= `${status[code ?? status.UNKNOWN]}: ${details ?? error.message}`;
    });
  }

  write(request: Request): void {
    this.#call.write(request);
  }

  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  /** Waits until `isReached`; false when the timeout came first. */
  async until(isReached: () => boolean, timeoutMs = TIMEOUT_MS): Promise<boolean> {
    const untilMs = systemClock.monotonicMs() + timeoutMs;
    while (!isReached()) {
      if (systemClock.monotonicMs() > untilMs) return false;
      await systemClock.sleep(POLL_MS);
    }
    return true;
  }

  /** The messages so far, once there are `count` of them. */
  async take(count: number, timeoutMs = TIMEOUT_MS): Promise<readonly Received[]> {
    await this.until(() => this.messages.length >= count, timeoutMs);
    return this.messages;
  }

  /** How the stream ended: `OK`, `CODE: message`, or `open` where it did not within the time. */
  async outcome(timeoutMs = TIMEOUT_MS): Promise<string> {
    await this.until(() => this.#outcome !== undefined, timeoutMs);
    return this.#outcome ?? 'open';
  }
}
