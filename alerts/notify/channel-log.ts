/** The log as a channel: it is there when nothing else is set up. */
import type { Logger } from '../../runtime/index.ts';
import type { Channel } from './channel.ts';
import { logLine } from './log-line.ts';

export function logChannel(logger: Logger): Channel {
  return {
    id: 'log',
    kind: 'log',
    send(notification) {
      const { level, event, fields } = logLine(notification);
      logger[level](event, fields);
      return Promise.resolve({ outcome: 'delivered', detail: 'written' });
    },
  };
}
