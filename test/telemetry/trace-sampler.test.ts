/** The share of traces: one decision a trace, the same in every process. */
import type { Link, SpanContext } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, trace, TraceFlags } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import test from 'ava';
import { ShareSampler } from '../../telemetry/trace-sampler.ts';
import { ALWAYS_IN_SHARE, NEVER_IN_SHARE } from './spans.ts';

interface Asked {
  readonly traceId: string;
  readonly share?: number;
  readonly parent?: Partial<SpanContext>;
  readonly linked?: readonly string[];
}

function isSampled({ traceId, share = 0.5, parent, linked = [] }: Asked): boolean {
  const context = parent
    ? trace.setSpanContext(ROOT_CONTEXT, {
        traceId,
        spanId: '1'.repeat(16),
        traceFlags: TraceFlags.NONE,
        ...parent,
      })
    : ROOT_CONTEXT;
  const links = linked.map((id): Link => ({
    context: { traceId: id, spanId: '2'.repeat(16), traceFlags: 0 },
  }));
  const { decision } = new ShareSampler(share).shouldSample(
    context,
    traceId,
    'span',
    SpanKind.INTERNAL,
    {},
    links,
  );
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}

const endingIn = (digits: string) => 'a'.repeat(24) + digits;

// 0.25 x 2^32 is 0x40000000.
for (const [digits, share, expected] of [
  ['00000000', 0, false],
  ['00000000', 0.25, true],
  ['3fffffff', 0.25, true],
  ['40000000', 0.25, false],
  ['ffffffff', 0.25, false],
  ['ffffffff', 1, true],
] as const) {
  test(`an id that ends in ${digits} is ${expected ? '' : 'not '}in a share of ${share}`, (t) =>
    t.is(isSampled({ traceId: endingIn(digits), share }), expected));
}

test('what is not in the share is recorded all the same', (t) => {
  const { decision } = new ShareSampler(0).shouldSample(
    ROOT_CONTEXT,
    NEVER_IN_SHARE,
    'span',
    SpanKind.INTERNAL,
    {},
    [],
  );
  t.is(decision, SamplingDecision.RECORD);
});

for (const traceFlags of [TraceFlags.NONE, TraceFlags.SAMPLED]) {
  test(`the flag ${traceFlags} of a parent from elsewhere is not asked`, (t) => {
    const parent = { traceFlags, isRemote: true };
    t.false(isSampled({ traceId: NEVER_IN_SHARE, parent }));
    t.true(isSampled({ traceId: ALWAYS_IN_SHARE, parent }));
  });
}

test('a span goes with the span of this process above it', (t) => {
  t.true(isSampled({ traceId: NEVER_IN_SHARE, parent: { traceFlags: TraceFlags.SAMPLED } }));
  t.false(isSampled({ traceId: NEVER_IN_SHARE, parent: { traceFlags: TraceFlags.NONE } }));
});

test('a root is kept with a trace that it links to; a span with a parent is not', (t) => {
  t.true(isSampled({ traceId: NEVER_IN_SHARE, linked: [NEVER_IN_SHARE, ALWAYS_IN_SHARE] }));
  t.false(isSampled({ traceId: NEVER_IN_SHARE, linked: [NEVER_IN_SHARE] }));
  const linked = [ALWAYS_IN_SHARE];
  t.false(isSampled({ traceId: NEVER_IN_SHARE, linked, parent: { isRemote: true } }));
});
