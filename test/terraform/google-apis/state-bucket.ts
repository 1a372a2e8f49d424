/** The objects of buckets, where Terraform keeps its state: bytes by name, written under a condition on what was there. */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from './api-error.ts';
import { textOf } from './json.ts';
import type { Json } from './json.ts';
import { TOKEN } from './server.ts';
import type { GoogleApis } from './server.ts';

export interface StateBucket {
  /** The environment in which Terraform's backend asks this one. */
  readonly environment: Readonly<Record<string, string>>;
  /** Content by `BUCKET/NAME`. */
  readonly objects: ReadonlyMap<string, Stored>;
  close(): Promise<void>;
}

interface Stored {
  readonly content: Buffer;
  readonly generation: string;
}

interface Answer {
  readonly code?: number;
  readonly body: Buffer | Json;
  readonly generation?: string;
}

/** Buckets are those that `apis` has. */
export async function startStateBucket({ cloud }: GoogleApis): Promise<StateBucket> {
  const objects = new Map<string, Stored>();
  const server = createServer((request, response) => {
    void (async () => {
      let answer: Answer;
      try {
        const isKnown = request.headers.authorization === `Bearer ${TOKEN}`;
        if (!isKnown) throw new ApiError(401, 'Request had invalid authentication credentials.');
        answer = answerOf(request, await bytesOf(request));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        answer = { code: error.code, body: { ...error.toJson() } };
      }
      const { code = 200, body, generation } = answer;
      if (generation) response.setHeader('x-goog-generation', generation);
      const isJson = !Buffer.isBuffer(body);
      response.setHeader('content-type', isJson ? 'application/json' : 'application/octet-stream');
      response.writeHead(code);
      response.end(isJson ? JSON.stringify(body) : body);
    })();
  });

  function answerOf(request: IncomingMessage, bytes: Buffer): Answer {
    const { method = 'GET', url: target = '/' } = request;
    const url = new URL(target, 'http://stand-in');
    const path = decodeURIComponent(url.pathname);
    const [, bucket = '', name] =
      /^(?:\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(path) ??
      /^\/([^/]+)\/(.+)$/.exec(path) ??
      [];
    cloud.need(`storage/b/${bucket}`, 'The specified bucket does not exist.');
    if (method === 'POST') return insert(bucket, url.searchParams, parts(request, bytes));
    if (name === undefined) {
      const prefix = url.searchParams.get('prefix') ?? '';
      const items = [...objects]
        .filter(([key]) => key.startsWith(`${bucket}/${prefix}`))
        .map(([key, stored]) => shown(bucket, key.slice(bucket.length + 1), stored));
      return { body: { kind: 'storage#objects', items } };
    }
    const stored = objects.get(`${bucket}/${name}`);
    if (!stored) throw new ApiError(404, `No such object: ${bucket}/${name}`);
    if (method === 'DELETE') {
      const wanted = url.searchParams.get('ifGenerationMatch');
      if (wanted !== null && wanted !== stored.generation) throw changed();
      objects.delete(`${bucket}/${name}`);
      return { code: 204, body: Buffer.alloc(0) };
    }
    const isContent = !path.startsWith('/storage/') || url.searchParams.get('alt') === 'media';
    if (isContent) return { body: stored.content, generation: stored.generation };
    return { body: shown(bucket, name, stored) };
  }

  function insert(bucket: string, query: URLSearchParams, [first, content]: Parts): Answer {
    const name = textOf((JSON.parse(first.toString()) as Json)['name']);
    const key = `${bucket}/${name}`;
    const wanted = query.get('ifGenerationMatch');
    if (wanted !== null && wanted !== (objects.get(key)?.generation ?? '0')) throw changed();
    const stored = { content, generation: String(1_700_000_000_000_000 + cloud.next()) };
    objects.set(key, stored);
    return { body: shown(bucket, name, stored) };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT: `http://127.0.0.1:${port}/storage/v1/`,
    },
    objects,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Parts = readonly [Buffer, Buffer];

/** What the object is, and its content: the two parts of a multipart upload. */
function parts(request: IncomingMessage, bytes: Buffer): Parts {
  const boundary = /boundary="?([^";]+)/.exec(request.headers['content-type'] ?? '')?.[1];
  const [, first, second] = bytes.toString('latin1').split(`--${boundary}`);
  if (boundary === undefined || first === undefined || second === undefined) {
    throw new ApiError(400, 'Expected an upload of two parts.');
  }
  return [bodyOf(first), bodyOf(second)];
}

function bodyOf(part: string): Buffer {
  return Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4).replace(/\r\n$/, ''), 'latin1');
}

function shown(bucket: string, name: string, { content, generation }: Stored): Json {
  const size = String(content.length);
  return { kind: 'storage#object', bucket, name, generation, metageneration: '1', size };
}

function changed(): ApiError {
  return new ApiError(412, 'At least one of the pre-conditions you specified did not hold.');
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
