/** Which traces are kept by their share alone: decided from trace ids, so that every process decides the same. */
import { SamplingDecision, trace, TraceFlags } from '@opentelemetry/api';
import type { Attributes, Context, Link, SpanContext, SpanKind } from '@opentelemetry/api';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';

/** Hexadecimal digits at the end of a trace id that are looked at: 32 random bits. Source: W3C trace context, level 2. */
const DIGITS = 8;
const RANGE = 2 ** 32;

/**
 * Never asks the flag of a parent from elsewhere: Cloud Run sets it on 0.1 requests a second, whatever a service wants. A span
 * below another of this process is kept with it; a root that links to a kept trace is kept too, so that a message's trace leads
 * to the commit of its batch. Traces beyond the share are recorded all the same, so that one with an error or a slow span can
 * still be kept when it is over.
 */
export class ShareSampler implements Sampler {
  readonly #limit: number;
  readonly #share: number;

  /** `share` from 0 to 1. */
  constructor(share: number) {
    this.#share = share;
    this.#limit = Math.round(share * RANGE);
  }

  shouldSample(
    context: Context,
    traceId: string,
    _name: string,
    _kind: SpanKind,
    _attributes: Attributes,
    links: readonly Link[],
  ): SamplingResult {
    const above = trace.getSpanContext(context);
    const isKept =
      this.#isInShare(traceId) ||
      (above ? isKeptHere(above) : links.some((link) => this.#isInShare(link.context.traceId)));
    return { decision: isKept ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD };
  }

  toString(): string {
    return `ShareSampler{${this.#share}}`;
  }

  #isInShare(traceId: string): boolean {
    return Number.parseInt(traceId.slice(-DIGITS), 16) < this.#limit;
  }
}

/** Whether a span above is of this process and kept. */
function isKeptHere({ isRemote, traceFlags }: SpanContext): boolean {
  return isRemote !== true && (traceFlags & TraceFlags.SAMPLED) !== 0;
}
