import { gzipSync } from 'node:zlib';
import test from 'ava';
import { openRig, payment, PAYMENTS, settled } from './helpers/rig.ts';
import { randomOf } from './helpers/random.ts';
import type { Random } from './helpers/random.ts';
import { eventually } from '../helpers/highwater-process.ts';

const BAD_COUNT = process.env['HIGHWATER_TEST_FULL'] === '1' ? 100_000 : 1_000;
const GOOD_COUNT = BAD_COUNT / 10;
const WAVE = 1_000;

type Payload = readonly [Buffer, Record<string, string>];
const json = (value: unknown): Payload => [Buffer.from(JSON.stringify(value)), {}];

/** Each makes a payload that is bad whatever the random choices are. */
const MUTATIONS: readonly ((random: Random, index: number) => Payload)[] = [
  (random, index) => {
    const whole = Buffer.from(JSON.stringify(payment(index)));
    return [whole.subarray(0, random.below(whole.length)), {}];
  },
  (random) => [Buffer.from([0xc0 + random.below(2), ...random.bytes(random.below(200))]), {}],
  (random, index) => {
    const { [random.pick(['payment_id', 'timestamp', 'amount'] as const)]: _gone, ...rest } =
      payment(index);
    return json(rest);
  },
  (random, index) => json(payment(index, { [`unknown_${random.below(1_000)}`]: random.below(10) })),
  (random, index) => json(payment(index, { amount: -random.below(1_000) })),
  (random, index) => json(payment(index, { amount: random.pick(['1', null, true, [], {}, [1]]) })),
  (random, index) => json(payment(index, { payment_id: random.pick([1, null, false, [], {}]) })),
  (random, index) => json(payment(index, { payment_id: 'x'.repeat(65 + random.below(1_000)) })),
  (random, index) =>
    json(
      payment(index, {
        timestamp: random.pick(['', 'now', '2024-13-01T00:00:00Z', '2024-04-27', 12, null, {}]),
      }),
    ),
  (random, index) =>
    json(payment(index, { timestamp: `${2_090 + random.below(9)}-01-01T00:00:00Z` })),
  (random) => json(random.pick([null, 1, 'text', true, [], [{}], [payment(1)]])),
  (random, index) => [
    Buffer.from(JSON.stringify(payment(index))),
    { 'content-encoding': random.pick(['br', 'deflate', 'gzip', 'zstd', '\u0000', 'gzip, gzip']) },
  ],
  (random) => [
    gzipSync(Buffer.alloc(100_001 + random.below(100_000))),
    { 'content-encoding': 'gzip' },
  ],
  (random, index) => {
    const packed = gzipSync(JSON.stringify(payment(index)));
    return [packed.subarray(0, random.below(packed.length)), { 'content-encoding': 'gzip' }];
  },
  (random) => [Buffer.from('['.repeat(1 + random.below(50_000))), {}],
  (random, index) => {
    const depth = 12_000 + random.below(20_000);
    const text = JSON.stringify(payment(index)).slice(0, -1);
    return [Buffer.from(`${text},"extra":${'['.repeat(depth)}${']'.repeat(depth)}}`), {}];
  },
  (random, index) => [
    Buffer.from(
      `{"__proto__":{"amount":${random.below(9)}},${JSON.stringify(payment(index)).slice(1)}`,
    ),
    {},
  ],
  (random, index) => json(payment(index, { note: 'n'.repeat(1_001 + random.below(5_000)) })),
  (_random, index) => [
    Buffer.from(JSON.stringify(payment(index)).replace(/"amount":\d+/, '"amount":1e999')),
    {},
  ],
];

test('every bad payload is quarantined with a reason, and no good row is lost', async (t) => {
  t.timeout(1_200_000);
  const seed = 20_240_427;
  const random = randomOf(seed);
  const rig = await openRig();
  t.teardown(() => rig.stop());
  const ingest = await rig.start({ limits: { batchRowsMax: 500 } });
  const mutationOf = new Map<string, number>();
  let goodCount = 0;
  let receivedCount = 0;
  for (let from = 0; from < BAD_COUNT; from += WAVE) {
    const sent: Promise<unknown>[] = [];
    for (let index = from; index < Math.min(from + WAVE, BAD_COUNT); index += 1) {
      const mutation = index % MUTATIONS.length;
      const [data, attributes] = MUTATIONS[mutation]!(random, index);
      mutationOf.set(String(index), mutation);
      sent.push(rig.publishBytes(data, { ...attributes, case: String(index) }));
      if (index % 10 === 0) {
        sent.push(rig.publish([payment(1_000_000 + index)]));
        goodCount += 1;
      }
    }
    await Promise.all(sent);
    receivedCount += sent.length;
    await eventually(
      `wave ${from} dealt with (seed ${seed})`,
      () => settled(ingest, receivedCount),
      120_000,
    );
  }
  t.is(goodCount, GOOD_COUNT);
  t.is(await rig.warehouse.rowCount(PAYMENTS), GOOD_COUNT);
  let afterId: string | undefined;
  for (;;) {
    const page = await rig.warehouse.quarantined(PAYMENTS.name, {
      limit: 1_000,
      ...(afterId === undefined ? {} : { afterId }),
    });
    for (const { attributes, reason, reasonCode } of page) {
      if (reason === '' || reasonCode === '') t.fail(`no reason for case ${attributes['case']}`);
      mutationOf.delete(attributes['case']!);
    }
    afterId = page.at(-1)?.quarantineId;
    if (page.length < 1_000) break;
  }
  t.deepEqual([...mutationOf].slice(0, 10), [], `not quarantined, seed ${seed}`);
  t.is(await rig.warehouse.quarantineCount(PAYMENTS.name), BAD_COUNT);
});
