/** Rate limits as headers. Source: draft-ietf-httpapi-ratelimit-headers-10, `RateLimit` and `RateLimit-Policy`. */
import type { Allowance, RateLimit } from './rate-limit.ts';

/** `"minute";q=100;w=60`: 100 requests in 60 seconds. */
export function policyHeader(limits: readonly RateLimit[]): string {
  return limits
    .map(({ name, requestsMax, windowMs }) => `"${name}";q=${requestsMax};w=${seconds(windowMs)}`)
    .join(', ');
}

/** `"minute";r=99;t=1`: 99 requests left, and all of them again in a second. */
export function limitHeader(
  left: readonly { readonly limit: RateLimit; readonly allowance: Allowance }[],
): string {
  return left
    .map(
      ({ limit, allowance }) =>
        `"${limit.name}";r=${allowance.leftCount};t=${seconds(allowance.fullAfterMs)}`,
    )
    .join(', ');
}

/** Whole seconds, never too few: who comes back then is let in. */
export function seconds(durationMs: number): number {
  return Math.ceil(durationMs / 1_000);
}
