/** How often a caller may ask, and how often an address may fail to prove who it is. */
import { isIP } from 'node:net';
import type { Request, Response } from 'express';
import { ServiceError } from '../problem.ts';
import { limitHeader, policyHeader, seconds } from './rate-headers.ts';
import { RateLimiter } from './rate-limit.ts';

export interface RequestLimitOptions {
  readonly requestsPerMinute: number;
  readonly requestsPerDay: number;
  /** Proxies in front that each add the address they were called from to `X-Forwarded-For`; 0: none is believed. */
  readonly proxyHops: number;
}

/** A person who mistypes, or a deployment with an old key, stays below; one try in 10 s goes on after that. */
export const FAILURES_MAX = 30;
const FAILURES_WINDOW_MS = 300_000;
const DAY_MS = 86_400_000;

export class RequestLimits {
  readonly #limiters: readonly RateLimiter[];
  readonly #policy: string;
  readonly #failures = new RateLimiter({
    name: 'failures',
    requestsMax: FAILURES_MAX,
    windowMs: FAILURES_WINDOW_MS,
  });
  readonly #proxyHops: number;

  constructor({ requestsPerMinute, requestsPerDay, proxyHops }: RequestLimitOptions) {
    this.#limiters = [
      new RateLimiter({ name: 'minute', requestsMax: requestsPerMinute, windowMs: 60_000 }),
      new RateLimiter({ name: 'day', requestsMax: requestsPerDay, windowMs: DAY_MS }),
    ];
    this.#policy = policyHeader(this.#limiters.map(({ limit }) => limit));
    this.#proxyHops = proxyHops;
  }

  /**
   * Counts a request of a caller, and says on the answer what is left.
   * @throws ServiceError `too_many_requests` where one of the limits is used up; it then counts against none.
   */
  admit(principalId: string, response: Response, nowMs: number): void {
    const looks = this.#limiters.map((each) => each.look(principalId, nowMs));
    const isAllowed = looks.every((each) => each.isAllowed);
    const left = this.#limiters.map((limiter, index) => ({
      limit: limiter.limit,
      allowance: isAllowed ? limiter.take(principalId, nowMs) : looks[index]!,
    }));
    response.setHeader('RateLimit-Policy', this.#policy);
    response.setHeader('RateLimit', limitHeader(left));
    if (isAllowed) return;
    const waitSeconds = Math.max(...looks.map((each) => seconds(each.nextAfterMs)));
    throw tooMany(
      `${principalId} has asked more often than it may (${this.#policy}).`,
      waitSeconds,
    );
  }

  /** @throws ServiceError `too_many_requests` where this address has failed too often to be heard at once. */
  checkFailures(request: Request, nowMs: number): void {
    const { isAllowed, nextAfterMs } = this.#failures.look(this.#addressOf(request), nowMs);
    if (isAllowed) return;
    throw tooMany('Too many credentials from here were not valid.', seconds(nextAfterMs));
  }

  noteFailure(request: Request, nowMs: number): void {
    this.#failures.take(this.#addressOf(request), nowMs);
  }

  /** The address that the farthest proxy of ours was called from. What a client writes itself stands before that. */
  #addressOf({ headers, socket }: Request): string {
    const direct = socket.remoteAddress ?? '';
    const forwarded = headers['x-forwarded-for'];
    if (this.#proxyHops === 0 || forwarded === undefined) return direct;
    const address = String(forwarded).split(',').at(-this.#proxyHops)?.trim() ?? '';
    return isIP(address) ? address : direct;
  }
}

function tooMany(message: string, waitSeconds: number): ServiceError {
  return new ServiceError('too_many_requests', message, {
    headers: { 'Retry-After': String(waitSeconds) },
  });
}
