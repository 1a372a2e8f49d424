/** Game days of a process that takes faults, and `/gameday` on its internal port: GET shows, POST starts, DELETE stops. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { DRILL_NAMES, driveTraffic, GameDay, gameDayJson } from '../alerts/index.ts';
import type { AlertEvaluator, GameDays } from '../alerts/index.ts';
import { channelsSetUp, isAppError, systemClock } from '../runtime/index.ts';
import { isLoopbackHost, sendText } from '../telemetry/index.ts';
import type { InternalRoute } from '../telemetry/index.ts';
import type { Context } from './process.ts';
import type { ProcessTelemetry } from './telemetry.ts';

/** A list of four words fits many times over. */
const BODY_BYTES_MAX = 4_096;
const bodySchema = z.object({ drills: z.array(z.enum(DRILL_NAMES)).min(1).max(8) });

export interface OpenedGameDays {
  readonly gameDays: GameDays;
  /** Once the API answers at `url`: until then there is nothing to drill. */
  open(url: string): void;
}

/** `undefined` where faults are not allowed, which is anywhere but on a laptop's loopback with the embedded warehouse. */
export function openGameDays(
  { config, logger, shutdown }: Context,
  { faults, server }: ProcessTelemetry,
  alerts: AlertEvaluator,
): OpenedGameDays | undefined {
  if (!faults) return undefined;
  const clock = systemClock;
  let url = '';
  const gameDays = new GameDay({
    faults,
    alerts,
    traffic: (kind, signal) =>
      driveTraffic({ url, token: config.CANARY_TOKEN, clock }, kind, signal),
    channels: channelsSetUp(config),
    clock,
    logger: logger.child({ component: 'game-day' }),
  });
  return {
    gameDays,
    open(at) {
      url = at;
      server.addRoute('/gameday', gameDayRoute(gameDays));
      shutdown.add('game day', async () => void (await gameDays.stop()));
    },
  };
}

function gameDayRoute(gameDays: GameDays): InternalRoute {
  return async (request, response) => {
    if (!isLoopbackHost(request.headers.host)) {
      return sendText(response, 403, 'Game days are run on loopback alone, such as 127.0.0.1.');
    }
    switch (request.method ?? '') {
      case 'GET':
        break;
      case 'DELETE':
        await gameDays.stop();
        break;
      case 'POST': {
        // What a page in a browser cannot send without asking first.
        if (!request.headers['content-type']?.startsWith('application/json')) {
          return sendText(response, 415, 'Expected content-type application/json.');
        }
        const body = bodySchema.safeParse(await readJson(request));
        if (!body.success) {
          return sendText(
            response,
            400,
            `Expected {"drills": ["latency"]}, of ${DRILL_NAMES.join(', ')}.`,
          );
        }
        try {
          gameDays.start(body.data.drills);
        } catch (error) {
          if (!isAppError(error)) throw error;
          return sendText(response, error.code === 'locked' ? 409 : 400, error.message);
        }
        break;
      }
      default:
        response.setHeader('Allow', 'GET, POST, DELETE');
        return sendText(response, 405, 'Expected GET, POST or DELETE.');
    }
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(`${JSON.stringify(gameDayJson(gameDays.status()))}\n`);
    return undefined;
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_BYTES_MAX) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
