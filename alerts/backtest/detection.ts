/** What an alert was worth: when users began to feel it, how long it took to tell, and how much of the budget was gone by then. */
import { badCount, countsOf, countSignals } from '../../slo/index.ts';
import type { Counts, Slo } from '../../slo/index.ts';
import { replaySignalReader, riseBetween } from '../../telemetry/index.ts';
import type { SignalReader } from '../../telemetry/index.ts';
import type { History, Pain } from './history.ts';
import type { Episode } from './replay.ts';

export interface Detection {
  readonly painStartMs: number;
  /** Absent where it had not ended when the history did. */
  readonly painEndMs: number | undefined;
  readonly timeToDetectMs: number;
  /** From the end of the pain to the end of the alert; absent where either is not known. */
  readonly timeToResolveMs: number | undefined;
  /** Share of the SLO's budget that went from the start of the pain to the telling; absent where there is no SLO. */
  readonly budgetSpentRatio: number | undefined;
}

/** Quiet this long ends a pain: shorter pauses are those of something that flaps. */
const QUIET_MS = 15 * 60_000;
/** The window in which an error ratio is looked at: at least five minutes, and a few samples. */
const LOOK_MS = 5 * 60_000;
const LOOK_STEPS = 5;

/** Pain is known, or it is a run of instants at which the budget went faster than is sustainable (burn rate above 1). */
export class Detector {
  readonly #history: History;
  readonly #reader: SignalReader;
  readonly #pains: readonly Pain[] | undefined;
  readonly #found = new Map<string, Promise<readonly Stretch[]>>();

  constructor(history: History, pains?: readonly Pain[]) {
    this.#history = history;
    this.#reader = replaySignalReader(history.store);
    this.#pains = pains;
  }

  /** `slo` is that of the episode's policy, where it has one. */
  async detect(episode: Episode, slo: Slo | undefined): Promise<Detection> {
    const toldAtMs = episode.pagedAtMs ?? episode.ticketedAtMs ?? episode.firedAtMs;
    const stretches = this.#pains ?? (slo ? await this.#stretchesOf(slo) : []);
    const pain = stretches.findLast(
      ({ startMs, endMs }) => startMs <= toldAtMs && endMs + QUIET_MS >= episode.startedAtMs,
    );
    const painStartMs = pain?.startMs ?? episode.startedAtMs;
    const isOver = pain !== undefined && pain.endMs < this.#history.toMs;
    const painEndMs = isOver ? pain.endMs : undefined;
    const { resolvedAtMs } = episode;
    return {
      painStartMs,
      painEndMs,
      timeToDetectMs: Math.max(0, toldAtMs - painStartMs),
      timeToResolveMs:
        painEndMs === undefined || resolvedAtMs === undefined
          ? undefined
          : Math.max(0, resolvedAtMs - painEndMs),
      budgetSpentRatio: slo && this.#spent(slo, painStartMs, toldAtMs),
    };
  }

  /** Bad events of the pain over those that the whole window allows, at the mean traffic of what is known of it. */
  #spent(slo: Slo, painStartMs: number, toldAtMs: number): number | undefined {
    const { store, fromMs, stepMs } = this.#history;
    const windowMs = Math.min(slo.windowMs, Math.max(stepMs, toldAtMs - fromMs));
    const { part, counted, valid } = countSignals(slo.indicator, windowMs);
    const between = (startMs: number): Counts | undefined => {
      const fromTo = [store, startMs, toldAtMs] as const;
      const answer = countsOf(part, riseBetween(counted, ...fromTo), riseBetween(valid, ...fromTo));
      return answer.kind === 'counts' ? answer.counts : undefined;
    };
    const pain = painStartMs < toldAtMs ? between(painStartMs) : undefined;
    const whole = between(toldAtMs - windowMs);
    if (!pain || !whole || whole.validCount === 0) return undefined;
    const allowed = slo.objective.budgetRatio.value * whole.validCount * (slo.windowMs / windowMs);
    return badCount(pain) / allowed;
  }

  #stretchesOf(slo: Slo): Promise<readonly Stretch[]> {
    const known = this.#found.get(slo.name) ?? this.#findStretches(slo);
    this.#found.set(slo.name, known);
    return known;
  }

  async #findStretches(slo: Slo): Promise<readonly Stretch[]> {
    const { fromMs, toMs, stepMs } = this.#history;
    const lookMs = Math.max(LOOK_MS, LOOK_STEPS * stepMs);
    const { part, counted, valid } = countSignals(slo.indicator, lookMs);
    const stretches: { startMs: number; endMs: number }[] = [];
    const signals = [counted, valid];
    for (let atMs = fromMs; atMs <= toMs; atMs += stepMs) {
      const [ofCounted = [], ofValid = []] = await this.#reader.read(signals, atMs);
      const answer = countsOf(part, ofCounted, ofValid);
      if (answer.kind !== 'counts') continue;
      const allowed = slo.objective.budgetRatio.value * answer.counts.validCount;
      if (badCount(answer.counts) <= allowed) continue;
      const startMs = atMs - stepMs;
      // The oldest rise that the window shows is between its first two samples.
      const endMs = atMs - lookMs + 2 * stepMs;
      const last = stretches.at(-1);
      if (last && startMs - last.endMs <= QUIET_MS) last.endMs = Math.max(last.endMs, endMs);
      else stretches.push({ startMs, endMs: Math.max(atMs, endMs) });
    }
    return stretches;
  }
}

interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}
