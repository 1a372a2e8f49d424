/** The ledger: good and valid events of every hour, kept beyond the metrics, each judged by the definition of its time. */
import type { SignalReader } from '../telemetry/index.ts';
import type { Counts } from './counts.ts';
import { countsOf, countSignals } from './indicator-signals.ts';
import type { Slo } from './slo.ts';

/** One hour of one SLO. What it was judged by stays with it: a changed objective does not rewrite history. */
export interface LedgerRow extends Counts {
  readonly slo: string;
  readonly revision: string;
  /** The hour is `(startAtMs, startAtMs + 1 h]`. */
  readonly startAtMs: number;
  readonly objectivePercentText: string;
  readonly budgetRatio: number;
}

export interface SloLedger {
  /** Keeps rows; one of an hour that is kept already is left out. */
  append(rows: readonly LedgerRow[]): Promise<void>;
  /** Rows of an SLO that start within `[fromMs, toMs)`, in order of time. */
  read(slo: string, fromMs: number, toMs: number): Promise<readonly LedgerRow[]>;
  /** Start of the newest hour kept of an SLO. */
  newest(slo: string): Promise<number | undefined>;
}

export const LEDGER_HOUR_MS = 3_600_000;
/** Samples of an hour are in by then: Cloud Monitoring shows Pub/Sub's within about 4 minutes. */
const SETTLE_MS = 5 * 60_000;
/** Metrics are kept this long; what is older cannot be counted any more. */
const BACKFILL_MS_MAX = 35 * 24 * LEDGER_HOUR_MS;

/** The rows of all hours that are over and not in the ledger yet. Hours without a valid event have none. */
export async function missingRows(
  reader: SignalReader,
  ledger: SloLedger,
  slo: Slo,
  atMs: number,
): Promise<readonly LedgerRow[]> {
  const toMs = Math.floor((atMs - SETTLE_MS) / LEDGER_HOUR_MS) * LEDGER_HOUR_MS;
  const newest = await ledger.newest(slo.name);
  const lookbackMs = Math.min(BACKFILL_MS_MAX, reader.lookbackMaxMs);
  const earliest = Math.ceil((atMs - lookbackMs) / LEDGER_HOUR_MS) * LEDGER_HOUR_MS;
  const fromMs = Math.max(earliest, newest === undefined ? 0 : newest + LEDGER_HOUR_MS);
  if (fromMs >= toMs) return [];
  const { part, counted, valid } = countSignals(slo.indicator, LEDGER_HOUR_MS);
  const instants = { fromMs: fromMs + LEDGER_HOUR_MS, toMs, stepMs: LEDGER_HOUR_MS };
  const [countedRange, validRange] = await Promise.all([
    reader.readRange(counted, instants),
    reader.readRange(valid, instants),
  ]);
  const countedAt = new Map((countedRange[0]?.points ?? []).map((each) => [each.atMs, each.value]));
  return (validRange[0]?.points ?? []).flatMap(({ atMs: endAtMs, value }) => {
    const countedCount = countedAt.get(endAtMs);
    const answer = countsOf(
      part,
      countedCount === undefined ? [] : [{ labels: {}, value: countedCount }],
      [{ labels: {}, value }],
    );
    if (answer.kind !== 'counts' || answer.counts.validCount === 0) return [];
    return [
      {
        slo: slo.name,
        revision: slo.revision,
        startAtMs: endAtMs - LEDGER_HOUR_MS,
        objectivePercentText: slo.objective.percent.text,
        budgetRatio: slo.objective.budgetRatio.value,
        ...answer.counts,
      },
    ];
  });
}
