import test from 'ava';
import { gzipSync } from 'node:zlib';
import { fill, getJson, raw, startService } from './server.ts';
import type { RawOptions, TestService } from './server.ts';

let service: TestService;
test.before(async () => {
  service = await startService();
  await fill(service);
});
test.after.always(() => service?.stop());

const EVENTS = '/v1/streams/transactions/events';
const json = { 'content-type': 'application/json' };
const post = (body: string | Buffer, headers: Record<string, string> = json): RawOptions => ({
  method: 'POST',
  headers,
  body,
});

const ROWS: readonly [path: string, status: number, code: string, options?: RawOptions][] = [
  ['/nothing', 404, 'not_found'],
  ['/V1/streams', 404, 'not_found'],
  ['/v1/streams/none', 404, 'not_found'],
  ['/v1/streams/__proto__', 404, 'not_found'],
  ['/v1/streams/events/windows', 404, 'not_found'],
  [`${EVENTS}/none`, 404, 'not_found'],
  [`${EVENTS}/a%00b`, 404, 'not_found'],
  [`${EVENTS}/${'x'.repeat(5_000)}`, 404, 'not_found'],
  ['/%zz', 400, 'invalid_argument'],
  [`${EVENTS}/%ff`, 400, 'invalid_argument'],
  [`${EVENTS}?merchant=%ff`, 400, 'invalid_argument'],
  ['/?x=1', 400, 'unknown_parameter'],
  ['/healthz?x=1', 400, 'unknown_parameter'],
  ['/docs?x=1', 400, 'unknown_parameter'],
  [`${EVENTS}?unknown=1`, 400, 'unknown_parameter'],
  [`${EVENTS}?Limit=1`, 400, 'unknown_parameter'],
  [`${EVENTS}?amount=1`, 400, 'unknown_parameter'],
  [`${EVENTS}?limit=1&limit=2`, 400, 'invalid_argument'],
  [`${EVENTS}?limit=`, 400, 'invalid_argument'],
  [`${EVENTS}?limit=0`, 400, 'invalid_argument'],
  [`${EVENTS}?limit=-1`, 400, 'invalid_argument'],
  [`${EVENTS}?limit=1.5`, 400, 'invalid_argument'],
  [`${EVENTS}?limit=1e2`, 400, 'invalid_argument'],
  [`${EVENTS}?limit=1001`, 400, 'limit_exceeded'],
  [`${EVENTS}?limit=1000001`, 400, 'limit_exceeded', { headers: { accept: 'text/csv' } }],
  [`${EVENTS}?order=up`, 400, 'invalid_argument'],
  [`${EVENTS}?from=yesterday`, 400, 'invalid_argument'],
  [`${EVENTS}?from=2024-02-30T00:00:00Z`, 400, 'invalid_argument'],
  [`${EVENTS}?from=2024-04-27`, 400, 'invalid_argument'],
  [`${EVENTS}?from=2024-04-28T00:00:00Z&to=2024-04-27T00:00:00Z`, 400, 'invalid_range'],
  [`${EVENTS}?cursor=`, 400, 'invalid_cursor'],
  [`${EVENTS}?cursor=abc`, 400, 'invalid_cursor'],
  [`${EVENTS}?cursor=${Buffer.from('[1]').toString('base64url')}`, 400, 'invalid_cursor'],
  [`${EVENTS}?cursor=${'A'.repeat(9_000)}`, 400, 'invalid_cursor'],
  ['/v1/streams/typed/events?whole=x', 400, 'invalid_argument'],
  ['/v1/streams/typed/events?whole=99999999999999999', 400, 'invalid_argument'],
  ['/v1/streams/typed/events?real=NaN', 400, 'invalid_argument'],
  ['/v1/streams/typed/events?real=1e999', 400, 'invalid_argument'],
  ['/v1/streams/typed/events?flag=yes', 400, 'invalid_argument'],
  ['/v1/streams/typed/events?day=2024-02-31', 400, 'invalid_argument'],
  ['/v1/streams/transactions/windows?merchant=x', 400, 'unknown_parameter'],
  ['/v1/streams/transactions/quarantine?reason_code=odd', 400, 'invalid_argument'],
  ['/v1/streams/transactions/quarantine?replayed=1', 400, 'invalid_argument'],
  [EVENTS, 406, 'not_acceptable', { headers: { accept: 'image/png' } }],
  ['/', 406, 'not_acceptable', { headers: { accept: 'text/csv' } }],
  ['/docs', 406, 'not_acceptable', { headers: { accept: 'application/json' } }],
  ['/', 405, 'method_not_allowed', { method: 'POST' }],
  [EVENTS, 405, 'method_not_allowed', { method: 'DELETE' }],
  ['/v1/streams', 405, 'method_not_allowed', { method: 'PATCH' }],
  [EVENTS, 415, 'unsupported_media_type', post('{}', {})],
  [EVENTS, 415, 'unsupported_media_type', post('a=1', { 'content-type': 'text/plain' })],
  [
    EVENTS,
    415,
    'unsupported_media_type',
    post('{}', { 'content-type': 'application/json; charset=latin1' }),
  ],
  [EVENTS, 415, 'unsupported_media_type', post('{}', { ...json, 'content-encoding': 'zstd-x' })],
  [EVENTS, 413, 'body_too_large', post(' '.repeat(100_001))],
  [
    EVENTS,
    413,
    'body_too_large',
    post(gzipSync(' '.repeat(1_000_000)), { ...json, 'content-encoding': 'gzip' }),
  ],
  [EVENTS, 400, 'invalid_body', post('not gzip', { ...json, 'content-encoding': 'gzip' })],
  [EVENTS, 400, 'invalid_body', post('')],
  [EVENTS, 400, 'invalid_body', post('{')],
  [EVENTS, 400, 'invalid_body', post('[]')],
  [EVENTS, 400, 'invalid_body', post('{}')],
  [EVENTS, 400, 'invalid_body', post('null')],
  [EVENTS, 400, 'invalid_body', post(Buffer.from([0x22, 0xff, 0x22]))],
  [EVENTS, 400, 'invalid_body', post('{"__proto__":{"a":1}}')],
  [EVENTS, 400, 'limit_exceeded', post(`[${'1,'.repeat(1_000)}1]`)],
  ['/v1/streams/none/events', 404, 'not_found', post('{}')],
];

