/** What the panels of a dashboard show over a range, as the API says it. */
import { messageOf } from '../runtime/index.ts';
import { metricsOf } from '../telemetry/index.ts';
import type { Instants, SignalReader } from '../telemetry/index.ts';
import { queriesOf } from './dashboard.ts';
import type { Dashboard, Panel } from './dashboard.ts';
import { answerQuery } from './panel-answer.ts';

const MINUTE_MS = 60_000;
/** Ranges that may be chosen, with 60 to 96 points each. */
export const RANGES = {
  '1h': { spanMs: 60 * MINUTE_MS, stepMs: MINUTE_MS },
  '6h': { spanMs: 360 * MINUTE_MS, stepMs: 5 * MINUTE_MS },
  '1d': { spanMs: 1_440 * MINUTE_MS, stepMs: 15 * MINUTE_MS },
  '7d': { spanMs: 10_080 * MINUTE_MS, stepMs: 120 * MINUTE_MS },
} as const;
export type RangeName = keyof typeof RANGES;

export type DashboardJson = Awaited<ReturnType<typeof readDashboard>>;
export type PanelJson = DashboardJson['sections'][number]['panels'][number];

/** What the panels show at the end of `toMs`; one that cannot be answered says why. */
export async function readDashboard(
  { name, title, sections }: Dashboard,
  range: RangeName,
  toMs: number,
  reader: SignalReader,
) {
  const { spanMs, stepMs } = RANGES[range];
  const instants = { fromMs: toMs - spanMs, toMs, stepMs };
  const read = [];
  for (const section of sections) {
    const panels = [];
    for (const panel of section.panels) panels.push(await readPanel(panel, instants, reader));
    read.push({ title: section.title ?? null, note: section.note ?? null, panels });
  }
  return {
    dashboard: name,
    title,
    range,
    from: time(instants.fromMs),
    to: time(toMs),
    step_seconds: stepMs / 1_000,
    sections: read,
  };
}

async function readPanel(panel: Panel, instants: Instants, reader: SignalReader) {
  const { title, width, height, content } = panel;
  const lines = [];
  let droppedCount = 0;
  let problem: string | null = null;
  for (const query of queriesOf(panel)) {
    try {
      const answer = await answerQuery(query, reader, instants);
      droppedCount += answer.droppedCount;
      for (const each of answer.lines) {
        const points = each.points.map(({ atMs, value }): [number, number | null] => [
          atMs / 1_000,
          // JSON has no NaN.
          Number.isFinite(value) ? value : null,
        ]);
        lines.push({ name: each.name, labels: each.labels, query: query.promql, points });
      }
    } catch (error) {
      problem = messageOf(error);
    }
  }
  return {
    title,
    width,
    height,
    kind: content.kind,
    unit: 'unit' in content ? content.unit : null,
    is_stacked: content.kind === 'chart' && content.isStacked,
    text:
      content.kind === 'text' ? content.markdown : content.kind === 'logs' ? content.filter : null,
    metrics: [...new Set(queriesOf(panel).flatMap(({ signals }) => signals.flatMap(metricsOf)))],
    thresholds: ('thresholds' in content ? content.thresholds : []).map((each) => ({
      value: each.value,
      label: each.label ?? null,
      tone: each.tone ?? null,
      side: each.side ?? null,
    })),
    lines,
    dropped_count: droppedCount,
    problem,
  };
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
