import test from 'ava';
import { AppError, createLogger } from '../../runtime/index.ts';

function linesOf(format: 'json' | 'text') {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    format,
    fields: { component: 'ingest' },
    write: (line) => lines.push(line),
  });
  return { lines, logger };
}

test('a line is one JSON event in the shape of Cloud Logging', (t) => {
  const { lines, logger } = linesOf('json');
  logger.child({ stream: 'events' }).warn('batch_retried', { rowCount: 3 });
  logger.debug('not_shown');
  t.is(lines.length, 1);
  const { time, ...line } = JSON.parse(lines[0]!) as Record<string, unknown>;
  t.regex(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.deepEqual(line, {
    severity: 'WARNING',
    component: 'ingest',
    stream: 'events',
    event: 'batch_retried',
    rowCount: 3,
    message: 'batch retried',
  });
});

test('a field of a child takes the place of its parent’s', (t) => {
  const { lines, logger } = linesOf('json');
  logger.child({ component: 'canary' }).info('started');
  t.is(lines[0]!.match(/"component":/g)?.length, 1);
  t.is((JSON.parse(lines[0]!) as Record<string, unknown>).component, 'canary');
});

test('an error is logged with its code, detail, cause and stack', (t) => {
  const { lines, logger } = linesOf('json');
  const cause = new Error('no space left');
  const error = new AppError('disk_full', 'The disk is full.', { detail: { freeBytes: 0 }, cause });
  logger.error('commit_failed', { error });
  const line = JSON.parse(lines[0]!) as Record<string, unknown>;
  t.is(line.error, 'The disk is full.');
  t.is(line.errorCode, 'disk_full');
  t.deepEqual(line.detail, { freeBytes: 0 });
  t.is(line.cause, 'no space left');
  t.regex(String(line.stack_trace), /AppError/);
});

test('a line for a terminal reads as words', (t) => {
  const { lines, logger } = linesOf('text');
  logger.info('ingest_started', { streams: ['a', 'b'], note: 'two words' });
  t.regex(
    lines[0]!,
    /^\d\d:\d\d:\d\d\.\d{3} INFO    ingest started component=ingest streams=\["a","b"\] note="two words"\n$/,
  );
});
