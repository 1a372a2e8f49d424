/** Faults injected on purpose, each until its time is over: which are in force, and what they are set to. */
import { AppError, formatDuration, parseDuration } from '../runtime/index.ts';
import type { Clock, Logger, Timer } from '../runtime/index.ts';
import type { Metrics } from './metrics.ts';

export const FAULT_NAMES = ['errors', 'latency', 'ingest', 'subscription', 'warehouse'] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** What each fault can be set to. */
export interface FaultSettings {
  /** Share of API requests that fail. */
  readonly errors?: number;
  /** Milliseconds that every API request waits first. */
  readonly latency?: number;
  /** The ingester closes its subscriptions. */
  readonly ingest?: 'stopped';
  /** Messages arrive and are never dealt with. */
  readonly subscription?: 'stuck';
  /** Which calls of the warehouse fail. */
  readonly warehouse?: 'broken' | 'append' | 'query';
}

/** A fault never outlives its welcome: the longest time that one may be set for. */
const DURATION_MAX_MS = 3_600_000;
const DURATION_DEFAULT_MS = 300_000;
/** Longer would look like an outage of the load generator. */
const LATENCY_MAX_MS = 60_000;

const EXPECTED: Readonly<Record<FaultName | 'for', string>> = {
  errors: 'a share from 0 to 1, such as 0.1',
  latency: 'a duration up to 1m, such as 800ms',
  ingest: 'stopped',
  subscription: 'stuck',
  warehouse: 'one of broken, append, query',
  for: 'a duration up to 1h, such as 5m',
};

/**
 * Settings from texts such as `errors=0.1`, with `for` as the time.
 * @throws AppError `invalid_argument` that names every problem
 */
export function parseFaults(given: Readonly<Record<string, unknown>>): {
  readonly settings: FaultSettings;
  readonly durationMs: number;
} {
  const problems: string[] = [];
  const parsed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const expected = isKnown(name) ? EXPECTED[name] : undefined;
    const result = isKnown(name) ? parseOne(name, String(value)) : undefined;
    if (result !== undefined) parsed[name] = result;
    else if (expected) problems.push(`${name}: expected ${expected}; got ${String(value)}`);
    else problems.push(`${name}: expected one of ${Object.keys(EXPECTED).join(', ')}`);
  }
  const { for: durationMs = DURATION_DEFAULT_MS, ...settings } = parsed as FaultSettings & {
    readonly for?: number;
  };
  if (problems.length === 0 && Object.keys(settings).length === 0) {
    problems.push(`expected at least one fault, such as errors=0.1; got none`);
  }
  if (problems.length > 0) throw new AppError('invalid_argument', problems.join('\n'));
  return { settings, durationMs };
}

interface Active {
  readonly value: unknown;
  readonly untilMs: number;
  readonly timer: Timer;
}

export class Faults {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #active = new Map<FaultName, Active>();
  readonly #listeners: (() => void)[] = [];
  #errorDebt = 0;

  constructor({ clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Metrics }) {
    this.#clock = clock;
    this.#logger = logger;
    metrics.observe('highwater_fault_active', () =>
      FAULT_NAMES.map((fault) => ({
        labels: { fault },
        value: this.#active.has(fault) ? 1 : 0,
      })),
    );
  }

  /** What is in force, with the time left. */
  list(): readonly {
    readonly fault: FaultName;
    readonly value: unknown;
    readonly forMs: number;
  }[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#active].map(([fault, { value, untilMs }]) => ({
      fault,
      value,
      forMs: Math.max(0, untilMs - nowMs),
    }));
  }

  set(settings: FaultSettings, durationMs: number): void {
    for (const fault of FAULT_NAMES) {
      const value = settings[fault];
      if (value === undefined) continue;
      this.#active.get(fault)?.timer.cancel();
      const timer = this.#clock.setTimer(durationMs, () => this.clear([fault]), true);
      this.#active.set(fault, { value, untilMs: this.#clock.nowMs() + durationMs, timer });
      this.#logger.warn('fault_injected', { fault, value, for: formatDuration(durationMs) });
    }
    this.#tell();
  }

  /** Ends `faults`, all where none is named. */
  clear(faults: readonly FaultName[] = FAULT_NAMES): void {
    for (const fault of faults) {
      const active = this.#active.get(fault);
      if (!active) continue;
      active.timer.cancel();
      this.#active.delete(fault);
      this.#logger.warn('fault_cleared', { fault });
    }
    this.#tell();
  }

  /** Called after every change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get<N extends FaultName>(fault: N): FaultSettings[N] | undefined {
    return this.#active.get(fault)?.value as FaultSettings[N] | undefined;
  }

  /** 0 where none is injected. */
  latencyMs(): number {
    return this.get('latency') ?? 0;
  }

  /** True for exactly the injected share of calls: of ten calls at 0.3, three. */
  errorIsDue(): boolean {
    const share = this.get('errors');
    if (share === undefined) return false;
    this.#errorDebt += share;
    // The sum of many tenths is a hair below the whole.
    if (this.#errorDebt < 1 - 1e-9) return false;
    this.#errorDebt -= 1;
    return true;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function isKnown(name: string): name is FaultName | 'for' {
  return Object.hasOwn(EXPECTED, name);
}

function parseOne(name: FaultName | 'for', text: string): unknown {
  switch (name) {
    case 'errors': {
      const share = text.trim() === '' ? Number.NaN : Number(text);
      return share >= 0 && share <= 1 ? share : undefined;
    }
    case 'latency':
      return durationUpTo(text, LATENCY_MAX_MS);
    case 'for':
      return durationUpTo(text, DURATION_MAX_MS);
    case 'ingest':
      return text === 'stopped' ? text : undefined;
    case 'subscription':
      return text === 'stuck' ? text : undefined;
    case 'warehouse':
    default:
      return ['broken', 'append', 'query'].includes(text) ? text : undefined;
  }
}

function durationUpTo(text: string, maxMs: number): number | undefined {
  const valueMs = parseDuration(text);
  return valueMs !== undefined && valueMs > 0 && valueMs <= maxMs ? valueMs : undefined;
}
