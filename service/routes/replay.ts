/** Refused messages put back: validated again, repaired where asked, published where they pass. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../runtime/index.ts';
import type { ServiceDeps } from '../deps.ts';
import { readBody } from '../json-body.ts';
import { readQuery } from '../parameters.ts';
import { negotiate, sendBody } from '../respond.ts';
import type { StreamResource } from '../stream-resource.ts';

/** Messages named in one request. */
export const REPLAY_IDS_MAX = 1_000;

const REQUEST = z.strictObject({
  ids: z.array(z.string()).min(1).max(REPLAY_IDS_MAX).optional(),
  reason_code: z.string().optional(),
  /** Fields set in, and dropped from, each event before it is validated again. */
  set: z.record(z.string(), z.unknown()).optional(),
  drop: z.array(z.string()).optional(),
  /** Whole new payloads by quarantine id; only these messages are replayed. */
  payloads: z.record(z.string(), z.string()).optional(),
  dry_run: z.boolean().default(false),
});
const EXPECTED =
  'one object such as {"reason_code": "out_of_range", "set": {"amount": 1}}; {} replays all';
type ReplayRequest = z.output<typeof REQUEST>;

/** The body as JSON Schema, for the OpenAPI document. */
export function replayRequestSchema(): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(REQUEST, { io: 'input' });
  return schema;
}

/** 200 with what was replayed and what is still refused; 404 where no replay is wired up. */
export async function replayQuarantined(
  { replayQuarantine }: Pick<ServiceDeps, 'replayQuarantine'>,
  { stream }: StreamResource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  if (!replayQuarantine) throw new AppError('not_found', 'This service does not replay messages.');
  const asked = readBody(request, REQUEST, EXPECTED);
  const ids = asked.payloads ? Object.keys(asked.payloads) : asked.ids;
  const { replayedCount, stillBad } = await replayQuarantine(stream, {
    ...(ids ? { ids } : {}),
    ...(asked.reason_code === undefined ? {} : { reasonCode: asked.reason_code }),
    ...(isRepair(asked) ? { repair: (payload, id) => repaired(asked, payload, id) } : {}),
    dryRun: asked.dry_run,
  });
  const stillRefused = stillBad.map(({ quarantineId, reason }) => ({
    quarantine_id: quarantineId,
    reason,
  }));
  const body = {
    stream: stream.name,
    replayed_count: replayedCount,
    still_refused: stillRefused,
    dry_run: asked.dry_run,
  };
  response.statusCode = 200;
  sendBody(response, 'json', JSON.stringify(body));
}

function isRepair({ set, drop, payloads }: ReplayRequest): boolean {
  return set !== undefined || drop !== undefined || payloads !== undefined;
}

/** The repaired payload; one that is no JSON object stays as it is, to be refused again with its reason. */
function repaired({ set, drop, payloads }: ReplayRequest, payload: string, id: string): string {
  const text = payloads?.[id] ?? payload;
  if (!set && !drop) return text;
  const event = asObject(text);
  if (!event) return text;
  const dropped = new Set(drop);
  const kept = Object.entries(event).filter(([field]) => !dropped.has(field));
  return JSON.stringify({ ...Object.fromEntries(kept), ...set });
}

function asObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
