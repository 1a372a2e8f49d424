/** A pure generator of transactions as messages: good ones, and in the asked shares malformed, repeated and late ones. */
import { gzipSync } from 'node:zlib';
import { malform } from './malformed.ts';
import type { MalformedKind } from './malformed.ts';
import { MERCHANTS } from './merchants.ts';
import type { OutgoingMessage } from './publish.ts';
import { PRODUCER_ATTRIBUTE } from './publish.ts';
import type { Random } from '../../runtime/index.ts';
import { hash32, seededRandom } from '../../runtime/index.ts';

/** `good`: new and in time. `duplicate`: an earlier one again, byte for byte. `late`: new, of minutes to hours ago. */
export const EVENT_KINDS = ['good', 'malformed', 'duplicate', 'late'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** A transaction as it stands in the message, in the columns of `streams/transactions.yaml`. */
export interface Transaction {
  readonly transaction_id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly timestamp: string;
  /** Above 0, two decimals. */
  readonly amount: number;
  readonly currency: string;
  readonly merchant: string;
  readonly category: string;
  readonly customer_id: string;
}

export interface GeneratedMessage extends OutgoingMessage {
  readonly kind: EventKind;
  readonly malformedKind?: MalformedKind;
  /** The event id that a consumer should store; of a malformed message the id that it would have had. */
  readonly eventId: string;
}

export interface TransactionGeneratorOptions {
  readonly seed: string;
  /** Goes into the ids beside the seed, so that a second run with the same seed brings new events, not duplicates. */
  readonly startAtMs: number;
  /** Shares of all messages, 0 to 1; their sum at most 1. Default 0. */
  readonly malformedRatio?: number;
  readonly duplicateRatio?: number;
  readonly lateRatio?: number;
  /** Packs the payload, with the attribute `content-encoding: gzip`. */
  readonly isGzip?: boolean;
}

/** Makes the next message as of `nowMs`. The same options and the same instants give the same messages. */
export type TransactionGenerator = (nowMs: number) => GeneratedMessage;

/** Messages that a duplicate is chosen from. */
const RECENT_MAX = 256;
const LATE_MIN_MS = 60_000;
const LATE_MAX_MS = 6 * 3_600_000;
const CUSTOMER_COUNT = 5_000;
const CURRENCIES = ['EUR', 'EUR', 'EUR', 'EUR', 'USD', 'USD', 'USD', 'GBP', 'CHF', 'SEK'] as const;
/** One minute in so many has amounts so many times the usual: something for the spike detection to find. */
const SPIKE_ONE_MINUTE_IN = 30;
const SPIKE_FACTOR = 5;
/** Standard deviation of the logarithm of amounts: two thirds lie between half and twice the median. */
const AMOUNT_SIGMA = 0.7;

/** A generator of its own state; publishes nothing and reads no clock. */
export function transactionGenerator(options: TransactionGeneratorOptions): TransactionGenerator {
  const { seed, malformedRatio = 0, duplicateRatio = 0, lateRatio = 0, isGzip = false } = options;
  const values = seededRandom(seed);
  const ids = seededRandom(`${seed}@${options.startAtMs}`);
  const recent: GeneratedMessage[] = [];
  let rememberedCount = 0;

  const fresh = (kind: EventKind, atMs: number): GeneratedMessage => {
    const transaction = makeTransaction(values, ids, atMs, spikeFactor(seed, atMs));
    const message = {
      kind,
      eventId: transaction.transaction_id,
      ...pack(JSON.stringify(transaction), isGzip),
    };
    recent[rememberedCount++ % RECENT_MAX] = message;
    return message;
  };

  return (nowMs) => {
    const share = values.next();
    if (share < malformedRatio) {
      const transaction = makeTransaction(values, ids, nowMs, 1);
      const { payload, attributes, malformedKind } = malform(transaction, values, nowMs);
      const packed = attributes
        ? { data: payload, attributes: { [PRODUCER_ATTRIBUTE]: PRODUCER, ...attributes } }
        : pack(payload, isGzip);
      return { kind: 'malformed', malformedKind, eventId: transaction.transaction_id, ...packed };
    }
    if (share < malformedRatio + duplicateRatio && recent.length > 0) {
      const again = recent[values.integer(recent.length)];
      if (again) return { ...again, kind: 'duplicate' };
    }
    const isLate = share >= 1 - lateRatio;
    return isLate ? fresh('late', nowMs - latenessMs(values)) : fresh('good', nowMs);
  };
}

const PRODUCER = 'highwater-simulator';

function makeTransaction(
  values: Random,
  ids: Random,
  atMs: number,
  amountFactor: number,
): Transaction {
  const merchant = MERCHANTS[values.integer(MERCHANTS.length)]!;
  const amount = merchant.medianAmount * amountFactor * Math.exp(AMOUNT_SIGMA * values.normal());
  return {
    transaction_id: ids.uuid(),
    timestamp: new Date(atMs).toISOString(),
    amount: Math.max(0.01, Math.round(amount * 100) / 100),
    currency: values.pick(CURRENCIES),
    merchant: merchant.name,
    category: merchant.category,
    customer_id: `C${String(values.integer(CUSTOMER_COUNT)).padStart(5, '0')}`,
  };
}

function spikeFactor(seed: string, atMs: number): number {
  const minute = Math.floor(atMs / 60_000);
  return hash32(`${seed}/spike/${minute}`) % SPIKE_ONE_MINUTE_IN === 0 ? SPIKE_FACTOR : 1;
}

/** Spread evenly over the logarithm: as many between 1 and 2 minutes as between 3 and 6 hours. */
function latenessMs(values: Random): number {
  return Math.round(LATE_MIN_MS * (LATE_MAX_MS / LATE_MIN_MS) ** values.next());
}

function pack(payload: Buffer | string, isGzip: boolean): OutgoingMessage {
  const data = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return isGzip
    ? {
        data: gzipSync(data),
        attributes: { [PRODUCER_ATTRIBUTE]: PRODUCER, 'content-encoding': 'gzip' },
      }
    : { data, attributes: { [PRODUCER_ATTRIBUTE]: PRODUCER } };
}
