/** Structured logs: one JSON event a line in Cloud Logging's shape, readable lines on a terminal. */
import { pino } from 'pino';
import { messageOf } from './errors.ts';
import { hideUrlCredentials } from './url-credentials.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFields = Readonly<Record<string, unknown>>;

/** `event` is a stable snake_case name; units stand in the keys of `fields` (`durationMs`, `rowCount`). */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger whose lines all carry `fields`. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  readonly fields?: LogFields;
  /** Asked at each line for fields of the moment, such as the trace it belongs to. */
  readonly context?: () => LogFields;
  /** Where lines go; standard error by default, so that standard output stays the command's own. */
  readonly write?: (line: string) => void;
}

/** Cloud Logging's severities. Source: LogEntry.severity in the Cloud Logging API. */
const SEVERITY = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;
type Level = keyof typeof SEVERITY;

export function createLogger(options: LoggerOptions): Logger {
  const given = options.write ?? ((line: string) => void process.stderr.write(line));
  const write = (line: string) => given(hideUrlCredentials(line));
  const sink = options.format === 'json' ? write : (line: string) => write(readableLine(line));
  const base = pino(
    {
      level: options.level,
      base: {},
      messageKey: 'message',
      ...(options.context && { mixin: options.context }),
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ severity: SEVERITY[label as Level] ?? 'DEFAULT' }) },
    },
    { write: sink },
  );
  return wrap(base, options.fields ?? {});
}

/** A logger that drops everything. */
export const silentLogger: Logger = createLogger({ level: 'silent', format: 'json', write() {} });

/** A line's own fields stand before the logger's, a child's before its parent's; pino's own children would say a key twice. */
function wrap(base: pino.Logger, own: LogFields): Logger {
  const at =
    (level: Level) =>
    (event: string, fields: LogFields = {}) => {
      const { message, error, ...rest } = fields;
      base[level](
        { ...own, event, ...rest, ...(error === undefined ? {} : errorFields(error)) },
        typeof message === 'string' ? message : event.replaceAll('_', ' '),
      );
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(base, { ...own, ...fields }),
  };
}

/** An error as fields; Error Reporting picks `stack_trace` up by that name. */
function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const { code, detail } = error as { code?: unknown; detail?: unknown };
  return {
    error: error.message,
    ...(code === undefined ? {} : { errorCode: code }),
    ...(detail === undefined ? {} : { detail }),
    ...(error.cause === undefined ? {} : { cause: messageOf(error.cause) }),
    stack_trace: error.stack,
  };
}

function readableLine(json: string): string {
  const {
    severity,
    time,
    event,
    message,
    stack_trace,
    httpRequest: _httpRequest,
    ...rest
  } = JSON.parse(json) as Record<string, unknown>;

  const fields = Object.entries(rest).map(([key, value]) => `${key}=${readableValue(value)}`);
  const stack = severity === 'ERROR' && typeof stack_trace === 'string' ? `\n${stack_trace}` : '';
  const words = [String(time).slice(11, 23), String(severity).padEnd(7), String(message ?? event)];
  return `${[...words, ...fields].join(' ')}${stack}\n`;
}

function readableValue(value: unknown): string {
  return typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value);
}
