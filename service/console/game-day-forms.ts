/** Forms that start and stop game days. */
import { z } from 'zod';
import { DRILL_NAMES } from '../../alerts/index.ts';
import type { GameDays } from '../../alerts/index.ts';
import { beforeForm, readForm } from './form.ts';
import type { Forms } from './form.ts';

const PATH = '/console/game-day';
const drill = z.enum(DRILL_NAMES);
/** One box that is ticked is a text, several are a list. */
const START = z.object({
  drills: z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(drill, 'expected at least one drill').min(1).max(DRILL_NAMES.length),
  ),
});

export function gameDayForms(gameDays: GameDays | undefined): Forms {
  if (!gameDays) return {};
  return {
    '/game-day/start': {
      before: beforeForm,
      async handle(request) {
        gameDays.start([...new Set(readForm(START, request).drills)]);
        return PATH;
      },
    },
    '/game-day/stop': {
      before: beforeForm,
      async handle() {
        await gameDays.stop();
        return PATH;
      },
    },
  };
}
