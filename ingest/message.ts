/** What the pipeline needs of a Pub/Sub message; the client's `Message` is one. */
export interface IncomingMessage {
  readonly id: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
  readonly deliveryAttempt: number;
  readonly publishTime: { getTime(): number; getMicroseconds(): number };
  ack(): void;
}

/** Microseconds since 1970. */
export function publishTimeMicrosOf(message: IncomingMessage): number {
  return message.publishTime.getTime() * 1_000 + message.publishTime.getMicroseconds();
}
