/** `highwater quarantine`: lists refused messages and puts repaired ones back, through the running API. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { AppError, messageOf } from '../../runtime/index.ts';
import { askService, serviceUrl, URL_OPTION } from '../service-api.ts';

interface Selection {
  readonly url?: string;
  readonly reasonCode?: string;
}

/** Of the answers, what is shown; `list --json` prints each message as it came. */
const listAnswer = z.object({
  quarantine: z.array(
    z.looseObject({
      quarantine_id: z.string(),
      quarantine_time: z.string(),
      reason_code: z.string(),
      reason: z.string(),
    }),
  ),
});
const replayAnswer = z.object({
  replayed_count: z.number(),
  still_refused: z.array(z.object({ quarantine_id: z.string(), reason: z.string() })),
});

interface ReplayOptions extends Selection {
  readonly id?: readonly string[];
  readonly set?: readonly string[];
  readonly drop?: readonly string[];
  readonly from?: string;
  readonly dryRun?: boolean;
}

export function addQuarantineCommand(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description('refused messages: list them, put repaired ones back');
  const reason = ['--reason-code <code>', 'only messages refused for this reason'] as const;
  quarantine
    .command('list')
    .description('refused messages of a stream, newest first')
    .argument('<stream>')
    .option(...URL_OPTION)
    .option(...reason)
    .option('--limit <count>', 'at most this many', '50')
    .option('--json', 'one JSON object a line, as replay --from takes it')
    .action(list);
  quarantine
    .command('replay')
    .description('validate refused messages again, repaired if asked, and publish those that pass')
    .argument('<stream>')
    .option(...URL_OPTION)
    .option(...reason)
    .option('--id <id...>', 'only these messages')
    .option('--set <field=json...>', 'repair: set a field of the event, such as amount=12.5')
    .option('--drop <field...>', 'repair: drop a field of the event')
    .option(
      '--from <file>',
      'repaired messages: lines of {"quarantine_id", "payload"}, from list --json',
    )
    .option('--dry-run', 'say what would pass, publish nothing')
    .action(replay);
}

async function list(
  stream: string,
  options: Selection & { limit: string; json?: boolean },
): Promise<void> {
  const query = new URLSearchParams({ limit: options.limit, replayed: 'false' });
  if (options.reasonCode) query.set('reason_code', options.reasonCode);
  const path = `/v1/streams/${encodeURIComponent(stream)}/quarantine?${query.toString()}`;
  const answer = await askService(serviceUrl(options.url), path);
  const { quarantine } = understood(listAnswer, answer);
  for (const message of quarantine) {
    const line = options.json
      ? JSON.stringify(message)
      : `${message.quarantine_id}  ${message.quarantine_time}  ${message.reason_code}: ${message.reason}`;
    process.stdout.write(`${line}\n`);
  }
  if (quarantine.length === 0) process.stderr.write(`No refused messages in ${stream}.\n`);
}

async function replay(stream: string, options: ReplayOptions): Promise<void> {
  const payloads = options.from ? readRepaired(options.from) : undefined;
  const body = {
    ...(options.id ? { ids: options.id } : {}),
    ...(options.reasonCode ? { reason_code: options.reasonCode } : {}),
    ...(options.set ? { set: Object.fromEntries(options.set.map(parseAssignment)) } : {}),
    ...(options.drop ? { drop: options.drop } : {}),
    ...(payloads ? { payloads } : {}),
    dry_run: options.dryRun ?? false,
  };
  const path = `/v1/streams/${encodeURIComponent(stream)}/quarantine/replay`;
  const answer = await askService(serviceUrl(options.url), path, body);
  const result = understood(replayAnswer, answer);
  for (const { quarantine_id: id, reason } of result.still_refused) {
    process.stdout.write(`${id}  still refused: ${reason}\n`);
  }
  const verb = options.dryRun ? 'would be replayed' : 'replayed';
  process.stdout.write(
    `${result.replayed_count} ${verb}, ${result.still_refused.length} still refused\n`,
  );
  if (result.still_refused.length > 0) process.exitCode = 1;
}

function understood<T>(schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new AppError('api_unavailable', `The answer is none of the quarantine: ${result.error}`);
}

function parseAssignment(text: string): [string, unknown] {
  const [, field, json] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  try {
    if (field !== undefined) return [field, JSON.parse(json!) as unknown];
  } catch {
    return [field!, json];
  }
  throw new AppError(
    'invalid_argument',
    `--set: expected field=json, such as amount=12.5; got ${text}`,
  );
}

function readRepaired(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line, index) => {
      if (line.trim() === '') return [];
      const { quarantine_id: id, payload } = parseLine(line, `${file}:${index + 1}`);
      return [[id, typeof payload === 'string' ? payload : JSON.stringify(payload)]];
    }),
  );
}

function parseLine(line: string, place: string): { quarantine_id: string; payload: unknown } {
  try {
    const value = JSON.parse(line) as { quarantine_id?: unknown; payload?: unknown };
    if (typeof value.quarantine_id === 'string' && value.payload !== undefined) {
      return { quarantine_id: value.quarantine_id, payload: value.payload };
    }
  } catch (error) {
    throw new AppError('invalid_argument', `${place}: not JSON (${messageOf(error)})`, {
      cause: error,
    });
  }
  throw new AppError('invalid_argument', `${place}: expected {"quarantine_id": "…", "payload": …}`);
}
