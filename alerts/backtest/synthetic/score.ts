/** How alerts did on incidents whose truth is known: precision, recall, time to detect. */
import type { Pain } from '../history.ts';
import type { Episode } from '../replay.ts';

/** Tellings of one kind against the pains that deserve it. */
export interface Score {
  readonly toldCount: number;
  /** Those outside of every pain that deserves them: pages of a pain that deserves a ticket among them. */
  readonly falseCount: number;
  readonly painCount: number;
  readonly foundCount: number;
  /** Of each pain that was found: from its start to the first telling. */
  readonly timesToDetectMs: readonly number[];
}

/** An alert that comes so long after a pain ended is still about it. */
const LATE_MS = 15 * 60_000;

export const NO_SCORE: Score = {
  toldCount: 0,
  falseCount: 0,
  painCount: 0,
  foundCount: 0,
  timesToDetectMs: [],
};

/** A ticket is right in a pain that deserves a page too; a page is right only in one that deserves a page. */
export function scoreOf(
  route: 'page' | 'ticket',
  episodes: readonly Episode[],
  pains: readonly Pain[],
): Score {
  const told = episodes.flatMap(({ pagedAtMs, ticketedAtMs }) => {
    const atMs = route === 'page' ? pagedAtMs : ticketedAtMs;
    return atMs === undefined ? [] : [atMs];
  });
  const fitting = pains.filter(
    ({ deserves }) => deserves === route || (route === 'ticket' && deserves === 'page'),
  );
  const deserving = pains.filter(({ deserves }) => deserves === route);
  const timesToDetectMs = deserving.flatMap((pain) => {
    const first = Math.min(...told.filter((atMs) => isIn(pain, atMs)));
    return Number.isFinite(first) ? [first - pain.startMs] : [];
  });
  return {
    toldCount: told.length,
    falseCount: told.filter((atMs) => !fitting.some((pain) => isIn(pain, atMs))).length,
    painCount: deserving.length,
    foundCount: timesToDetectMs.length,
    timesToDetectMs,
  };
}

function isIn(pain: Pain, atMs: number): boolean {
  return atMs >= pain.startMs && atMs <= pain.endMs + LATE_MS;
}

export function sumScores(scores: readonly Score[]): Score {
  return scores.reduce(
    (sum, each) => ({
      toldCount: sum.toldCount + each.toldCount,
      falseCount: sum.falseCount + each.falseCount,
      painCount: sum.painCount + each.painCount,
      foundCount: sum.foundCount + each.foundCount,
      timesToDetectMs: [...sum.timesToDetectMs, ...each.timesToDetectMs],
    }),
    NO_SCORE,
  );
}

/** Right tellings over all; `undefined` where nothing was told. */
export function precisionOf({ toldCount, falseCount }: Score): number | undefined {
  return toldCount === 0 ? undefined : (toldCount - falseCount) / toldCount;
}

/** Pains found over all that deserve it; `undefined` where none does. */
export function recallOf({ foundCount, painCount }: Score): number | undefined {
  return painCount === 0 ? undefined : foundCount / painCount;
}

/** The middle one, or the longer of the two middle ones. */
export function medianDetectMs({ timesToDetectMs }: Score): number | undefined {
  const sorted = timesToDetectMs.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
