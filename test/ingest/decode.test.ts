import { gzipSync } from 'node:zlib';
import test from 'ava';
import type { RefusalCode } from '../../streams/index.ts';
import { decode } from '../../ingest/decode.ts';

const BYTES_MAX = 1_000;
const bytes = (text: string) => Buffer.from(text);
const gzip = { 'content-encoding': 'gzip' };

const good: [string, Buffer, Record<string, string>, unknown][] = [
  ['plain JSON', bytes('{"id":"1"}'), {}, { id: '1' }],
  ['JSON with white space around it', bytes(' {"id":"1"}\n'), {}, { id: '1' }],
  ['an identity encoding', bytes('{"id":"1"}'), { 'content-encoding': 'identity' }, { id: '1' }],
  ['gzip', gzipSync('{"id":"1"}'), gzip, { id: '1' }],
  ['GZIP in capitals', gzipSync('[]'), { 'content-encoding': 'GZIP' }, []],
  ['text beyond ASCII', bytes('{"id":"Zürich ✈ 😀"}'), {}, { id: 'Zürich ✈ 😀' }],
  ['a payload of exactly the largest size', bytes(`"${'a'.repeat(998)}"`), {}, 'a'.repeat(998)],
];
for (const [title, data, attributes, event] of good) {
  test(`${title} is decoded`, (t) => {
    const decoded = decode(data, attributes, BYTES_MAX);
    t.true(decoded.ok);
    t.deepEqual(decoded.ok && decoded.event, event);
  });
}

const bad: [string, Buffer, Record<string, string>, RefusalCode, RegExp][] = [
  ['an empty payload', bytes(''), {}, 'not_json', /empty payload/],
  ['text that is not JSON', bytes('hello'), {}, 'not_json', /got hello/],
  ['JSON that is cut off', bytes('{"id":'), {}, 'not_json', /got \{"id":/],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), {}, 'bad_encoding', /UTF-8/],
  ['an unknown encoding', bytes('{}'), { 'content-encoding': 'br' }, 'bad_encoding', /got br/],
  ['an encoding of gzip on plain bytes', bytes('{}'), gzip, 'bad_encoding', /gzip stream/],
  ['gzip that is cut off', gzipSync('{"id":"1"}').subarray(0, 15), gzip, 'bad_encoding', /gzip/],
  [
    'gzip of bytes that are not UTF-8',
    gzipSync(Buffer.from([0xff])),
    gzip,
    'bad_encoding',
    /UTF-8/,
  ],
  ['a payload that is one byte too large', bytes('1'.repeat(1_001)), {}, 'too_large', /got 1001/],
  ['gzip that unpacks to too much', gzipSync('1'.repeat(1_001)), gzip, 'too_large', /unpacked/],
];
for (const [title, data, attributes, code, reason] of bad) {
  test(`${title} is refused as ${code}`, (t) => {
    const decoded = decode(data, attributes, BYTES_MAX);
    t.false(decoded.ok);
    if (decoded.ok) return;
    t.is(decoded.refusal.code, code);
    t.regex(decoded.refusal.reason, reason);
    t.true(decoded.refusal.reason.length < 300);
  });
}

test('a gzip bomb is refused without being unpacked', (t) => {
  const bomb = gzipSync(Buffer.alloc(256 * 2 ** 20));
  const before = process.memoryUsage();
  const decoded = decode(bomb, gzip, 2 ** 20);
  const after = process.memoryUsage();
  t.is(!decoded.ok && decoded.refusal.code, 'too_large');
  t.true(after.rss - before.rss < 64 * 2 ** 20);
});
