/** A receiver of OTLP over HTTP: decodes what arrives, and answers as a test tells it to. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

export type Labels = Readonly<Record<string, string | number | boolean>>;

export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  /** Sums: 1 is an increase, 2 a total. */
  readonly temporality: number;
  readonly isMonotonic: boolean;
  readonly labels: Labels;
  /** Of a histogram its count. */
  readonly value: number;
  readonly sum: number;
  readonly bounds: readonly number[];
  readonly bucketCounts: readonly number[];
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly statusCode: number;
  readonly labels: Labels;
  readonly eventCount: number;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface ReceivedRequest {
  readonly signal: 'metrics' | 'traces';
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly resource: Labels;
  readonly points: readonly ReceivedPoint[];
  readonly spans: readonly ReceivedSpan[];
}

/** What a request gets: taken, refused with a status, taken but for some items, or no answer at all. */
export type Answer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly status: number; readonly text?: string }
  | { readonly kind: 'partial'; readonly rejectedCount: number }
  | { readonly kind: 'silent' };

export interface OtlpReceiver {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** For all requests from now on. */
  answer: Answer;
  /** Requests with another bearer token are refused with 401 and not kept. */
  takesToken: (token: string) => boolean;
  /** Statuses that the next requests get; those are not kept. */
  refuseNext: number[];
  /** Of both. */
  readonly refusedCount: number;
  points(): readonly ReceivedPoint[];
  spans(): readonly ReceivedSpan[];
  close(): Promise<void>;
}

const SCHEMA = protobuf.loadSync(join(import.meta.dirname, 'otlp.proto'));
const TO_OBJECT = { longs: Number, arrays: true, defaults: true, oneofs: true } as const;

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const requests: ReceivedRequest[] = [];
  const receiver = {
    answer: { kind: 'taken' } as Answer,
    takesToken: (_token: string) => true,
    refuseNext: [] as number[],
    refusedCount: 0,
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
      const status = receiver.takesToken(token) ? receiver.refuseNext.shift() : 401;
      if (status !== undefined) {
        receiver.refusedCount++;
        return send(response, 'metrics', { kind: 'refused', status });
      }
      const sent = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      const path = request.url ?? '';
      const signal = path.endsWith('/v1/traces') ? 'traces' : 'metrics';
      requests.push({ signal, path, headers: request.headers, ...decoded(signal, body) });
      send(response, signal, receiver.answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    points: () => requests.flatMap(({ points }) => points),
    spans: () => requests.flatMap(({ spans }) => spans),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

function send(response: ServerResponse, signal: 'metrics' | 'traces', answer: Answer): void {
  switch (answer.kind) {
    case 'silent':
      return;
    case 'refused':
      response.writeHead(answer.status, { 'content-type': 'text/plain' });
      response.end(answer.text ?? 'refused by the test');
      return;
    case 'taken':
    case 'partial': {
      const field = signal === 'metrics' ? 'rejectedDataPoints' : 'rejectedSpans';
      const partial = answer.kind === 'partial' && {
        partialSuccess: { [field]: answer.rejectedCount, errorMessage: 'no region' },
      };
      const type = SCHEMA.lookupType(signal === 'metrics' ? 'MetricsResponse' : 'TracesResponse');
      response.writeHead(200, { 'content-type': 'application/x-protobuf' });
      response.end(type.encode(type.fromObject(partial || {})).finish());
    }
  }
}

interface Raw {
  readonly [name: string]: unknown;
}
const listOf = (value: unknown): readonly Raw[] => (Array.isArray(value) ? (value as Raw[]) : []);
const rawOf = (value: unknown): Raw => (value ?? {}) as Raw;

function decoded(signal: 'metrics' | 'traces', body: Uint8Array) {
  const type = SCHEMA.lookupType(signal === 'metrics' ? 'MetricsRequest' : 'TracesRequest');
  const request = rawOf(type.toObject(type.decode(body), TO_OBJECT));
  const resources = listOf(request['resourceMetrics'] ?? request['resourceSpans']);
  const scopes = resources.flatMap((each) => listOf(each['scopeMetrics'] ?? each['scopeSpans']));
  return {
    resource: labelsOf(rawOf(resources[0]?.['resource'])['attributes']),
    points: scopes.flatMap((scope) => listOf(scope['metrics'])).flatMap(pointsOf),
    spans: scopes.flatMap((scope) => listOf(scope['spans'])).map(spanOf),
  };
}

function pointsOf(metric: Raw): ReceivedPoint[] {
  const kind = metric['data'] as ReceivedPoint['kind'];
  const data = rawOf(metric[kind]);
  return listOf(data['dataPoints']).map((point) => ({
    name: String(metric['name']),
    unit: String(metric['unit']),
    help: String(metric['description']),
    kind,
    temporality: Number(data['aggregationTemporality'] ?? 0),
    isMonotonic: data['isMonotonic'] === true,
    labels: labelsOf(point['attributes']),
    value: Number(kind === 'histogram' ? point['count'] : point[String(point['value'])]),
    sum: Number(point['sum'] ?? 0),
    bounds: listOf(point['explicitBounds']).map(Number),
    bucketCounts: listOf(point['bucketCounts']).map(Number),
  }));
}

function spanOf(span: Raw): ReceivedSpan {
  return {
    traceId: hexOf(span['traceId']),
    spanId: hexOf(span['spanId']),
    parentSpanId: hexOf(span['parentSpanId']),
    name: String(span['name']),
    kind: Number(span['kind']),
    statusCode: Number(rawOf(span['status'])['code'] ?? 0),
    labels: labelsOf(span['attributes']),
    eventCount: listOf(span['events']).length,
    links: listOf(span['links']).map((link) => ({
      traceId: hexOf(link['traceId']),
      spanId: hexOf(link['spanId']),
    })),
  };
}

function hexOf(bytes: unknown): string {
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : '';
}

function labelsOf(pairs: unknown): Labels {
  return Object.fromEntries(
    listOf(pairs).map(({ key, value }) => {
      const any = rawOf(value);
      return [String(key), any[String(any['value'])] as string | number | boolean];
    }),
  );
}
