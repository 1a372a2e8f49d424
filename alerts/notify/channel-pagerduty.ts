/** PagerDuty by its Events API v2 over HTTPS. */
import { z } from 'zod';
import { parseJson } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { Channel } from './channel.ts';
import { hider } from './hidden-secrets.ts';
import { post } from './http-post.ts';
import { pagerDutyEvent } from './pagerduty-event.ts';

export interface PagerDutyOptions {
  readonly routingKey: string;
  /** `https://events.pagerduty.com`, or `https://events.eu.pagerduty.com` for accounts in the EU. */
  readonly baseUrl: string;
  readonly clock: Clock;
}

const TAKEN = z.object({ status: z.literal('success') });

/** 400 is for good, 429 and 5xx are tried again. Source: PagerDuty, Events API v2, "Response Codes & Retry Logic". */
export function pagerDutyChannel({ routingKey, baseUrl, clock }: PagerDutyOptions): Channel {
  const url = new URL('/v2/enqueue', baseUrl).href;
  const hide = hider([routingKey]);
  return {
    id: 'pagerduty',
    kind: 'pagerduty',
    send: (notification, signal) =>
      post({
        url,
        headers: {},
        body: JSON.stringify(pagerDutyEvent(notification, routingKey)),
        clock,
        signal,
        hide,
        // A login page of some proxy is a 200 too; a repeat changes nothing, so asking again is safe.
        isTaken: (status, text) => status === 202 && TAKEN.safeParse(parseJson(text)).success,
      }),
  };
}
