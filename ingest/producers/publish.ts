/** How producers hand a message over: one function, so that they are the same against any server and in tests. */

/** A message as bytes with its attributes. */
export interface OutgoingMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Publishes one message; resolves with its message id once the server has it, rejects when the client has given up. */
export type Publish = (message: OutgoingMessage) => Promise<string>;

/** Attribute that names who produced a message. */
export const PRODUCER_ATTRIBUTE = 'producer';
