/** A stand-in for the Cloud Monitoring API v3 (REST over TLS), as the deprecated exporter calls it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { temporaryFolder } from '../helpers/highwater-process.ts';

export interface TimeSeries {
  readonly metric: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly metricKind: string;
  readonly valueType: string;
  readonly points: readonly {
    readonly value: {
      readonly doubleValue?: number;
      readonly distributionValue?: {
        readonly count: string;
        readonly bucketCounts: readonly string[];
        readonly bucketOptions: {
          readonly explicitBuckets: { readonly bounds: readonly number[] };
        };
      };
    };
  }[];
}

export interface MetricDescriptor {
  readonly type: string;
  readonly unit: string;
  readonly description: string;
}

export interface MonitoringStandIn {
  /** `host:port`. */
  readonly address: string;
  /** One entry a request. */
  readonly written: readonly (readonly TimeSeries[])[];
  readonly descriptors: readonly MetricDescriptor[];
  readonly tokens: ReadonlySet<string | undefined>;
  /** 200, or the status of a refusal. */
  seriesStatus: number;
  descriptorStatus: number;
  close(): Promise<void>;
}

/** Needs `openssl`, for a certificate that this process then trusts. */
export async function startMonitoring(): Promise<MonitoringStandIn> {
  const folder = temporaryFolder();
  const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => join(folder.path, name));
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost`
      .split(' ')
      .concat('-keyout', keyFile!, '-out', certFile!),
    { stdio: 'pipe' },
  );
  const [key, cert] = [keyFile!, certFile!].map((path) => readFileSync(path, 'utf8'));
  folder.remove();
  const trustedBefore = getCACertificates('default');
  setDefaultCACertificates([...trustedBefore, cert!]);

  const written: TimeSeries[][] = [];
  const descriptors: MetricDescriptor[] = [];
  const tokens = new Set<string | undefined>();
  const state = { seriesStatus: 200, descriptorStatus: 200 };
  const server = createServer({ key: key!, cert: cert! }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      tokens.add(request.headers.authorization);
      const text = Buffer.concat(chunks).toString();
      const body: unknown = text === '' ? {} : JSON.parse(text);
      const what = `${request.method} ${request.url?.split('?')[0]}`;
      let status = 404;
      if (what === 'POST /v3/projects/a-project/timeSeries') {
        status = state.seriesStatus;
        if (status === 200) written.push((body as { timeSeries: TimeSeries[] }).timeSeries);
      } else if (what === 'POST /v3/projects/a-project/metricDescriptors') {
        status = state.descriptorStatus;
        if (status === 200) descriptors.push(body as MetricDescriptor);
      }
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(status === 200 ? '{}' : JSON.stringify({ error: { code: status } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return Object.assign(state, {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    written,
    descriptors,
    tokens,
    close: () =>
      new Promise<void>((resolve) => {
        setDefaultCACertificates(trustedBefore);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
