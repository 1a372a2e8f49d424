/** Alert channels as the configuration sets them up, and the dispatcher that keeps and sends notifications. */
import { join } from 'node:path';
import {
  emailChannels,
  logChannel,
  openDispatcher,
  pagerDutyChannel,
  webhookChannel,
} from '../alerts/index.ts';
import type { Channel, ChannelKind, Dispatcher, NotificationRoute } from '../alerts/index.ts';
import { channelsSetUp, systemClock } from '../runtime/index.ts';
import type { Config, Logger } from '../runtime/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { Context } from './process.ts';

/** Of the shutdown's deadline; what is left then waits in the outbox for the next start. */
const DRAIN_MS = 3_000;

/** Opens what notifies; `notify` may be called at once. Closed at shutdown, so it is to be opened before who calls it. */
export function openNotifier(
  { config, logger, shutdown }: Context,
  { metrics }: Pick<Telemetry, 'metrics'>,
): Dispatcher {
  const own = logger.child({ component: 'alerts' });
  const dispatcher = openDispatcher({
    path: join(config.HIGHWATER_DATA_DIR, 'alerts', 'outbox.sqlite'),
    channels: alertChannels(config, own),
    routes: alertRoutes(config),
    giveUpAfterMs: config.ALERT_GIVE_UP_AFTER,
    metrics,
    clock: systemClock,
    random: Math.random,
    logger: own,
  });
  shutdown.add('notifier', () => dispatcher.close(DRAIN_MS));
  return dispatcher;
}

/** A channel for each receiver that is set up; each mail recipient is one. */
export function alertChannels(config: Config, logger: Logger): readonly Channel[] {
  const clock = systemClock;
  return channelsSetUp(config).flatMap((kind): readonly Channel[] => {
    switch (kind) {
      case 'pagerduty':
        return [
          pagerDutyChannel({
            routingKey: config.ALERT_PAGERDUTY_ROUTING_KEY,
            baseUrl: config.ALERT_PAGERDUTY_URL,
            clock,
          }),
        ];
      case 'email':
        return emailChannels({
          smtpUrl: config.ALERT_SMTP_URL,
          tls: config.ALERT_SMTP_TLS,
          from: config.ALERT_EMAIL_FROM,
          to: config.ALERT_EMAIL_TO,
          clock,
        });
      case 'webhook':
        return [
          webhookChannel({
            url: config.ALERT_WEBHOOK_URL,
            secret: config.ALERT_WEBHOOK_SECRET,
            clock,
          }),
        ];
      case 'log':
        return [logChannel(logger)];
      default:
        return kind satisfies never;
    }
  });
}

/** The log is told of everything. */
export function alertRoutes(
  config: Config,
): Readonly<Record<NotificationRoute, readonly ChannelKind[]>> {
  const setUp = channelsSetUp(config);
  return {
    page: chosen(config.ALERT_ROUTE_PAGE, setUp),
    ticket: chosen(
      config.ALERT_ROUTE_TICKET,
      setUp.filter((kind) => kind !== 'pagerduty'),
    ),
  };
}

function chosen(
  given: readonly ChannelKind[],
  fallback: readonly ChannelKind[],
): readonly ChannelKind[] {
  return [...new Set([...(given.length === 0 ? fallback : given), 'log' as const])];
}
