/** A dispatcher of a test: its channels, its outbox in a folder of its own, its log, its metrics, a clock to turn. */
import { join } from 'node:path';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { ExecutionContext } from 'ava';
import { openDispatcher } from '../../../alerts/index.ts';
import type {
  Channel,
  Dispatcher,
  DispatcherOptions,
  Notification,
  SendResult,
} from '../../../alerts/index.ts';
import { createLogger, systemClock } from '../../../runtime/index.ts';
import { createMetrics, metricViews, SampleReader } from '../../../telemetry/index.ts';
import type { Metrics } from '../../../telemetry/index.ts';
import { temporaryFolder } from '../../helpers/highwater-process.ts';

export const ROUTING_KEY = 'R0123456789ABCDEF0123456789ABCDE';
export const WEBHOOK_SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

/** Everything to every channel. */
export const ALL_ROUTES = {
  page: ['pagerduty', 'email', 'webhook', 'log'],
  ticket: ['pagerduty', 'email', 'webhook', 'log'],
} as const;

export interface Rig {
  readonly dispatcher: Dispatcher;
  readonly metrics: Metrics;
  /** Log lines so far. */
  readonly lines: string[];
  readonly path: string;
  /** Opens another one on the same outbox; the one before has to be closed. */
  readonly reopen: (options?: Partial<DispatcherOptions>) => Dispatcher;
  readonly counted: (channel: string, outcome: string) => Promise<number>;
}

export function openRig(
  t: ExecutionContext,
  channels: readonly Channel[],
  options: Partial<DispatcherOptions> = {},
): Rig {
  const folder = temporaryFolder();
  const path = join(folder.path, 'alerts', 'outbox.sqlite');
  const lines: string[] = [];
  const logger = createLogger({
    level: 'debug',
    format: 'json',
    write: (line) => void lines.push(line),
  });
  const reader = new SampleReader();
  const provider = new MeterProvider({ readers: [reader], views: metricViews() });
  const metrics = createMetrics(provider.getMeter('test'), reader, systemClock);
  const opened: Dispatcher[] = [];
  const open = (more: Partial<DispatcherOptions>) => {
    const dispatcher = openDispatcher({
      path,
      channels,
      routes: ALL_ROUTES,
      giveUpAfterMs: 86_400_000,
      metrics,
      clock: systemClock,
      random: () => 0.5,
      logger,
      ...options,
      ...more,
    });
    opened.push(dispatcher);
    return dispatcher;
  };
  t.teardown(async () => {
    await Promise.all(opened.map((each) => each.close(0)));
    await provider.shutdown();
    folder.remove();
  });
  return {
    dispatcher: open({}),
    metrics,
    lines,
    path,
    reopen: (more = {}) => open(more),
    async counted(channel, outcome) {
      const samples = await metrics.samples();
      return samples
        .filter(
          ({ name, labels }) =>
            name === 'alert_deliveries_total' &&
            labels['channel'] === channel &&
            labels['outcome'] === outcome,
        )
        .reduce((sum, { value }) => sum + value, 0);
    },
  };
}

/** A channel that answers what it is told, and remembers what it was given. */
export interface ScriptedChannel extends Channel {
  readonly sent: Notification[];
  /** Answers of the next sends; then it delivers. A function is asked, and may take its time. */
  readonly answers: (SendResult | ((signal: AbortSignal) => Promise<SendResult>))[];
}

export function scriptedChannel(
  id = 'webhook',
  kind: Channel['kind'] = 'webhook',
): ScriptedChannel {
  const sent: Notification[] = [];
  const answers: ScriptedChannel['answers'] = [];
  return {
    id,
    kind,
    sent,
    answers,
    send(notification, signal) {
      sent.push(notification);
      const answer = answers.shift() ?? { outcome: 'delivered', detail: 'taken' };
      return typeof answer === 'function' ? answer(signal) : Promise.resolve(answer);
    },
  };
}
