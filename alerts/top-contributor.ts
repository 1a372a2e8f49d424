/** Where most of the bad events of a rung are: asked by the label that tells routes, streams or subscriptions apart. */
import type { SignalReader, Signal } from '../telemetry/index.ts';
import { metricSpec } from '../telemetry/index.ts';
import type { TopContributor } from './notify/notification.ts';
import type { Rung } from './policy.ts';

const LABELS = {
  http_route: 'route',
  stream: 'stream',
  subscription_id: 'subscription',
} as const satisfies Readonly<Record<string, TopContributor['kind']>>;
type Label = keyof typeof LABELS;

/** Questions whose answers, the second taken from the first, are the bad events of each label value. */
interface BadEvents {
  readonly label: Label;
  readonly counted: Signal;
  readonly good: Signal | undefined;
}

/** `undefined` where the rung counts no events, or there are no bad ones. Errors: `metrics_unavailable`. */
export async function topContributor(
  rung: Rung,
  reader: SignalReader,
  atMs: number,
): Promise<TopContributor | undefined> {
  const asked = badEvents(rung);
  if (!asked) return undefined;
  const { label, counted, good } = asked;
  const [all = [], goodOnes = []] = await reader.read(good ? [counted, good] : [counted], atMs);
  const goodOf = new Map(goodOnes.map(({ labels, value }) => [labels[label] ?? '', value]));
  const bad = all
    .map(({ labels, value }) => ({
      name: labels[label] ?? '',
      badCount: Math.max(0, value - (goodOf.get(labels[label] ?? '') ?? 0)),
    }))
    .filter(({ name, badCount }) => name !== '' && badCount > 0);
  const [first] = bad.toSorted((a, b) => b.badCount - a.badCount);
  if (!first) return undefined;
  const totalBadCount = bad.reduce((sum, { badCount }) => sum + badCount, 0);
  return { kind: LABELS[label], ...first, totalBadCount };
}

function badEvents({ condition }: Rung): BadEvents | undefined {
  if (condition.kind === 'burn') {
    const { part, counted, valid } = condition.long;
    if (part === 'bad') return asking(counted, undefined);
    // Without its good ones an event is bad: asked of both, with the same labels.
    return asking(valid, counted);
  }
  if (condition.kind !== 'threshold') return undefined;
  const { signal } = condition;
  if (signal.kind === 'ratio') {
    const { windowMs } = signal;
    return asking({ kind: 'increase', counter: signal.part, by: [], windowMs }, undefined);
  }
  return signal.kind === 'increase' ? asking(signal, undefined) : undefined;
}

function asking(counted: Signal, good: Signal | undefined): BadEvents | undefined {
  const label = labelOf(counted);
  const grouped = label && groupedBy(counted, label);
  const goodGrouped = label && good && groupedBy(good, label);
  if (!grouped || (good && !goodGrouped)) return undefined;
  return { label, counted: grouped, good: goodGrouped };
}

function labelOf(signal: Signal): Label | undefined {
  const metric =
    signal.kind === 'increase'
      ? signal.counter.metric
      : signal.kind === 'countAtOrBelow'
        ? signal.histogram.metric
        : '';
  const labels = Object.keys(metricSpec(metric)?.labels ?? {});
  return (Object.keys(LABELS) as Label[]).find((each) => labels.includes(each));
}

/** Of signals that count events; slices of time have no route. */
function groupedBy(signal: Signal, label: Label): Signal | undefined {
  if (signal.kind === 'increase') return { ...signal, by: [label] };
  return signal.kind === 'countAtOrBelow' ? { ...signal, by: [label] } : undefined;
}
