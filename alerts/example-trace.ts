/** A trace that shows what an alert is about: the newest bad event of its window whose trace was kept. */
import { z } from 'zod';
import type { KeptTrace, Labels, NotedExemplar } from '../telemetry/index.ts';
import { badEventsOf, isBadEvent } from './bad-events.ts';
import type { StreamOf } from './bad-events.ts';
import type { Condition } from './condition.ts';

/** The event, and where its trace is read. Plain data: it is kept with the incident, so that a page says the same after a restart. */
export interface ExampleTrace {
  readonly traceId: string;
  readonly spanId: string;
  /** What was observed, in the metric's unit: the seconds that it took. */
  readonly value: number;
  readonly atMs: number;
  /** Of the page that shows it, as people reach it; absent where that is not known. */
  readonly url?: string | undefined;
}

export const exampleTraceSchema: z.ZodType<ExampleTrace> = z.object({
  traceId: z.string(),
  spanId: z.string(),
  value: z.number(),
  atMs: z.number(),
  url: z.string().optional(),
});

export interface FoundExample {
  readonly example: ExampleTrace;
  readonly trace: KeptTrace;
}

export interface ExampleSource {
  /** Traced observations of a histogram. */
  readonly exemplars: (metric: string) => readonly NotedExemplar[];
  /** A trace that was kept. */
  readonly trace: (traceId: string) => KeptTrace | undefined;
  readonly streamOf: StreamOf;
  readonly urlOf: (traceId: string, spanId: string) => string | undefined;
}

/** `undefined` where the condition has no single events, or none of this process was kept. */
export function exampleTrace(
  condition: Condition,
  labels: Labels,
  source: ExampleSource,
  atMs: number,
): FoundExample | undefined {
  const bad = badEventsOf(condition, labels, source.streamOf);
  if (!bad) return undefined;
  const newestFirst = source
    .exemplars(bad.selector.metric)
    .filter((each) => each.atMs > atMs - bad.windowMs && each.atMs <= atMs && isBadEvent(bad, each))
    .toSorted((a, b) => b.atMs - a.atMs);
  for (const { traceId, spanId, value, atMs: observedAtMs } of newestFirst) {
    const trace = source.trace(traceId);
    if (!trace) continue;
    const url = source.urlOf(traceId, spanId);
    const example = { traceId, spanId, value, atMs: observedAtMs, ...(url ? { url } : {}) };
    return { example, trace };
  }
  return undefined;
}
