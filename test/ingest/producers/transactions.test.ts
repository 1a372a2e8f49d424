import test from 'ava';
import { gunzipSync } from 'node:zlib';
import type { GeneratedMessage } from '../../../ingest/producers/index.ts';
import {
  MALFORMED_KINDS,
  seededRandom,
  transactionGenerator,
} from '../../../ingest/producers/index.ts';
import { compileValidator, loadStreams } from '../../../streams/index.ts';

const START_MS = Date.UTC(2024, 3, 27, 12);
const stream = loadStreams('streams').find(({ name }) => name === 'transactions')!;
const validate = compileValidator(stream);

function generate(
  count: number,
  options: Partial<Parameters<typeof transactionGenerator>[0]> = {},
) {
  const next = transactionGenerator({ seed: '1', startAtMs: START_MS, ...options });
  return Array.from({ length: count }, (_, index) => next(START_MS + index));
}

function amountOf(message?: GeneratedMessage): number {
  return JSON.parse(String(message?.data)).amount;
}

function verdict({ data, attributes }: GeneratedMessage): string {
  try {
    const bytes = attributes['content-encoding'] === 'gzip' ? gunzipSync(data) : data;
    const result = validate(JSON.parse(bytes.toString()), START_MS);
    return result.ok ? 'ok' : result.problems[0].code;
  } catch (error) {
    return error instanceof SyntaxError ? 'not_json' : 'bad_encoding';
  }
}

test('The same seed and start give the same messages, byte for byte.', (t) => {
  const shares = { malformedRatio: 0.2, duplicateRatio: 0.1, lateRatio: 0.1 };
  t.deepEqual(generate(500, shares), generate(500, shares));
});

test('Another start brings new ids and the same amounts; another seed brings both.', (t) => {
  const [first] = generate(1);
  const [later] = generate(1, { startAtMs: START_MS + 1 });
  const [other] = generate(1, { seed: '2' });
  t.not(first?.eventId, later?.eventId);
  t.is(amountOf(first), amountOf(later));
  t.not(first?.eventId, other?.eventId);
  t.not(amountOf(first), amountOf(other));
});

test('Good and late messages pass the stream, with unique ids and two decimals.', (t) => {
  const messages = generate(5_000, { lateRatio: 0.2 });
  t.deepEqual([...new Set(messages.map(verdict))], ['ok']);
  t.is(new Set(messages.map(({ eventId }) => eventId)).size, messages.length);
  for (const { data, eventId } of messages) {
    const { transaction_id, amount } = JSON.parse(data.toString());
    t.is(transaction_id, eventId);
    t.regex(eventId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    t.true(amount > 0 && Math.abs(amount * 100 - Math.round(amount * 100)) < 1e-6);
  }
});

test('Late messages are one minute to six hours old.', (t) => {
  const ages = generate(1_000, { lateRatio: 1 }).map(
    ({ data }, index) => START_MS + index - Date.parse(JSON.parse(data.toString()).timestamp),
  );
  t.true(Math.min(...ages) >= 60_000);
  t.true(Math.max(...ages) <= 6 * 3_600_000);
});

test('Every malformed kind comes up and is refused for its own reason.', (t) => {
  const codes = new Map<string, Set<string>>();
  for (const message of generate(2_000, { malformedRatio: 1 })) {
    const kind = message.malformedKind ?? 'none';
    codes.set(kind, (codes.get(kind) ?? new Set()).add(verdict(message)));
  }
  t.deepEqual([...codes.keys()].toSorted(), [...MALFORMED_KINDS].toSorted());
  const expected: Record<string, string[]> = {
    not_json: ['not_json'],
    empty_object: ['missing_field'],
    array: ['not_an_object'],
    missing_field: ['missing_field'],
    unknown_field: ['unknown_field'],
    amount_zero: ['out_of_range'],
    amount_negative: ['out_of_range'],
    wrong_type: ['wrong_type'],
    future_timestamp: ['future_timestamp'],
    bad_gzip: ['bad_encoding'],
  };
  for (const [kind, found] of codes) t.deepEqual([...found], expected[kind], kind);
});

test('The shares come out as asked, and a duplicate is an earlier message byte for byte.', (t) => {
  const messages = generate(20_000, { malformedRatio: 0.1, duplicateRatio: 0.2, lateRatio: 0.05 });
  const share = (kind: string) =>
    messages.filter((message) => message.kind === kind).length / 20_000;
  t.true(Math.abs(share('malformed') - 0.1) < 0.01);
  t.true(Math.abs(share('duplicate') - 0.2) < 0.01);
  t.true(Math.abs(share('late') - 0.05) < 0.01);
  const sent = new Map<string, Buffer>();
  for (const { kind, eventId, data } of messages) {
    if (kind === 'duplicate') t.deepEqual(sent.get(eventId), data);
    else sent.set(eventId, data);
  }
});

test('With gzip the payload is packed and says so, and malformed ones are refused as before.', (t) => {
  const messages = generate(500, { isGzip: true, malformedRatio: 0.5 });
  for (const message of messages) {
    t.is(message.attributes['content-encoding'], 'gzip');
    t.is(message.attributes.producer, 'highwater-simulator');
    t.is(verdict(message) === 'ok', message.kind === 'good');
  }
});

test('Some minutes are spikes: about one in thirty, at five times the usual.', (t) => {
  const next = transactionGenerator({ seed: '1', startAtMs: START_MS });
  const means = Array.from({ length: 300 }, (_, minute) => {
    const amounts = Array.from({ length: 400 }, () => {
      const { data } = next(START_MS + minute * 60_000);
      return JSON.parse(data.toString()).amount as number;
    });
    return amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length;
  });
  const usual = means.toSorted((a, b) => a - b)[150] ?? 0;
  const spikeCount = means.filter((mean) => mean > 2.5 * usual).length;
  t.true(spikeCount >= 3 && spikeCount <= 25, `${spikeCount} spikes`);
});

test('The seeded numbers are even and stay below one.', (t) => {
  const random = seededRandom('x');
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let index = 0; index < 20_000; index++) tenths[Math.floor(random.next() * 10)]! += 1;
  t.is(tenths.length, 10);
  for (const count of tenths) t.true(Math.abs(count - 2_000) < 200, String(count));
});
