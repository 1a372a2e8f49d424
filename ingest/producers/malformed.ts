/** The ways in which a producer gets a transaction wrong, each of which ingest must refuse with a reason. */
import type { Random } from '../../runtime/index.ts';
import type { Transaction } from './transactions.ts';

export const MALFORMED_KINDS = [
  'not_json',
  'empty_object',
  'array',
  'missing_field',
  'unknown_field',
  'amount_zero',
  'amount_negative',
  'wrong_type',
  'future_timestamp',
  'bad_gzip',
] as const;
export type MalformedKind = (typeof MALFORMED_KINDS)[number];

export interface Malformed {
  readonly malformedKind: MalformedKind;
  readonly payload: Buffer;
  /** Given where the encoding itself is at fault: the payload then stays as it is. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Beyond any stream's tolerance of clocks that run ahead. */
const FUTURE_MS = 24 * 3_600_000;
const REQUIRED_FIELDS = ['transaction_id', 'timestamp', 'amount'] as const;

/** Spoils `transaction` in one way, chosen by `random`. */
export function malform(transaction: Transaction, random: Random, nowMs: number): Malformed {
  const malformedKind = random.pick(MALFORMED_KINDS);
  const text = JSON.stringify(transaction);
  const json = (value: unknown) => ({ malformedKind, payload: Buffer.from(JSON.stringify(value)) });
  switch (malformedKind) {
    case 'not_json':
      return { malformedKind, payload: Buffer.from(text.slice(0, text.length / 2)) };
    case 'empty_object':
      return json({});
    case 'array':
      return json([transaction]);
    case 'missing_field':
      return json({ ...transaction, [random.pick(REQUIRED_FIELDS)]: undefined });
    case 'unknown_field':
      return json({ ...transaction, coupon: 'SPRING' });
    case 'amount_zero':
      return json({ ...transaction, amount: 0 });
    case 'amount_negative':
      return json({ ...transaction, amount: -transaction.amount });
    case 'wrong_type':
      return json({ ...transaction, amount: `${transaction.amount} ${transaction.currency}` });
    case 'future_timestamp':
      return json({ ...transaction, timestamp: new Date(nowMs + FUTURE_MS).toISOString() });
    case 'bad_gzip':
      break;
  }
  const attributes = { 'content-encoding': 'gzip' };
  return { malformedKind, payload: Buffer.from(text), attributes };
}
