/** The W3C header of a trace: what the recommendation calls valid goes on, all else starts a new trace. */
import test from 'ava';
import { formatTraceparent, parseTraceparent } from '../../telemetry/index.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

// Source: W3C Trace Context, "traceparent Header Field Values" and "Versioning of traceparent".
for (const [text, flags] of [
  [`00-${TRACE}-${SPAN}-01`, 1],
  [`00-${TRACE}-${SPAN}-00`, 0],
  // Of the flags only the first bit means something; the random-trace-id bit of level 2 is beside it.
  [`00-${TRACE}-${SPAN}-03`, 1],
  [`00-${TRACE}-${SPAN}-fe`, 0],
  // A later version is read as far as this one goes.
  [`01-${TRACE}-${SPAN}-01`, 1],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, 1],
] as const) {
  test(`goes on: ${text}`, (t) => {
    t.deepEqual(parseTraceparent(text), {
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: flags,
      isRemote: true,
    });
  });
}

for (const [why, text] of [
  ['nothing', undefined],
  ['empty', ''],
  ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['a long span id', `00-${TRACE}-${SPAN}0-01`],
  ['no flags', `00-${TRACE}-${SPAN}`],
  ['flags that are no byte', `00-${TRACE}-${SPAN}-1`],
  ['flags that are no number', `00-${TRACE}-${SPAN}-0g`],
  ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`],
  ['more without a hyphen, in a later version', `01-${TRACE}-${SPAN}-01more`],
  ['a version of one digit', `0-${TRACE}-${SPAN}-01`],
  ['spaces', ` 00-${TRACE}-${SPAN}-01`],
  ['a newline behind it', `00-${TRACE}-${SPAN}-01\n`],
  ['two headers joined', `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`],
] as const) {
  test(`starts anew: ${why}`, (t) => {
    t.is(parseTraceparent(text), undefined);
  });
}

test('what is passed on says whether the trace is sampled and nothing else, and is read back', (t) => {
  for (const [traceFlags, sent] of [
    [0, '00'],
    [1, '01'],
    [3, '01'],
    [254, '00'],
  ] as const) {
    const text = formatTraceparent({ traceId: TRACE, spanId: SPAN, traceFlags });
    t.is(text, `00-${TRACE}-${SPAN}-${sent}`);
    t.is(parseTraceparent(text)?.traceFlags, traceFlags & 1);
  }
});
