/** Which traces are kept by their share alone: decided from the trace id, so that every process decides the same. */
import { SamplingDecision } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';

/** Hexadecimal digits at the end of a trace id that are looked at: 32 random bits. Source: W3C trace context, level 2. */
const DIGITS = 8;
const RANGE = 2 ** 32;

/**
 * Never asks the parent's flag: Cloud Run sets it on 0.1 requests a second, whatever a service wants. Traces beyond the
 * share are recorded all the same, so that one with an error or a slow span can still be kept when it is over.
 */
export class ShareSampler implements Sampler {
  readonly #limit: number;
  readonly #share: number;

  /** `share` from 0 to 1. */
  constructor(share: number) {
    this.#share = share;
    this.#limit = Math.round(share * RANGE);
  }

  shouldSample(_context: Context, traceId: string): SamplingResult {
    const isKept = Number.parseInt(traceId.slice(-DIGITS), 16) < this.#limit;
    return { decision: isKept ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD };
  }

  toString(): string {
    return `ShareSampler{${this.#share}}`;
  }
}
