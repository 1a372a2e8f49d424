/** `/faults` on the internal port: GET shows, POST injects, DELETE ends. For a laptop's loopback alone. */
import type { IncomingMessage } from 'node:http';
import { isAppError } from '../runtime/index.ts';
import type { Faults } from './faults.ts';
import { parseFaults } from './faults.ts';
import type { InternalRoute } from './metrics-server.ts';
import { sendText } from './metrics-server.ts';

/** Five short settings fit many times over. */
const BODY_BYTES_MAX = 4_096;
/** A page in a browser reaches loopback under its own name; such requests are none of an operator's. */
const LOOPBACK_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

/** Whether a `Host` header or a URL's host is this machine's own. */
export function isLoopbackHost(host: string | undefined): boolean {
  return LOOPBACK_HOST.test(host ?? '');
}

export function faultsRoute(faults: Faults): InternalRoute {
  return async (request, response) => {
    if (!isLoopbackHost(request.headers.host)) {
      return sendText(response, 403, 'Faults are injected on loopback alone, such as 127.0.0.1.');
    }
    switch (request.method ?? '') {
      case 'GET':
        break;
      case 'DELETE':
        faults.clear();
        break;
      case 'POST': {
        if (!request.headers['content-type']?.startsWith('application/json')) {
          return sendText(response, 415, 'Expected content-type application/json.');
        }
        try {
          const { settings, durationMs } = parseFaults(await readObject(request));
          faults.set(settings, durationMs);
        } catch (error) {
          if (!isAppError(error)) throw error;
          return sendText(response, 400, error.message);
        }
        break;
      }
      default:
        response.setHeader('Allow', 'GET, POST, DELETE');
        return sendText(response, 405, 'Expected GET, POST or DELETE.');
    }
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(`${JSON.stringify({ faults: faults.list() })}\n`);
    return undefined;
  };
}

async function readObject(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_BYTES_MAX) return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
