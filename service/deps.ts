/** What the service is given: all effects come in here, nothing is read from the process. */
import type { Clock, Logger } from '../runtime/index.ts';
import type { AlertsSource, GameDays } from '../alerts/index.ts';
import type { Identity } from './auth/identity.ts';
import type { RequestLimits } from './auth/request-limits.ts';
import type { LaneLimits, LaneName } from './overload/lane.ts';
import type { SloSource } from './routes/slos.ts';
import type { Dashboard } from '../dashboards/index.ts';
import type { Stream } from '../streams/index.ts';
import type { Faults, KeptTrace, Metrics, SignalReader } from '../telemetry/index.ts';
import type { Warehouse } from '../warehouse/index.ts';

export interface OutgoingMessage {
  readonly data: Buffer;
  readonly attributes: Record<string, string>;
}

/** Rejects, or does not settle in time, where the named part is not ready; the message is shown to the caller. */
export interface ReadinessCheck {
  readonly name: string;
  readonly check: () => Promise<void>;
}

export interface SubscriptionBacklog {
  readonly subscription: string;
  readonly undeliveredCount: number;
  readonly oldestUnackedMessageAgeSeconds: number;
}

/** Which refused messages to put back, and how to mend them; `repair` goes from payload text to payload text. */
export interface ReplaySelection {
  readonly ids?: readonly string[];
  readonly reasonCode?: string;
  readonly repair?: (payloadText: string, quarantineId: string) => string;
  readonly dryRun: boolean;
}

export interface ReplayOutcome {
  readonly replayedCount: number;
  readonly stillBad: readonly { readonly quarantineId: string; readonly reason: string }[];
}

/** A message as Pub/Sub pushes it. */
export interface IncomingPush {
  readonly id: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  readonly deliveryAttempt: number;
  readonly publishTimeMicros: number;
}

/** Resolves once the message may be acked; rejects where it is to be pushed again. */
export type PushIntake = (stream: Stream, message: IncomingPush) => Promise<void>;

export interface ServiceDeps {
  readonly streams: readonly Stream[];
  readonly warehouse: Warehouse;
  /** One result a message, in order: its message id, or the error that kept it from being published. */
  readonly publish: (
    stream: Stream,
    messages: readonly OutgoingMessage[],
  ) => Promise<readonly (string | Error)[]>;
  /** Validates refused messages again and publishes those that pass; absent where nothing may be replayed. */
  readonly replayQuarantine?: (
    stream: Stream,
    selection: ReplaySelection,
  ) => Promise<ReplayOutcome>;
  /** Takes in what Pub/Sub pushes; absent: there is no such route. */
  readonly push?: PushIntake;
  /** Readiness beside the warehouse's own check, which is always made. */
  readonly checks: readonly ReadinessCheck[];
  /** Known of the embedded server; absent where the backlog is read elsewhere. */
  readonly backlog?: () => Promise<readonly SubscriptionBacklog[]>;
  /** Counters of an ingester in the same process, one object a stream, each with its `stream`. */
  readonly ingestStats?: () => readonly object[];
  /** Where requests are measured; absent: they are not. */
  readonly metrics?: Metrics;
  /** Panels that are drawn of `signals`; absent: there are no such routes. */
  readonly dashboards?: readonly Dashboard[];
  /** Where pictures of the past are read from; absent: there are none. */
  readonly signals?: SignalReader;
  /** Failures asked for on purpose; absent where they are not allowed. */
  readonly faults?: Pick<Faults, 'errorIsDue' | 'latencyMs'>;
  /** Statuses of SLOs and their hours; absent: there are no such routes. */
  readonly slos?: SloSource;
  /** Text of a playbook by its path as definitions name it. */
  readonly playbook?: (path: string) => string | undefined;
  /** Alerts and incidents; absent: there are no such routes. */
  readonly alerts?: AlertsSource;
  /** A trace that this process keeps; absent: there are no such routes. */
  readonly traces?: (traceId: string) => KeptTrace | undefined;
  /** Game days, for the console; absent where faults are not allowed. */
  readonly gameDays?: GameDays;
  /** Who is asking. */
  readonly identity: Identity;
  /** How often; absent: as often as they like. */
  readonly requestLimits?: RequestLimits;
  /** How many at once; lanes that are not named have the default. */
  readonly lanes?: Partial<Readonly<Record<LaneName, LaneLimits>>>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: { readonly bodyBytesMax: number };
  readonly version: string;
  readonly projectId: string;
}
