/** Telemetry as a process starts it, in a test's own process: one after the other, with exports at the test's word. */
import { context, diag, metrics, trace } from '@opentelemetry/api';
import { createLogger, systemClock } from '../../runtime/index.ts';
import { startTelemetry } from '../../telemetry/index.ts';
import type { Telemetry, TelemetryOptions } from '../../telemetry/index.ts';

export interface LogLine {
  readonly event: string;
  readonly severity: string;
  readonly [field: string]: unknown;
}

export interface StartedTelemetry extends Telemetry {
  readonly lines: readonly LogLine[];
  /** Exports metrics and spans now. */
  flush(): Promise<void>;
  /** What the process says of its own exports. */
  exportCount(signal: 'metrics' | 'traces', outcome: string): Promise<number>;
  sampleValue(name: string, labels: Readonly<Record<string, string>>): Promise<number>;
}

const DEFAULTS = {
  part: 'api',
  version: '0.0.1',
  exporter: 'otlp',
  googleEndpoint: 'http://127.0.0.1:9',
  projectId: 'a-project',
  region: 'europe-west1',
  instance: 'api-1',
  exportIntervalMs: 3_600_000,
  traceRatio: 1,
  traceSlowMs: 500,
  tracesKeptMax: 0,
} as const;

/** Closed with the test at the latest; until then no other may be started in the process. */
export async function startedTelemetry(
  t: { teardown(close: () => Promise<void>): void },
  options: Partial<TelemetryOptions> = {},
): Promise<StartedTelemetry> {
  const lines: LogLine[] = [];
  const logger = createLogger({
    level: 'debug',
    format: 'json',
    write: (line) => lines.push(JSON.parse(line) as LogLine),
  });
  const telemetry = await startTelemetry({ ...DEFAULTS, clock: systemClock, logger, ...options });
  const sampleValue: StartedTelemetry['sampleValue'] = async (name, labels) => {
    const found = (await telemetry.samples()).find(
      (each) =>
        each.name === name &&
        Object.entries(labels).every(([label, value]) => each.labels[label] === value),
    );
    if (!found) throw new Error(`no sample ${name} ${JSON.stringify(labels)}`);
    return found.value;
  };
  let closed: Promise<void> | undefined;
  const close = async () => {
    await telemetry.close();
    for (const api of [metrics, trace, context, diag]) api.disable();
  };
  t.teardown(() => (closed ??= close()));
  return {
    ...telemetry,
    lines,
    sampleValue,
    exportCount: (signal, outcome) => sampleValue('telemetry_exports_total', { signal, outcome }),
    async flush() {
      // A flush of spans rejects where an export failed; that is looked for in what is counted and logged.
      await Promise.allSettled([flushOf(metrics.getMeterProvider()), flushOf(tracerProvider())]);
    },
    close: () => (closed ??= close()),
  };
}

function tracerProvider(): object {
  const provider = trace.getTracerProvider();
  return 'getDelegate' in provider && typeof provider.getDelegate === 'function'
    ? (provider.getDelegate() as object)
    : provider;
}

async function flushOf(provider: object): Promise<void> {
  if (!('forceFlush' in provider) || typeof provider.forceFlush !== 'function') {
    throw new Error('expected a provider of the SDK');
  }
  await provider.forceFlush();
}
