/** Runs the `highwater` command as a user would, in a data folder and on ports of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '../..');

export interface HighwaterProcess {
  readonly pid: number;
  readonly output: { stdout: string; stderr: string };
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `highwater …words` on the project's own Node with free ports and `environment` on top. */
export function startHighwater(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): HighwaterProcess {
  const child = spawn(process.execPath, [join(ROOT, 'cli/highwater.ts'), ...words], {
    cwd: ROOT,
    env: {
      ...process.env,
      PORT: '0',
      METRICS_PORT: '0',
      PUBSUB_PORT: '0',
      PUBSUB_EMULATOR_HOST: '',
      LOG_FORMAT: 'json',
      ...environment,
    },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { pid: child.pid!, output, exited, kill: (signal) => void child.kill(signal) };
}

/** A folder that is removed by the returned function. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'highwater-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Polls until `look` gives something; fails after `deadlineMs` with `what`. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 30_000,
): Promise<T> {
  const endAtMs = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endAtMs) throw new Error(`Not within ${deadlineMs} ms: ${what}`);
    await delay(20);
  }
}
