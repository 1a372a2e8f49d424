/** Deadlines of calls that the gRPC library would misread. */
import { channel } from 'node:diagnostics_channel';

/** Beyond it a deadline bounds nothing here: no call of this server lasts so long by itself, but for streams. */
const DEADLINE_HOURS_MAX = 24;
const HOURS_OF_UNIT: Readonly<Record<string, number>> = { H: 1, M: 1 / 60, S: 1 / 3600 };
const GRPC_TIMEOUT = /^(\d{1,8})([HMS])$/;

/**
 * Takes overlong deadlines off the calls of this thread, until the returned function is called.
 * @grpc/grpc-js 1.14 computes them in 32 bits, so that one of 25 days or more may count as passed at once: the call
 * takes effect and yet fails, and its client repeats it. Python's client asks for 2^32 s where it publishes in order.
 */
export function dropOverlongDeadlines(): () => void {
  const streams = channel('http2.server.stream.created');
  // A second server of this thread subscribes once more, and its end takes off one of the two.
  streams.subscribe(dropOverlong);
  return () => {
    streams.unsubscribe(dropOverlong);
  };
}

function dropOverlong(message: unknown): void {
  const { headers } = message as { headers?: Record<string, unknown> };
  const [, digits, unit] = GRPC_TIMEOUT.exec(String(headers?.['grpc-timeout'])) ?? [];
  if (headers === undefined || digits === undefined || unit === undefined) return;
  if (Number(digits) * HOURS_OF_UNIT[unit]! > DEADLINE_HOURS_MAX) delete headers['grpc-timeout'];
}
