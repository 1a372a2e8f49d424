/** Where pages lead: the console where people reach it, Cloud Trace where traces go there, and nothing that is made up. */
import test from 'ava';
import { incidentLinks, traceUrl } from '../../cli/page-links.ts';

const LAPTOP = {
  GOOGLE_CLOUD_PROJECT: 'highwater-local',
  HIGHWATER_HOST: '127.0.0.1',
  HIGHWATER_PUBLIC_URL: '',
  METRICS_SOURCE: 'local',
  PORT: 8080,
  TELEMETRY_EXPORTER: 'none',
} as const;
const CLOUD = {
  ...LAPTOP,
  GOOGLE_CLOUD_PROJECT: 'example.com:shop',
  HIGHWATER_HOST: '0.0.0.0',
  METRICS_SOURCE: 'google',
  TELEMETRY_EXPORTER: 'google',
} as const;
const PUBLIC = 'https://highwater.example.com/';
const TRACE = '5e2ae1b5c0f24d5f9a0d3c5b7a1f2e3d';
const SPAN = '00f067aa0ba902b7';
const INCIDENT = 'api-latency@2026-11-26T09:44:26.634Z';
const PAGE = '/console/incidents/api-latency%402026-11-26T09%3A44%3A26.634Z';

const EXPLORER = `https://console.cloud.google.com/traces/explorer;traceId=${TRACE};spanId=${SPAN}?project=example.com%3Ashop`;

for (const [what, config, trace, dashboard] of [
  [
    'a laptop',
    LAPTOP,
    `http://127.0.0.1:8080/console/traces/${TRACE}`,
    `http://127.0.0.1:8080${PAGE}`,
  ],
  [
    'IPv6',
    { ...LAPTOP, HIGHWATER_HOST: '::1' },
    `http://[::1]:8080/console/traces/${TRACE}`,
    `http://[::1]:8080${PAGE}`,
  ],
  ['a port that is not known', { ...LAPTOP, PORT: 0 }, undefined, undefined],
  ['an address that is nobody’s', { ...LAPTOP, HIGHWATER_HOST: '0.0.0.0' }, undefined, undefined],
  [
    'a public address',
    { ...LAPTOP, HIGHWATER_HOST: '0.0.0.0', HIGHWATER_PUBLIC_URL: PUBLIC },
    `https://highwater.example.com/console/traces/${TRACE}`,
    `https://highwater.example.com${PAGE}`,
  ],
  [
    'Google Cloud',
    { ...CLOUD, HIGHWATER_PUBLIC_URL: PUBLIC },
    EXPLORER,
    `https://highwater.example.com${PAGE}`,
  ],
  [
    'Google Cloud without a public address',
    CLOUD,
    EXPLORER,
    'https://console.cloud.google.com/monitoring/dashboards?project=example.com%3Ashop',
  ],
] as const) {
  test(`links of ${what}`, (t) => {
    t.is(traceUrl(config, TRACE, SPAN), trace);
    const url = traceUrl(config, TRACE, SPAN);
    const example = { traceId: TRACE, spanId: SPAN, value: 1, atMs: 0, ...(url ? { url } : {}) };
    const links = incidentLinks(config, INCIDENT, example);
    t.is(links.dashboard, dashboard);
    t.is(links.trace, trace);
    t.is(links.playbook, dashboard?.endsWith(PAGE) ? `${dashboard}#playbook` : undefined);
    t.is(incidentLinks(config, INCIDENT, undefined).trace, undefined, 'no example, no link');
    for (const each of Object.values(links)) t.true(URL.canParse(each ?? ''), each);
  });
}
