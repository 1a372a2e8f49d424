/** What the service says of its own notifications: tries by outcome, delay, and what waits. */
import type { Clock } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { Channel, ChannelKind } from './channel.ts';
import type { Delivery } from './outbox.ts';

export interface DeliveryMetrics {
  count(
    channel: ChannelKind,
    outcome: 'delivered' | 'retried' | 'refused' | 'given_up' | 'dropped',
  ): void;
  delay(channel: ChannelKind, seconds: number): void;
  close(): void;
}

export function observeDeliveries(
  metrics: Metrics,
  channels: readonly Channel[],
  pending: () => readonly Delivery[],
  clock: Clock,
): DeliveryMetrics {
  const kinds = [...new Set(channels.map(({ kind }) => kind))];
  const kindOf = new Map(channels.map(({ id, kind }) => [id, kind]));
  const read = (value: (some: readonly Delivery[]) => number) => () => {
    const byKind = Map.groupBy(pending(), ({ channelId }) => kindOf.get(channelId));
    return kinds.map((channel) => ({
      labels: { channel },
      value: value(byKind.get(channel) ?? []),
    }));
  };
  const stops = [
    metrics.observe(
      'alert_outbox_pending',
      read((some) => some.length),
    ),
    metrics.observe(
      'alert_outbox_oldest_seconds',
      read((some) => {
        const oldestAtMs = Math.min(...some.map(({ createdAtMs }) => createdAtMs));
        return some.length === 0 ? 0 : Math.max(0, (clock.nowMs() - oldestAtMs) / 1_000);
      }),
    ),
  ];
  return {
    count: (channel, outcome) =>
      metrics.counter('alert_deliveries_total', { channel, outcome }).add(1),
    delay: (channel, seconds) =>
      metrics.histogram('alert_delivery_delay_seconds', { channel }).observe(seconds),
    close: () => {
      for (const stop of stops) stop();
    },
  };
}
