/** Transactions by number: the n-th is always the same, so that what was stored can be asked for again. */
import type { Row, Stream } from '../streams/index.ts';
import { formatTimestamp } from '../streams/index.ts';

const CATEGORIES = ['grocery', 'travel', 'fuel', 'dining', 'media', 'clothing', 'health', 'home'];
const MERCHANT_COUNT = 200;
const CUSTOMER_COUNT = 50_000;

/** The id of the n-th transaction: 128 scattered bits, as ids of real producers are, so that no index gets them in order. */
export function transactionId(n: number): string {
  const hex = [1, 2, 3, 4].map((salt) => mix(n, salt).toString(16).padStart(8, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The n-th transaction as a producer sends it. */
export function transaction(n: number, eventTimeMicros: number): Record<string, string | number> {
  const merchant = mix(n, 5) % MERCHANT_COUNT;
  return {
    transaction_id: transactionId(n),
    timestamp: formatTimestamp(eventTimeMicros),
    amount: 1 + (mix(n, 6) % 50_000) / 100,
    currency: 'EUR',
    merchant: `merchant ${merchant}`,
    category: CATEGORIES[merchant % CATEGORIES.length]!,
    customer_id: `C${mix(n, 7) % CUSTOMER_COUNT}`,
  };
}

/** The same as the row that validation would make of it. */
export function transactionRow(stream: Stream, n: number, eventTimeMicros: number): Row {
  const event = transaction(n, eventTimeMicros);
  return stream.columns.map(({ name, type }) =>
    type === 'TIMESTAMP' ? eventTimeMicros : (event[name] ?? null),
  );
}

/** 32 well mixed bits of `n` and `salt` (the finaliser of MurmurHash3). */
function mix(n: number, salt: number): number {
  let bits = (Math.imul(n, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b)) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
