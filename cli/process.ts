/** What every long-running command shares: configuration, logger, streams and shutdown on a signal. */
import packageJson from '../package.json' with { type: 'json' };
import type { Config, Logger } from '../runtime/index.ts';
import { AppError, createLogger, loadConfig, Shutdown, systemClock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { loadStreams } from '../streams/index.ts';
import { traceLogFields } from '../telemetry/index.ts';

export interface Context {
  readonly config: Config;
  readonly logger: Logger;
  readonly streams: readonly Stream[];
  readonly shutdown: Shutdown;
  readonly version: string;
}

/** Reads and checks everything a part needs before it starts; nothing is opened yet. */
export function createContext(component: string): Context {
  const config = loadConfig();
  const format =
    config.LOG_FORMAT === 'auto' ? (process.stderr.isTTY ? 'text' : 'json') : config.LOG_FORMAT;
  const logger = createLogger({
    level: config.LOG_LEVEL,
    format,
    fields: { component },
    context: () => traceLogFields(config.GOOGLE_CLOUD_PROJECT),
  });
  const streams = loadStreams(config.HIGHWATER_STREAMS_DIR);
  const deadlineMs = config.SHUTDOWN_DEADLINE;
  const shutdown = new Shutdown({ clock: systemClock, logger, deadlineMs });
  return { config, logger, streams, shutdown, version: packageJson.version };
}

/** @throws AppError `invalid_argument` that lists the streams there are. */
export function namedStream({ streams }: Context, name: string): Stream {
  const stream = streams.find((each) => each.name === name);
  if (stream) return stream;
  const known = streams.map((each) => each.name).join(', ');
  throw new AppError('invalid_argument', `--stream: expected one of ${known}; got ${name}`);
}

/**
 * Starts a part and stays until a signal or a fatal failure, then closes everything in order and ends the process.
 * What `start` opened is closed even when a later step of it fails.
 */
export async function runUntilStopped(
  context: Context,
  start: (fail: (error: Error) => void) => Promise<void>,
): Promise<void> {
  const { logger, shutdown } = context;
  const stopped = Promise.withResolvers<{ reason: string; error?: Error }>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => stopped.resolve({ reason: signal }));
  }
  let failure: unknown;
  try {
    await start((error) => stopped.resolve({ reason: 'failure', error }));
    const { reason, error } = await stopped.promise;
    failure = error;
    if (error) logger.error('part_failed', { error });
    const isClean = await shutdown.run(reason);
    process.exitCode = isClean && !error ? 0 : 1;
  } catch (error) {
    failure = error;
    await shutdown.run('start failed');
    throw error;
  } finally {
    // Client libraries keep sockets and timers of their own; all that matters was closed above.
    if (failure === undefined) process.exit();
    else systemClock.setTimer(500, () => process.exit(), true);
  }
}
