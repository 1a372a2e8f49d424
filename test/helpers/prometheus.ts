/** Real Prometheus servers, as oracles of signals: found by version, started on a free port, filled by remote write. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import protobuf from 'protobufjs';
import { freePort } from './free-port.ts';
import { startServerProcess } from './server-process.ts';

/** Bytes of a literal of Snappy's block format. */
const LITERAL_BYTES_MAX = 65_536;

export interface PrometheusBinaries {
  readonly kind: 'found';
  readonly version: string;
  readonly prometheus: string;
  readonly promtool: string;
}

/** Why it cannot run here, as a sentence with what to do. */
export interface MissingPrometheus {
  readonly kind: 'missing';
  readonly reason: string;
}

const HOW_TO_GET = {
  2: "install Debian's package prometheus, or unpack it (apt-get download prometheus; dpkg -x prometheus_*.deb DIR)",
  3: 'build it with Go (cd test/oracles/promtool; go build -o DIR github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool)',
} as const;

/** Binaries of that major version, in the folders of HIGHWATER_TEST_PROMETHEUS (as a PATH) or on the PATH. */
export async function findPrometheus(
  major: 2 | 3,
): Promise<PrometheusBinaries | MissingPrometheus> {
  const given = process.env['HIGHWATER_TEST_PROMETHEUS'] ?? '';
  const folders = [given, process.env['PATH'] ?? ''].flatMap((list) => list.split(delimiter));
  for (const folder of folders.filter((each) => each !== '')) {
    const prometheus = join(folder, 'prometheus');
    const promtool = join(folder, 'promtool');
    if (!existsSync(prometheus) || !existsSync(promtool)) continue;
    const version = await versionOf(prometheus);
    if (majorOf(version) === major) return { kind: 'found', version, prometheus, promtool };
  }
  return {
    kind: 'missing',
    reason: `Prometheus ${major} cannot run: ${HOW_TO_GET[major]}, and set HIGHWATER_TEST_PROMETHEUS to the folder of its binaries`,
  };
}

export interface PrometheusServer {
  readonly url: string;
  readonly dataDir: string;
  close(): Promise<void>;
}

export interface StartOptions {
  /** A metrics page to scrape; none is scraped where it is absent. */
  readonly scrape?: { readonly url: string; readonly intervalSeconds: number };
  /** Blocks that are there already. */
  readonly dataDir?: string;
  readonly flags?: readonly string[];
  /** A file of rules, and who is told of the alerts. */
  readonly rules?: { readonly path: string; readonly alertmanagerUrl: string };
}

/** Starts a server that takes remote writes, and scrapes what it is told to. */
export async function startPrometheus(
  { prometheus }: PrometheusBinaries,
  options: StartOptions = {},
): Promise<PrometheusServer> {
  const scratch = mkdtempSync(join(tmpdir(), 'highwater-prometheus-'));
  const dataDir = options.dataDir ?? join(scratch, 'data');
  const config = join(scratch, 'prometheus.yml');
  writeFileSync(config, configOf(options));
  const url = `http://127.0.0.1:${await freePort()}`;
  const close = await startServerProcess({
    name: 'Prometheus',
    path: prometheus,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${dataDir}`,
      '--storage.tsdb.retention.time=100y',
      '--web.enable-remote-write-receiver',
      `--web.listen-address=${url.slice('http://'.length)}`,
      '--log.level=error',
      ...(options.flags ?? []),
    ],
    readyUrl: `${url}/-/ready`,
    dispose: () => rmSync(scratch, { recursive: true, force: true }),
  });
  return { url, dataDir, close };
}

/** JSON is YAML. */
function configOf({ scrape, rules }: StartOptions): string {
  const alertmanagers = rules && [
    { static_configs: [{ targets: [new URL(rules.alertmanagerUrl).host] }] },
  ];
  return JSON.stringify({
    ...(rules && { rule_files: [rules.path], alerting: { alertmanagers } }),
    scrape_configs: scrape ? [scrapeJob(scrape)] : [],
  });
}

function scrapeJob({ url, intervalSeconds }: NonNullable<StartOptions['scrape']>): object {
  const { host, pathname } = new URL(url);
  const interval = `${intervalSeconds}s`;
  return {
    job_name: 'highwater',
    scrape_interval: interval,
    scrape_timeout: interval,
    metrics_path: pathname,
    static_configs: [{ targets: [host] }],
  };
}

/** The values of an instant query, by the server's HTTP API. */
export async function queryPrometheus(
  { url }: Pick<PrometheusServer, 'url'>,
  query: string,
  atMs: number,
): Promise<
  readonly { readonly metric: Readonly<Record<string, string>>; readonly value: number }[]
> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query, time: (atMs / 1_000).toFixed(3) }),
  });
  const answer = (await response.json()) as {
    error?: string;
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (!answer.data) throw new Error(`${query}: ${answer.error}`);
  return answer.data.result.map(({ metric, value: [, text] }) => ({
    metric,
    value: Number(text.replace('Inf', 'Infinity')),
  }));
}

/** One series as it is written; `'stale'` is Prometheus's marker of an end. */
export interface WrittenSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly atMs: number; readonly value: number | 'stale' }[];
}

/** Writes all samples, in order of time over all series, in spans of five minutes. */
export async function writeSeries(
  { url }: PrometheusServer,
  all: readonly WrittenSeries[],
): Promise<void> {
  const spanMs = 300_000;
  const spans = new Map<number, protobuf.Writer>();
  for (const { name, labels, samples } of all) {
    const bySpan = Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / spanMs));
    for (const [span, some] of bySpan) {
      const request = spans.get(span) ?? protobuf.Writer.create();
      spans.set(span, request);
      request.uint32(10).fork();
      const pairs = Object.entries({ ...labels, __name__: name }).filter(([, value]) => value);
      for (const [label, value] of pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        request.uint32(10).fork().uint32(10).string(label).uint32(18).string(value).ldelim();
      }
      for (const { atMs, value } of some) {
        request.uint32(18).fork().uint32(9);
        if (value === 'stale') request.fixed64(STALE_NAN);
        else request.double(value);
        request.uint32(16).int64(atMs).ldelim();
      }
      request.ldelim();
    }
  }
  for (const [, request] of [...spans].toSorted(([a], [b]) => a - b)) {
    const response = await fetch(`${url}/api/v1/write`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
      },
      body: snappy(request.finish()),
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  }
}

/** Source: Prometheus, `value.StaleNaN`. A float of JavaScript would lose its bits. */
const STALE_NAN = { low: 2, high: 0x7ff0_0000, unsigned: true } as protobuf.Long;

/** Snappy's block format without any compression. */
function snappy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = [protobuf.Writer.create().uint32(bytes.length).finish()];
  for (let at = 0; at < bytes.length; at += LITERAL_BYTES_MAX) {
    const literal = bytes.subarray(at, at + LITERAL_BYTES_MAX);
    const last = literal.length - 1;
    parts.push(Uint8Array.of(61 << 2, last & 0xff, last >> 8), literal);
  }
  return new Uint8Array(Buffer.concat(parts));
}

async function versionOf(prometheus: string): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(prometheus, ['--version']);
    return /version\s+([^\s,]+)/.exec(stdout + stderr)?.[1] ?? '';
  } catch {
    return '';
  }
}

/** A server built from the Go module says no version; those are 3. */
function majorOf(version: string): number {
  const major = Number.parseInt(version, 10);
  return Number.isNaN(major) ? 3 : major;
}
