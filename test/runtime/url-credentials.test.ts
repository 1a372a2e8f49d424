/** What is shown of a URL: never its user and password. */
import test from 'ava';
import { createLogger, hideUrlCredentials } from '../../runtime/index.ts';

for (const [text, shown] of [
  ['http://ann:s3cret@host:4318/v1', 'http://(hidden)@host:4318/v1'],
  ['https://token@host', 'https://(hidden)@host'],
  ['https://ann:p@ss@host', 'https://(hidden)@host'],
  ['at http://a:b@x/ and http://c:d@y/', 'at http://(hidden)@x/ and http://(hidden)@y/'],
  ['"url":"http://ann:s3cret@host"', '"url":"http://(hidden)@host"'],
  ['http://host/path?mail=a@b', 'http://host/path?mail=a@b'],
  ['http://host/@scope/name', 'http://host/@scope/name'],
  ['http://host then ann@example.com', 'http://host then ann@example.com'],
  ['ann@example.com', 'ann@example.com'],
] as const) {
  test(`${text} is shown as ${shown}`, (t) => t.is(hideUrlCredentials(text), shown));
}

for (const format of ['json', 'text'] as const) {
  test(`no log line as ${format} holds the credentials of a URL, wherever in it they are`, (t) => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', format, write: (line) => lines.push(line) });
    const url = 'http://ann:s3cret@host/metrics';
    logger.warn('target_down', { target: url, message: `${url} gave nothing` });
    logger.error('failed', { error: new Error(`cannot reach ${url}`, { cause: new Error(url) }) });
    t.is(lines.length, 2);
    t.false(lines.join('').includes('s3cret'));
    t.regex(lines[0]!, /http:\/\/\(hidden\)@host\/metrics/);
  });
}
