/** Which requests are those of users. */
import type { Matcher } from './signal.ts';

/** All but the routes of probes, and the requests of the canary: no user sends them. In definitions it is written `$users`. */
export const USER_REQUESTS: Matcher = {
  label: 'http_route',
  op: '!~',
  value: '/healthz|/readyz|/metrics|/v1/streams/canary/.*',
};
