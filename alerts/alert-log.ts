/** The memory of alerting: its state, incidents with what happened to them, and what receivers are still to hear. */
import type { AlertsState, Incident } from './alert-state.ts';
import type { KeptTrace } from '../telemetry/index.ts';
import type { ExampleTrace, FoundExample } from './example-trace.ts';
import type { Telling } from './telling.ts';
import type { Transition } from './transition.ts';

/** What a step, an acknowledgement or a silence changed. */
export interface AlertChange {
  readonly state: AlertsState;
  readonly transitions: readonly Transition[];
  readonly tellings: readonly Telling[];
  /** Traces that show what incidents are about. */
  readonly examples?: readonly (FoundExample & { readonly incidentId: string })[];
}

export interface IncidentRecord {
  readonly incident: Incident;
  /** Absent while it is open. */
  readonly resolvedAtMs: number | undefined;
}

export interface IncidentQuery {
  readonly isOpen?: boolean;
  readonly policy?: string;
  readonly countMax: number;
}

export interface AlertLog {
  /** What was kept; nothing where there was nothing. */
  load(): AlertsState;
  /** Keeps all of a change or nothing of it; kept when it returns. */
  save(change: AlertChange): void;
  /** Tellings that nobody took over yet, oldest first. */
  waiting(): readonly Telling[];
  /** Forgets a telling, since the outbox has it. */
  handedOver(telling: Telling): void;
  /** Tellings of an incident so far: the sequence of the next. */
  tellingCount(incidentId: string): number;
  /** Newest first. */
  incidents(query: IncidentQuery): readonly IncidentRecord[];
  incident(id: string): IncidentRecord | undefined;
  /** What happened to an incident, in order. */
  timeline(incidentId: string): readonly Transition[];
  /** Traces of an incident's bad events, the first chosen first. */
  examples(incidentId: string): readonly ExampleTrace[];
  /** The trace of an example, as it was when it was chosen. */
  exampleTrace(traceId: string): KeptTrace | undefined;
  close(): void;
}