test('bad input is answered with its own status and code, as a problem', async (t) => {
  for (const [path, status, code, options] of ROWS) {
    const answer = await raw(service, path, options);
    const what = `${options?.method ?? 'GET'} ${path.slice(0, 100)}: ${answer.body}`;
    t.is(answer.status, status, what);
    t.regex(answer.headers['content-type'] ?? '', /^application\/problem\+json/, what);
    const problem = JSON.parse(answer.body);
    t.like(problem, { status, code, type: `/docs#${code}` }, what);
    if (status === 405) t.regex(answer.headers.allow ?? '', /GET/);
  }
});

test('all bad parameters are named at once', async (t) => {
  const answer = await raw(service, `${EVENTS}?limit=x&order=up&nothing=1`);
  const { errors } = JSON.parse(answer.body);
  t.deepEqual(
    errors.map((each: { parameter: string }) => each.parameter),
    ['limit', 'order', 'nothing'],
  );
});

test('a cursor is refused with other parameters, on another list and when forged', async (t) => {
  const { next_cursor: cursor } = await getJson(service, `${EVENTS}?limit=1&merchant=shop`);
  t.is((await getJson(service, `${EVENTS}?limit=5&merchant=shop&cursor=${cursor}`)).count, 5);
  for (const path of [
    `${EVENTS}?limit=1`,
    `${EVENTS}?merchant=shop&order=asc`,
    `${EVENTS}?merchant=shop&from=2024-04-27T12:00:00Z`,
    '/v1/streams/transactions/windows?limit=1',
    '/v1/streams/transactions/quarantine?limit=1',
    '/v1/streams/events/events?limit=1',
  ]) {
    const answer = await raw(service, `${path}&cursor=${cursor}`);
    t.is(JSON.parse(answer.body).code, 'invalid_cursor', path);
  }

  for (const path of [
    EVENTS,
    '/v1/streams/transactions/windows',
    '/v1/streams/typed/windows',
    '/v1/streams/transactions/quarantine',
  ]) {
    const { next_cursor: sound } = await getJson(service, `${path}?limit=1`);
    const [version, question] = JSON.parse(Buffer.from(sound, 'base64url').toString());
    for (const position of [
      [],
      [null],
      [1e300, 'x'],
      [0.5, 'x'],
      ['x', 1],
      ['\ud800'],
      ['-1'],
      ["'; drop table transactions --"],
      [0, '\0'],
      [9007199254740991, 'x'],
      [0, [], 9007199254740991, -9007199254740991],
      [0, ['x'], -9007199254740991, 9007199254740991],
      [0, [5], 0, 1],
    ]) {
      const text = Buffer.from(JSON.stringify([version, question, ...position]));
      const answer = await raw(service, `${path}?limit=1&cursor=${text.toString('base64url')}`);
      t.true(answer.status < 500, `${path} ${JSON.stringify(position)}: ${answer.body}`);
    }
  }
});

test('values at the edges of their types are no server error', async (t) => {
  const deep = 20_000;
  const nested = `{"id":"d","timestamp":"2024-04-27T12:00:00Z","data":${'['.repeat(deep)}${']'.repeat(deep)}}`;
  const rows: [path: string, options?: RawOptions][] = [
    ['/v1/streams/typed/events?real=-9223372036854776833'],
    ['/v1/streams/typed/events?real=1e308'],
    ['/v1/streams/typed/events?whole=9007199254740991'],
    ['/v1/streams/typed/events?day=1900-01-01'],
    ['/v1/streams/typed/events?text=%00'],
    ['/v1/streams/typed/windows?from=1900-01-01T00:00:00Z&to=2200-12-31T23:59:59.999999Z'],
    ['/v1/streams/typed/windows?from=2200-12-31T00:00:00Z'],
    ['/v1/streams/typed/windows?to=1900-01-01T00:00:00Z'],
    ['/v1/streams/events/events', post(nested)],
  ];
  for (const [path, options] of rows) {
    const answer = await raw(service, path, options);
    t.true(answer.status < 300, `${path}: ${answer.body}`);
  }
});
