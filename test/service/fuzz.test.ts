import test from 'ava';
import * as fc from 'fast-check';
import { fill, raw, startService } from './server.ts';
import type { TestService } from './server.ts';

const RUNS = 300;
let service: TestService;
test.before(async () => {
  service = await startService();
  await fill(service);
});
test.after.always(() => service?.stop());

const path = fc.constantFrom(
  '/',
  '/v1/streams',
  '/v1/streams/typed',
  ...['transactions', 'events', 'typed'].flatMap((name) => [
    `/v1/streams/${name}/events`,
    `/v1/streams/${name}/windows`,
    `/v1/streams/${name}/quarantine`,
  ]),
);
const name = fc.oneof(
  fc.constantFrom(
    'from',
    'to',
    'limit',
    'order',
    'cursor',
    'merchant',
    'whole',
    'real',
    'flag',
    'day',
    'text',
    'reason_code',
    'replayed',
  ),
  fc.string({ unit: 'binary' }),
);
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.date({ noInvalidDate: true }).map((each) => each.toISOString()),
  fc.constantFrom(
    'asc',
    'desc',
    'true',
    'false',
    '0',
    '1',
    '1000',
    "' or 1=1 --",
    '\0',
    '2024-04-27',
  ),
);
const accept = fc.constantFrom('application/json', 'application/x-ndjson', 'text/csv', '*/*');
const encode = (text: string) => encodeURIComponent(text.toWellFormed());

test('no query makes a server error', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.array(fc.tuple(name, value), { maxLength: 4 }),
      accept,
      async (target, pairs, type) => {
        const query = pairs.map(([key, text]) => `${encode(key)}=${encode(text)}`).join('&');
        const answer = await raw(service, `${target}?${query}`, { headers: { accept: type } });
        return answer.status < 500;
      },
    ),
    { numRuns: RUNS },
  );
  t.pass();
});

test('no path makes a server error', async (t) => {
  const target = fc
    .array(
      fc.oneof(
        value.map(encode),
        fc.string().map((text) => text.replace(/[^!-~]/g, '')),
      ),
      {
        maxLength: 5,
      },
    )
    .map((parts) => `/${parts.join('/')}`);
  const prefix = fc.constantFrom('', '/v1/streams', '/v1/streams/transactions/events');
  await fc.assert(
    fc.asyncProperty(prefix, target, async (start, rest) => {
      const answer = await raw(service, start + rest);
      return answer.status < 500;
    }),
    { numRuns: RUNS },
  );
  t.pass();
});

test('no body makes a server error', async (t) => {
  const event = fc.record(
    { id: fc.anything(), timestamp: fc.anything(), data: fc.anything() },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.json(),
    fc.array(event).map((each) => JSON.stringify(each, plain)),
    fc.string({ unit: 'binary' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  const headers = fc.record({
    'content-type': fc.constantFrom(
      'application/json',
      'application/x-ndjson',
      'application/json;charset=x',
      'text/plain',
      ';;',
    ),
    'content-encoding': fc.constantFrom('identity', 'gzip', 'deflate', 'br', 'odd'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('transactions', 'events', 'typed'),
      headers,
      body,
      async (stream, given, bytes) => {
        const answer = await raw(service, `/v1/streams/${stream}/events`, {
          method: 'POST',
          headers: given,
          body: bytes,
        });
        return answer.status < 500;
      },
    ),
    { numRuns: RUNS },
  );
  t.pass();
});

function plain(_key: string, each: unknown): unknown {
  return typeof each === 'bigint' ? Number(each) : each;
}
