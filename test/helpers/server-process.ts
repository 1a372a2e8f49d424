/** Another program that serves: started, waited for until it says that it is ready, killed by its id. */
import { spawn } from 'node:child_process';
import { systemClock } from '../../runtime/index.ts';

const START_TIMEOUT_MS = 60_000;

export interface ServerProcess {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  /** Answers with success once it is ready. */
  readonly readyUrl: string;
  /** What goes with it. */
  readonly dispose: () => void;
}

/** Resolves with what ends it. */
export async function startServerProcess({
  name,
  path,
  args,
  readyUrl,
  dispose,
}: ServerProcess): Promise<() => Promise<void>> {
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (text: Buffer) => void (output += text.toString()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async () => {
    child.kill('SIGKILL');
    await exited;
    dispose();
  };
  const deadlineMs = systemClock.monotonicMs() + START_TIMEOUT_MS;
  while (!(await isReady(readyUrl))) {
    if (child.exitCode !== null || systemClock.monotonicMs() > deadlineMs) {
      await close();
      throw new Error(`${name} did not start: ${output}`);
    }
    await systemClock.sleep(50);
  }
  return close;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
