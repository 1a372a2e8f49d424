/** What a benchmark opens: temporary folders, child processes, servers; closed in reverse order, whatever happens. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../runtime/index.ts';

/** Longest that one step of closing may take before the next is tried. */
const CLOSE_TIMEOUT_MS = 20_000;

export class Scratch {
  readonly #root: string;
  readonly #folders: string[] = [];
  readonly #children = new Set<ChildProcess>();
  readonly #steps: (() => Promise<void> | void)[] = [];

  /** `root` is where folders are made: the system's temporary folder, or one that a parent process removes. */
  constructor(root = tmpdir()) {
    this.#root = root;
  }

  /** A new empty folder. */
  folder(): string {
    const path = mkdtempSync(join(this.#root, 'highwater-bench-'));
    this.#folders.push(path);
    return path;
  }

  /** Closes `close` with the rest; what was added last is closed first. */
  defer(close: () => Promise<void> | void): void {
    this.#steps.push(close);
  }

  /** Starts `script` of this folder with `options` as its only argument, in JSON. It speaks by process messages. */
  fork(script: string, options: unknown, execArgv: readonly string[] = []): ChildProcess {
    const child = fork(join(import.meta.dirname, script), [JSON.stringify(options)], {
      // A profiler's flags are for the measured process alone.
      execArgv: [...execArgv],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#children.add(child);
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    void exited.then(() => this.#children.delete(child));
    this.defer(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    return child;
  }

  /** The first message of a child that `fork` starts; rejects where it ends or `timeoutMs` passes without one. */
  async ask<T>(script: string, options: unknown, timeoutMs: number): Promise<T> {
    return firstMessage<T>(this.fork(script, options), script, timeoutMs);
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).toReversed()) {
      await within(Promise.resolve().then(step), CLOSE_TIMEOUT_MS, 'closing').catch(
        (error: unknown) => void failures.push(error),
      );
    }
    this.drop();
    if (failures.length > 0) throw failures[0];
  }

  /** At once and without waiting, for a signal: children killed, folders removed. */
  drop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const path of this.#folders.splice(0)) rmSync(path, { recursive: true, force: true });
  }
}

/** The next message of `child`; rejects where it ends first or `timeoutMs` passes. */
export function firstMessage<T>(child: ChildProcess, what: string, timeoutMs: number): Promise<T> {
  const message = new Promise<T>((resolve, reject) => {
    const onExit = (code: number | null) =>
      reject(new Error(`${what} ended with ${code} and no answer`));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value as T);
    });
  });
  return within(message, timeoutMs, what);
}

/** `promise`, or a rejection that names `what` after `timeoutMs`. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const stop = new AbortController();
  const timeout = systemClock.sleep(timeoutMs, stop.signal).then(() => {
    throw new Error(`${what} took longer than ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    // The timer resolves on abort and then throws into a settled race.
    timeout.catch(() => undefined);
    stop.abort();
  }
}

/** Polls until `isDone`; rejects after `timeoutMs` with what was awaited. */
export async function until(
  isDone: () => Promise<boolean> | boolean,
  options: { what: string; timeoutMs: number; pollMs?: number },
): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + options.timeoutMs;
  while (!(await isDone())) {
    if (systemClock.monotonicMs() > deadlineMs) {
      throw new Error(`${options.what} did not happen within ${options.timeoutMs} ms`);
    }
    await systemClock.sleep(options.pollMs ?? 20);
  }
}
