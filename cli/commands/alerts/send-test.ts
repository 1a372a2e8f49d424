/** `highwater alerts send-test`: an incident that is none, opened and resolved on each channel, past the outbox. */
import { randomUUID } from 'node:crypto';
import { Option } from 'commander';
import type { Command } from 'commander';
import { CHANNEL_KINDS } from '../../../alerts/index.ts';
import type { Channel, ChannelKind, Notification, SendResult } from '../../../alerts/index.ts';
import { AppError, createLogger, loadConfig, systemClock } from '../../../runtime/index.ts';
import { alertChannels } from '../../notifiers.ts';

interface Options {
  readonly channel?: readonly ChannelKind[];
  readonly severity: Notification['severity'];
}

const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const;

export function addSendTestCommand(alerts: Command): void {
  alerts
    .command('send-test')
    .description(
      'open and resolve a test incident on each channel that is set up; with PagerDuty it wakes who is on call',
    )
    .addOption(
      new Option('--channel <channel...>', 'only these (default: all that are set up)').choices(
        CHANNEL_KINDS,
      ),
    )
    .addOption(
      new Option('--severity <severity>', 'of the test').choices(SEVERITIES).default('critical'),
    )
    .action(sendTest);
}

async function sendTest({ channel, severity }: Options): Promise<void> {
  const config = loadConfig();
  const logger = createLogger({ level: 'info', format: 'text' });
  const setUp = alertChannels(config, logger);
  const channels = setUp.filter(({ kind }) => channel?.includes(kind) ?? kind !== 'log');
  const missing = (channel ?? []).filter((kind) => !setUp.some((each) => each.kind === kind));
  if (missing.length > 0 || channels.length === 0) {
    throw new AppError(
      'invalid_config',
      `expected a channel that is set up; ${missing.join(', ') || 'none'} is. Set ALERT_PAGERDUTY_ROUTING_KEY, or ALERT_SMTP_URL with ALERT_EMAIL_FROM and ALERT_EMAIL_TO, or ALERT_WEBHOOK_URL with ALERT_WEBHOOK_SECRET.`,
    );
  }
  const opened = testNotification(config.GOOGLE_CLOUD_PROJECT, severity);
  let isAllDelivered = true;
  for (const each of channels) {
    const isOpened = await sendOne(each, opened);
    const resolved = {
      ...opened,
      sequence: 1,
      state: 'resolved',
      atMs: systemClock.nowMs(),
    } as const;
    // A test that could not be opened has nothing to resolve.
    const isResolved = isOpened && (await sendOne(each, resolved));
    if (!isResolved) isAllDelivered = false;
  }
  if (!isAllDelivered) process.exitCode = 1;
}

async function sendOne(channel: Channel, notification: Notification): Promise<boolean> {
  const startMs = systemClock.monotonicMs();
  const result = await channel.send(notification, new AbortController().signal);
  const durationMs = Math.round(systemClock.monotonicMs() - startMs);
  process.stdout.write(
    `${channel.id}  ${notification.state}  ${resultWords(result)}  ${durationMs} ms\n`,
  );
  return result.outcome === 'delivered';
}

function resultWords(result: SendResult): string {
  switch (result.outcome) {
    case 'delivered':
      return `delivered (${result.detail})`;
    case 'retry':
      return `not delivered, would be tried again (${result.reason})`;
    case 'refused':
      return `refused (${result.reason})`;
    default:
      return result satisfies never;
  }
}

function testNotification(source: string, severity: Notification['severity']): Notification {
  const nowMs = systemClock.nowMs();
  return {
    incidentId: `send-test-${randomUUID()}`,
    sequence: 0,
    state: 'triggered',
    policy: 'send-test',
    title: 'Alerts reach you',
    summary:
      'Nobody is affected. Somebody ran `highwater alerts send-test`; there is nothing to do.',
    severity,
    route: 'page',
    source,
    sinceMs: nowMs,
    atMs: nowMs,
    measured: {
      what: 'An example figure',
      unit: 'ratio',
      value: 0.0123,
      threshold: 0.01,
      badWhen: 'above',
    },
    links: {},
    playbookText:
      '# A playbook stands here\n\n1. Commands to paste look like this: `highwater slo status`.\n2. Nothing has to be done.\n',
    isTest: true,
  };
}
