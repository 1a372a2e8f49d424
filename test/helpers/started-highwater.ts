/** A running `highwater start`, with where it listens. */
import { eventually, startHighwater } from './highwater-process.ts';
import type { HighwaterProcess } from './highwater-process.ts';

const START_TIMEOUT_MS = 240_000;

export interface StartedHighwater extends HighwaterProcess {
  /** Base URLs of the API and of the metrics port. */
  readonly url: string;
  readonly metricsUrl: string;
  close(): Promise<void>;
}

/** Starts it and waits until it says where to look. */
export async function startedHighwater(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<StartedHighwater> {
  const process = startHighwater(['start', ...words], environment);
  const close = async () => {
    process.kill('SIGKILL');
    await process.exited;
  };
  let isOver = false;
  void process.exited.then(() => (isOver = true));
  try {
    const where = await eventually(
      'the start banner',
      () => {
        if (isOver) throw new Error(process.output.stderr);
        const url = /(http:\/\/\S+)\/ {3}/.exec(process.output.stdout)?.[1];
        const metricsUrl = /(http:\/\/\S+)\/metrics/.exec(process.output.stdout)?.[1];
        return url && metricsUrl ? { url, metricsUrl } : undefined;
      },
      START_TIMEOUT_MS,
    );
    return { ...process, ...where, close };
  } catch (error) {
    await close();
    throw error;
  }
}
