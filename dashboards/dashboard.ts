/** What a dashboard is, as read from its YAML file with streams and SLOs in place: sections of panels of queries. */
import type { Signal } from '../telemetry/index.ts';

/** How figures are shown. A `ratio` is 0 to 1 and shown as a percentage. */
export const UNITS = [
  'seconds',
  'ratio',
  'count',
  'per_second',
  'bytes',
  'bytes_per_second',
  'times',
] as const;
export type Unit = (typeof UNITS)[number];

/** From the share of events that the signals answer to a figure of an SLO; two signals are first divided. */
export interface SloCourse {
  readonly figure: 'sli' | 'budget_remaining' | 'burn_rate';
  /** Whether the share is that of good or of bad events. */
  readonly part: 'good' | 'bad';
  readonly budgetRatio: number;
}

/** One question of a panel. */
export interface Query {
  /** What Prometheus and Cloud Monitoring run. */
  readonly promql: string;
  /** The signals that the text was made of. */
  readonly signals: readonly Signal[];
  /** How a figure of an SLO comes from the answers; absent where the only signal is the answer. */
  readonly slo?: SloCourse;
  /** Name of the line; absent where its labels say enough. */
  readonly legend?: string;
}

/** A line across a chart, or a bound that colours a number. */
export interface Threshold {
  readonly value: number;
  readonly label?: string;
  /** For a number: which colour, and on which side of the value. */
  readonly tone?: 'warning' | 'danger';
  readonly side?: 'above' | 'below';
}

export type PanelContent =
  | { readonly kind: 'text'; readonly markdown: string }
  | { readonly kind: 'incidents' }
  | { readonly kind: 'logs'; readonly filter: string }
  | {
      readonly kind: 'number';
      readonly query: Query;
      readonly unit: Unit;
      readonly thresholds: readonly Threshold[];
    }
  | {
      readonly kind: 'chart';
      readonly queries: readonly Query[];
      readonly unit: Unit;
      readonly isStacked: boolean;
      readonly thresholds: readonly Threshold[];
    }
  | { readonly kind: 'heatmap'; readonly query: Query; readonly unit: Unit }
  | { readonly kind: 'table'; readonly queries: readonly Query[]; readonly unit: Unit };

export interface Panel {
  readonly title: string;
  /** In the 48 columns of a dashboard. */
  readonly width: number;
  readonly height: number;
  readonly content: PanelContent;
}

export interface Section {
  /** Absent where the section has no header. */
  readonly title?: string;
  readonly note?: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** A DNS label; the compiled file is named by it. */
  readonly name: string;
  readonly title: string;
  readonly sections: readonly Section[];
}

/** The queries of a panel, in order. */
export function queriesOf({ content }: Panel): readonly Query[] {
  switch (content.kind) {
    case 'number':
    case 'heatmap':
      return [content.query];
    case 'chart':
    case 'table':
      return content.queries;
    case 'text':
    case 'incidents':
    case 'logs':
      break;
  }
  return [];
}
