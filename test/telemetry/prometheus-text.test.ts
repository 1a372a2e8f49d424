/** The page of `/metrics`: what a scraper asked for, escaped as the formats want it, and read back as it was. */
import test from 'ava';
import { metricsText, parseMetricsText } from '../../telemetry/index.ts';
import type { MetricFamily } from '../../telemetry/index.ts';
import { formatFor } from '../../telemetry/prometheus-text.ts';
import { histogramSamples } from '../../telemetry/sample.ts';

const OPENMETRICS = 'application/openmetrics-text';

for (const [accept, format] of [
  [undefined, 'prometheus'],
  ['', 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/plain; version=0.0.4', 'prometheus'],
  [OPENMETRICS, 'openmetrics'],
  // What Prometheus 2.42 sends.
  [
    `${OPENMETRICS};version=1.0.0,${OPENMETRICS};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`,
    'openmetrics',
  ],
  [`text/plain, ${OPENMETRICS};q=0.2`, 'openmetrics'],
  [`${OPENMETRICS};q=0`, 'prometheus'],
  [`${OPENMETRICS}; q=0.000, text/plain`, 'prometheus'],
  [`${OPENMETRICS};q=0.01`, 'openmetrics'],
] as const) {
  test(`Accept: ${accept ?? 'nothing'} gets ${format}`, (t) => {
    t.is(formatFor(accept), format);
  });
}

const COUNTER: MetricFamily = {
  name: 'events_total',
  kind: 'counter',
  help: 'Events, "all" of them.\nC:\\ too.',
  samples: [{ name: 'events_total', labels: { path: 'C:\\a\n"b"', empty: '' }, value: 1e21 }],
};

test('texts of helps and labels are escaped as each format has it; a counter is named as each format has it', (t) => {
  t.is(
    metricsText([COUNTER], 'prometheus'),
    '# HELP events_total Events, "all" of them.\\nC:\\\\ too.\n' +
      '# TYPE events_total counter\n' +
      'events_total{path="C:\\\\a\\n\\"b\\"",empty=""} 1e+21\n',
  );
  t.is(
    metricsText([COUNTER], 'openmetrics'),
    '# HELP events Events, \\"all\\" of them.\\nC:\\\\ too.\n' +
      '# TYPE events counter\n' +
      'events_total{path="C:\\\\a\\n\\"b\\"",empty=""} 1e+21\n' +
      '# EOF\n',
  );
});

const exemplar = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  value: 0.7,
  atMs: 1_500_000_000_123,
};
const HISTOGRAM: MetricFamily = {
  name: 'took_seconds',
  kind: 'histogram',
  help: 'Time.',
  samples: histogramSamples(
    'took_seconds',
    { route: '/a' },
    { bounds: [0.5, 1], counts: [2, 3, 4], sum: 9.25 },
    [undefined, exemplar],
  ),
};

const lines = (text: string) => text.split('\n').filter((line) => line.startsWith('took'));

test('a histogram is cumulative, with exemplars for OpenMetrics alone, and the same bounds in both', (t) => {
  const bare = [
    'took_seconds_bucket{route="/a",le="0.5"} 2',
    'took_seconds_bucket{route="/a",le="1"} 5',
    'took_seconds_bucket{route="/a",le="+Inf"} 9',
    'took_seconds_sum{route="/a"} 9.25',
    'took_seconds_count{route="/a"} 9',
  ];
  t.deepEqual(lines(metricsText([HISTOGRAM], 'prometheus')), bare);
  t.deepEqual(
    lines(metricsText([HISTOGRAM], 'openmetrics')),
    bare.with(
      1,
      `${bare[1]} # {trace_id="${exemplar.traceId}",span_id="${exemplar.spanId}"} 0.7 1500000000.123`,
    ),
  );
});

for (const [value, text] of [
  [Number.NaN, 'NaN'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [0, '0'],
  [-0.1, '-0.1'],
  [5e-324, '5e-324'],
  [1_700_000_000.5, '1700000000.5'],
] as const) {
  test(`a value ${value} is written as ${text}, and read back`, (t) => {
    const family = {
      name: 'g',
      kind: 'gauge',
      help: '',
      samples: [{ name: 'g', labels: {}, value }],
    } as const;
    for (const format of ['prometheus', 'openmetrics'] as const) {
      const page = metricsText([family], format);
      t.true(page.includes(`\ng ${text}\n`), page);
      t.is(parseMetricsText(page)[0]?.value, value);
    }
  });
}

test('a page is read back as it was, in both formats', (t) => {
  const families = [COUNTER, HISTOGRAM];
  const samples = families.flatMap((family) => family.samples);
  for (const format of ['prometheus', 'openmetrics'] as const) {
    t.deepEqual(
      parseMetricsText(metricsText(families, format)),
      samples.map(({ name, labels, value }) => ({ name, labels, value, kind: 'counter' as const })),
    );
  }
});
