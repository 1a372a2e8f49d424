/** Durations as people write them (`250ms`, `30s`, `5m`, `1h30m`, `30d`), held in milliseconds. */

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
type Unit = keyof typeof UNIT_MS;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;

/** Milliseconds of a duration text, or `undefined` where it is none. `1h30m` is 5,400,000. */
export function parseDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(PART))
    totalMs += Number(amount) * UNIT_MS[unit as Unit];
  return totalMs;
}

/** The shortest exact text of a whole number of milliseconds: 90,000 is `1m30s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let restMs = Math.abs(Math.round(durationMs));
  let text = durationMs < 0 ? '-' : '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(restMs / UNIT_MS[unit]);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * UNIT_MS[unit];
  }
  return text;
}
