/** Pages of other processes: what Prometheus would read is read, with the kind of each series; the rest is refused by its line. */
import test from 'ava';
import { isAppError, messageOf } from '../../runtime/index.ts';
import { parseMetricsText } from '../../telemetry/index.ts';
import { withTarget } from '../../telemetry/scrape-text.ts';

const one = (line: string) => parseMetricsText(`${line}\n`)[0];

for (const [line, labels, value] of [
  ['up 1', {}, 1],
  ['up{} 1', {}, 1],
  ['up\t1', {}, 1],
  ['up {a="b"} 1', { a: 'b' }, 1],
  ['up{a="b"} 1 1395066363000', { a: 'b' }, 1],
  ['up{a="b",} 1', { a: 'b' }, 1],
  ['up{ a = "b" , c = "d" } 1', { a: 'b', c: 'd' }, 1],
  ['up{a="{}, # =\\"x\\\\\\n"} 1', { a: '{}, # ="x\\\n' }, 1],
  ['up{a=""} 1', { a: '' }, 1],
  ['up{a="grüße 時"} 1', { a: 'grüße 時' }, 1],
  ['up -1.5e-3', {}, -0.0015],
  ['up .5', {}, 0.5],
  ['up +Inf', {}, Infinity],
  ['up -inf', {}, -Infinity],
  ['up NaN', {}, Number.NaN],
  ['up{le="1"} 3 # {trace_id="abc"} 0.67 1520879607.789', { le: '1' }, 3],
  ['up{le="1"} 3 1520879607.789 # {trace_id="a b"} 0.67', { le: '1' }, 3],
] as const) {
  test(`read: ${JSON.stringify(line)}`, (t) => {
    t.deepEqual(one(line), { name: 'up', labels, value, kind: 'gauge' });
  });
}

for (const line of [
  '1up 1',
  'up',
  'up{a="b" 1',
  'up{a=b} 1',
  'up{a="b"c="d"} 1',
  'up{a="b",a="c"} 1',
  'up{1a="b"} 1',
  'up 0x10',
  'up 1_000',
  'up one',
  '<html>',
]) {
  test(`refused: ${JSON.stringify(line)}`, (t) => {
    const error = t.throws(() => parseMetricsText(`ok 1\n${line}\nok 2\n`));
    t.true(isAppError(error, 'metrics_unavailable'));
    t.true(messageOf(error).includes(`line 2: expected a sample`), messageOf(error));
  });
}

test('kinds go by the type of the family; without one, by the name', (t) => {
  const kinds = parseMetricsText(`# TYPE a counter
a 1
# TYPE b_total counter
b_total 1
# TYPE c counter
c_total 1
c_created 1
# TYPE d histogram
d_bucket{le="+Inf"} 1
d_sum 1
d_count 1
# TYPE e summary
e{quantile="0.5"} 1
e_count 1
# TYPE f_count gauge
f_count 1
# TYPE g_info info
g_info 1
h_total 1
h 1
`).map(({ name, kind }) => `${name} ${kind}`);
  t.deepEqual(kinds, [
    'a counter',
    'b_total counter',
    'c_total counter',
    'c_created gauge',
    'd_bucket counter',
    'd_sum counter',
    'd_count counter',
    'e gauge',
    'e_count counter',
    'f_count gauge',
    'g_info gauge',
    'h_total counter',
    'h gauge',
  ]);
});

test('comments, empty lines and whatever stands after the end of OpenMetrics are read over', (t) => {
  const page = '# HELP up Whether.\n\n# a comment {\nup 1\r\n# EOF\nnot metrics at all';
  t.deepEqual(
    parseMetricsText(page).map(({ value }) => value),
    [1],
  );
});

test('more than 20,000 samples are refused', (t) => {
  const page = Array.from({ length: 20_001 }, (_, n) => `up{n="${n}"} 1`).join('\n');
  t.regex(messageOf(t.throws(() => parseMetricsText(page))), /at most 20000 samples/);
});

test('the labels of a target stand before those of its page, which are kept beside', (t) => {
  const target = { instance: 'a:1', job: 'highwater' };
  t.deepEqual(withTarget({ route: '/a' }, target), { route: '/a', ...target });
  t.deepEqual(withTarget({ route: '/a', job: 'own' }, target), {
    route: '/a',
    exported_job: 'own',
    ...target,
  });
});
