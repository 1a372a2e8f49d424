/** Reads what the status of SLOs is made from: all windows of all of them in one question, and where each history begins. */
import type { Signal, SignalReader } from '../telemetry/index.ts';
import { countsOf, countSignals } from './indicator-signals.ts';
import type { CountsAnswer } from './indicator-signals.ts';
import type { SloReading } from './slo-status.ts';
import type { Slo } from './slo.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/**
 * The begin of a history is looked for day by day, then hour by hour, then by 5 minutes: at most 366 + 25 + 12 points. Five
 * minutes hold a few samples of a source that has one a minute.
 */
const SEARCH_STEPS_MS = [DAY_MS, HOUR_MS, 5 * MINUTE_MS] as const;

/** Every window of the tiers, shortest first. */
export function windowsOf(slo: Slo): readonly number[] {
  const tierWindows = slo.tiers.flatMap((tier) => [tier.shortWindowMs, tier.longWindowMs]);
  return [...new Set(tierWindows)].toSorted((a, b) => a - b);
}

/**
 * The readings of all SLOs at one instant, in their order. `knownSince` keeps where histories begin between calls.
 * Errors: `metrics_unavailable`.
 */
export async function readSlos(
  reader: SignalReader,
  slos: readonly Slo[],
  atMs: number,
  knownSince: Map<string, number>,
): Promise<readonly SloReading[]> {
  const signals: Signal[] = [];
  const ask = (slo: Slo, windowMs: number) => {
    const { part, counted, valid } = countSignals(slo.indicator, windowMs);
    const at = signals.push(counted, valid) - 2;
    return { windowMs, part, at };
  };
  const questions = slos.map((slo) => ({
    slo,
    period: ask(slo, slo.windowMs),
    windows: windowsOf(slo).map((windowMs) => ask(slo, windowMs)),
  }));
  const answers = await reader.read(signals, atMs);
  const answerTo = ({ part, at }: { part: 'good' | 'bad'; at: number }): CountsAnswer =>
    countsOf(part, answers[at] ?? [], answers[at + 1] ?? []);

  const readings: SloReading[] = [];
  for (const { slo, period, windows } of questions) {
    const periodAnswer = answerTo(period);
    const hasData = periodAnswer.kind === 'counts';
    readings.push({
      atMs,
      sinceAtMs: hasData ? await sinceOf(reader, slo, atMs, knownSince) : undefined,
      period: periodAnswer,
      windows: new Map(windows.map((each) => [each.windowMs, answerTo(each)])),
    });
  }
  return readings;
}

/** Where the history begins within the window, to 5 minutes; `undefined` where it begins before. */
async function sinceOf(
  reader: SignalReader,
  slo: Slo,
  atMs: number,
  knownSince: Map<string, number>,
): Promise<number | undefined> {
  const key = `${slo.name} ${slo.revision}`;
  const startAtMs = atMs - slo.windowMs;
  const known = knownSince.get(key);
  if (known !== undefined) return known > startAtMs ? known : undefined;
  let [fromMs, toMs] = [startAtMs, atMs];
  for (const stepMs of SEARCH_STEPS_MS) {
    const { valid } = countSignals(slo.indicator, stepMs);
    const instants = { fromMs: fromMs + stepMs, toMs: toMs + stepMs - 1, stepMs };
    const points = (await reader.readRange(valid, instants))[0]?.points ?? [];
    const first = points.find(({ value }) => isPresent(slo, value));
    if (!first) break;
    [fromMs, toMs] = [first.atMs - stepMs, first.atMs];
    knownSince.set(key, fromMs);
  }
  return fromMs > startAtMs ? fromMs : undefined;
}

function isPresent(slo: Slo, value: number): boolean {
  return slo.budgeting === 'timeslices' ? value > 0 : !Number.isNaN(value);
}
