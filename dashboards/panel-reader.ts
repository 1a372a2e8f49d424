/** Dashboards drawn from the metrics that the service reads: each panel with its lines, for the API and for the console alike. */
import type { Clock } from '../runtime/index.ts';
import type { SignalReader } from '../telemetry/index.ts';
import type { Dashboard } from './dashboard.ts';
import { readDashboard } from './panel-json.ts';
import type { DashboardJson, RangeName } from './panel-json.ts';

/** An answer is made anew this often at most, however many pages are open. */
const KEPT_MS = 30_000;

export interface PanelReaderOptions {
  readonly dashboards: readonly Dashboard[];
  readonly reader: SignalReader;
  readonly clock: Clock;
}

export class PanelReader {
  readonly dashboards: readonly Dashboard[];
  readonly #options: PanelReaderOptions;
  /** By dashboard and range: as many as there are of both. */
  readonly #kept = new Map<string, { toMs: number; answer: Promise<DashboardJson> }>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: PanelReaderOptions) {
    this.#options = options;
    this.dashboards = options.dashboards;
  }

  /** What the panels show; a panel that cannot be answered says why, and the others stand. One dashboard is read at a time. */
  answer(dashboard: Dashboard, range: RangeName): Promise<DashboardJson> {
    const toMs = Math.floor(this.#options.clock.nowMs() / KEPT_MS) * KEPT_MS;
    const key = `${dashboard.name} ${range}`;
    const kept = this.#kept.get(key);
    if (kept?.toMs === toMs) return kept.answer;
    const answer = this.#last.then(() =>
      readDashboard(dashboard, range, toMs, this.#options.reader),
    );
    this.#last = answer.catch(() => undefined);
    this.#kept.set(key, { toMs, answer });
    return answer;
  }
}
