/** A real OpenTelemetry Collector, built from its Go modules: takes OTLP over HTTP, writes what it got as JSON lines. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../runtime/index.ts';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './highwater-process.ts';

const START_TIMEOUT_MS = 60_000;
const HOW_TO_GET =
  'build it with Go (cd test/oracles/collector; go build -o DIR/collector .) and set HIGHWATER_TEST_COLLECTOR to DIR/collector';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface Collector {
  readonly kind: 'started';
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** All spans written so far. */
  spans(): readonly CollectedSpan[];
  /** Names of all metrics written so far. */
  metricNames(): ReadonlySet<string>;
  /** Everything written so far, as it is in the files. */
  text(): string;
  close(): Promise<void>;
}

/** Why it cannot run here, as a sentence with what to do. */
export interface MissingCollector {
  readonly kind: 'missing';
  readonly reason: string;
}

/** The program is `HIGHWATER_TEST_COLLECTOR`. */
export async function startCollector(): Promise<Collector | MissingCollector> {
  const program = process.env['HIGHWATER_TEST_COLLECTOR'] ?? '';
  if (!existsSync(program)) {
    return { kind: 'missing', reason: `the OpenTelemetry Collector is missing: ${HOW_TO_GET}` };
  }
  const folder = temporaryFolder();
  const port = await freePort();
  const files = ['traces', 'metrics'].map((signal) => join(folder.path, `${signal}.jsonl`));
  const configFile = join(folder.path, 'config.yaml');
  writeFileSync(configFile, configText(port, files));
  const child = spawn(program, ['--config', `file:${configFile}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async () => {
    child.kill('SIGKILL');
    await exited;
    folder.remove();
  };
  const url = `http://127.0.0.1:${port}`;
  const deadlineMs = systemClock.monotonicMs() + START_TIMEOUT_MS;
  while (!(await isUp(url))) {
    if (child.exitCode !== null || systemClock.monotonicMs() > deadlineMs) {
      await close();
      throw new Error(`The collector did not start: ${output}`);
    }
    await systemClock.sleep(50);
  }
  const linesOf = (index: number) =>
    wholeLines(files[index] ?? '').map((line) => rawOf(JSON.parse(line)));
  return {
    kind: 'started',
    url,
    spans: () => linesOf(0).flatMap(spansOf),
    metricNames: () => new Set(linesOf(1).flatMap(metricNamesOf)),
    text: () => files.flatMap(wholeLines).join('\n'),
    close,
  };
}

function configText(port: number, [tracesFile, metricsFile]: readonly string[]): string {
  return `
receivers:
  otlp: { protocols: { http: { endpoint: '127.0.0.1:${port}' } } }
exporters:
  file/traces: { path: '${tracesFile}', flush_interval: 100ms }
  file/metrics: { path: '${metricsFile}', flush_interval: 100ms }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp], exporters: [file/traces] }
    metrics: { receivers: [otlp], exporters: [file/metrics] }
`;
}

async function isUp(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** Lines that are written to their end. */
function wholeLines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

interface Raw {
  readonly [name: string]: unknown;
}
const rawOf = (value: unknown): Raw => (value ?? {}) as Raw;
const listOf = (value: unknown): readonly Raw[] => (Array.isArray(value) ? (value as Raw[]) : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function spansOf(line: Raw): CollectedSpan[] {
  return listOf(line['resourceSpans']).flatMap((each) =>
    listOf(each['scopeSpans'])
      .flatMap((scope) => listOf(scope['spans']))
      .map((span) => ({
        traceId: textOf(span['traceId']),
        spanId: textOf(span['spanId']),
        parentSpanId: textOf(span['parentSpanId']),
        name: textOf(span['name']),
        attributes: attributesOf(span['attributes']),
        resource: attributesOf(rawOf(each['resource'])['attributes']),
        links: listOf(span['links']).map((link) => ({
          traceId: textOf(link['traceId']),
          spanId: textOf(link['spanId']),
        })),
      })),
  );
}

function metricNamesOf(line: Raw): string[] {
  return listOf(line['resourceMetrics'])
    .flatMap((each) => listOf(each['scopeMetrics']))
    .flatMap((scope) => listOf(scope['metrics']))
    .map((metric) => textOf(metric['name']));
}

/** Values as text, whatever their type. */
function attributesOf(pairs: unknown): Record<string, string> {
  return Object.fromEntries(
    listOf(pairs).map(({ key, value }) => [textOf(key), String(Object.values(rawOf(value))[0])]),
  );
}
