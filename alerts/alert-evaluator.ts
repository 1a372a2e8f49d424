/** Evaluates all policies at an interval, keeps what came of it, and has receivers told; says when it last worked. */
import { isAppError, isDiskFailure, messageOf } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import type { Matcher, SignalReader } from '../telemetry/index.ts';
import type { AlertChange, AlertLog } from './alert-log.ts';
import { alertPlan } from './alert-plan.ts';
import type { AlertPlan, Observation } from './alert-plan.ts';
import type { AlertsState, Incident } from './alert-state.ts';
import { acknowledge, addSilence, endSilence } from './hand-set.ts';
import { dueInstant } from './due-instant.ts';
import type { FoundExample } from './example-trace.ts';
import type { AlertDefinitions } from './load-policies.ts';
import type { Silence } from './silence.ts';
import type { Delivery } from './notify/outbox.ts';
import { stepAlerts } from './step-alerts.ts';
import { tellingOf } from './telling.ts';
import type { Telling } from './telling.ts';
import type { Transition } from './transition.ts';

export interface AlertEvaluatorOptions {
  readonly definitions: AlertDefinitions;
  readonly reader: SignalReader;
  readonly log: AlertLog;
  /** Has receivers told: on disk of theirs when it resolves, and the same place of an incident twice is one. */
  readonly tell: (telling: Telling) => Promise<void>;
  /** Notifications of an incident, the first to go out first; absent where they are kept nowhere. */
  readonly deliveriesOf?: (incidentId: string) => readonly Delivery[];
  /** A trace that shows what a transition is about; absent where none are kept. */
  readonly exampleOf?: (transition: Transition) => FoundExample | undefined;
  /** After each evaluation, for its metrics. */
  readonly onEvaluated?: (outcome: 'succeeded' | 'failed') => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the evaluator knows. */
export interface AlertsKnown {
  readonly state: AlertsState;
  /** Of the newest evaluation. */
  readonly observations: readonly Observation[];
  readonly lastSuccessAtMs: number | undefined;
  readonly durationMs: number;
  /** Of the newest attempt, where it failed. */
  readonly failure: string | undefined;
}

/** An evaluation is stale after this many intervals without success: one may be slow, one may fail. */
const STALE_INTERVALS = 3;

export class AlertEvaluator {
  readonly definitions: AlertDefinitions;
  readonly #options: AlertEvaluatorOptions;
  readonly #plan: AlertPlan;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #telling: Promise<void> = Promise.resolve();
  /** What the disk did not take; it is told all the same, and lost where the process ends before. */
  #unkept: Telling[] = [];
  #known: AlertsKnown;

  constructor(options: AlertEvaluatorOptions) {
    this.#options = options;
    this.definitions = options.definitions;
    this.#plan = alertPlan(options.definitions.policies);
    this.#known = {
      state: options.log.load(),
      observations: [],
      lastSuccessAtMs: undefined,
      durationMs: 0,
      failure: undefined,
    };
  }

  get known(): AlertsKnown {
    return this.#known;
  }

  get log(): Pick<AlertLog, 'exampleTrace' | 'examples' | 'incident' | 'incidents' | 'timeline'> {
    return this.#options.log;
  }

  /** Notifications of an incident and what became of each, the first first. */
  deliveriesOf(incidentId: string): readonly Delivery[] {
    return this.#options.deliveriesOf?.(incidentId) ?? [];
  }

  /** Whether what it knows is too old to act on. */
  isStale(nowMs: number): boolean {
    const { lastSuccessAtMs } = this.#known;
    const { intervalMs } = this.definitions;
    return lastSuccessAtMs === undefined || nowMs - lastSuccessAtMs > STALE_INTERVALS * intervalMs;
  }

  /** Evaluates now and then at the interval, until `close`; what was not told before a restart is told first. */
  start(): void {
    this.#running ??= this.#loop();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#telling;
  }

  /** One evaluation, of now; a failure is kept and logged. Resolves when receivers' outbox has what is told. */
  evaluate(): Promise<AlertsKnown> {
    return this.#evaluate(this.#options.clock.nowMs());
  }

  async #evaluate(atMs: number): Promise<AlertsKnown> {
    const { clock, logger, onEvaluated } = this.#options;
    const startedMs = clock.monotonicMs();
    const { observations, failure } = await this.#observe(atMs);
    // From here to the saving nothing waits, so that an acknowledgement meanwhile is not lost.
    const { state, transitions } = stepAlerts(
      this.definitions,
      observations,
      this.#known.state,
      atMs,
    );
    this.#known = {
      state,
      observations: failure === undefined ? observations : this.#known.observations,
      lastSuccessAtMs: failure === undefined ? atMs : this.#known.lastSuccessAtMs,
      durationMs: clock.monotonicMs() - startedMs,
      failure,
    };
    this.#change(state, transitions);
    this.#logDropped(observations);
    if (failure !== undefined) logger.warn('alert_evaluation_failed', { reason: failure });
    onEvaluated?.(failure === undefined ? 'succeeded' : 'failed');
    await this.#tellWaiting();
    return this.#known;
  }

  /** @throws AppError `not_found` where no incident of that id is open */
  async acknowledge(id: string, by: string, note?: string): Promise<Incident> {
    const atMs = this.#options.clock.nowMs();
    const done = acknowledge(this.#known.state, id, {
      by,
      atMs,
      ...(note === undefined ? {} : { note }),
    });
    const { incident } = done;
    const tellings: Telling[] = incident.told
      ? [
          {
            sequence: this.#options.log.tellingCount(id),
            state: 'acknowledged',
            incident,
            value: incident.value,
            atMs,
            example: this.#options.log.examples(id).at(-1),
          },
        ]
      : [];
    this.#keep({ state: done.state, transitions: [], tellings });
    this.#options.logger.info('alert_acknowledged', { incidentId: id, by, note });
    await this.#tellWaiting();
    return incident;
  }

  /** @throws AppError as `addSilence` */
  silence(silence: Omit<Silence, 'kind'> & { readonly matchers: readonly Matcher[] }): Silence {
    const whole: Silence = { ...silence, kind: 'silence' };
    const state = addSilence(this.#known.state, whole);
    this.#keep({ state, transitions: [], tellings: [] });
    const { id, by, reason, endsAtMs } = whole;
    this.#options.logger.info('alert_silenced', { silenceId: id, by, reason, endsAtMs });
    return whole;
  }

  /** @throws AppError `not_found` */
  endSilence(id: string, by: string): void {
    const state = endSilence(this.#known.state, id);
    this.#keep({ state, transitions: [], tellings: [] });
    this.#options.logger.info('alert_silence_ended', { silenceId: id, by });
  }

  async #loop(): Promise<void> {
    const { clock, logger } = this.#options;
    await this.#tellWaiting();
    const { intervalMs } = this.definitions;
    const startAtMs = clock.nowMs();
    while (!this.#stop.signal.aborted) {
      const atMs = dueInstant(startAtMs, intervalMs, clock.nowMs());
      await this.#evaluate(atMs).catch((error: unknown) => {
        logger.error('alert_evaluation_broken', { error });
        this.#options.onEvaluated?.('failed');
      });
      // One that took longer than an interval is followed by the one that is due then; those between are left out.
      const nowMs = clock.nowMs();
      const dueAtMs = dueInstant(startAtMs, intervalMs, nowMs);
      if (dueAtMs > atMs) continue;
      await clock.sleep(Math.max(0, dueAtMs + intervalMs - nowMs), this.#stop.signal);
    }
  }

  async #observe(
    atMs: number,
  ): Promise<{ observations: readonly Observation[]; failure: string | undefined }> {
    try {
      const answers = await this.#options.reader.read(this.#plan.signals, atMs);
      return { observations: this.#plan.observe(answers), failure: undefined };
    } catch (error) {
      if (!isAppError(error, 'metrics_unavailable')) throw error;
      return { observations: this.#plan.observeNothing(), failure: messageOf(error) };
    }
  }

  #change(state: AlertsState, transitions: readonly Transition[]): void {
    const { log } = this.#options;
    const counts = new Map<string, number>();
    const examples = new Map<string, FoundExample>();
    const tellings = transitions.flatMap((transition) => {
      const id = transition.incident?.id ?? '';
      const found = this.#exampleOf(transition);
      if (found) examples.set(id, found);
      const sequence = counts.get(id) ?? log.tellingCount(id);
      const telling = tellingOf(transition, sequence);
      if (!telling) return [];
      counts.set(id, sequence + 1);
      return [{ ...telling, example: examples.get(id)?.example ?? log.examples(id).at(-1) }];
    });
    for (const transition of transitions) this.#logTransition(transition);
    const found = [...examples].map(([incidentId, each]) => ({ incidentId, ...each }));
    this.#keep({ state, transitions, tellings, examples: found });
  }

  /** Of what begins or becomes louder; a page goes out without one, whatever is wrong with the looking. */
  #exampleOf(transition: Transition): FoundExample | undefined {
    if (!transition.incident || !['firing', 'raised', 'unmuted'].includes(transition.kind)) {
      return undefined;
    }
    try {
      return this.#options.exampleOf?.(transition);
    } catch (error) {
      this.#options.logger.error('alert_example_failed', { error, policy: transition.policy });
      return undefined;
    }
  }

  #keep(change: AlertChange): void {
    this.#known = { ...this.#known, state: change.state };
    try {
      this.#options.log.save(change);
    } catch (error) {
      if (!isDiskFailure(error)) throw error;
      this.#unkept.push(...change.tellings);
      this.#options.logger.error('alert_log_write_failed', {
        message: 'What alerting knows is not kept: a restart now tells again what fires',
        error,
      });
    }
  }

  /** One at a time, those of an incident in order; what fails waits for the next evaluation and holds up no other incident. */
  #tellWaiting(): Promise<void> {
    this.#telling = this.#telling.then(async () => {
      const { log, logger } = this.#options;
      const failed = new Set<string>();
      try {
        for (const telling of log.waiting()) {
          if (await this.#tell(telling, failed)) log.handedOver(telling);
        }
        for (const telling of this.#unkept.splice(0)) {
          if (!(await this.#tell(telling, failed))) this.#unkept.push(telling);
        }
      } catch (error) {
        logger.error('alert_telling_failed', { error });
      }
    });
    return this.#telling;
  }

  /** Whether it was taken; an incident of `failed` waits for what came before. */
  async #tell(telling: Telling, failed: Set<string>): Promise<boolean> {
    const { tell, logger } = this.#options;
    const { incident, sequence } = telling;
    if (failed.has(incident.id)) return false;
    try {
      await tell(telling);
      return true;
    } catch (error) {
      failed.add(incident.id);
      logger.error('alert_telling_failed', { error, incidentId: incident.id, sequence });
      return false;
    }
  }

  #logTransition({ kind, policy, rung, labels, value, isTold, incident }: Transition): void {
    const isLoud = kind === 'firing' || kind === 'raised' || kind === 'unmuted';
    this.#options.logger[isLoud ? 'warn' : 'info']('alert_changed', {
      message: `${policy} ${rung}: ${kind}`,
      change: kind,
      policy,
      rung,
      labels,
      value: Number.isFinite(value) ? value : null,
      isTold,
      incidentId: incident?.id ?? null,
      alertSeverity: incident?.severity ?? null,
      route: incident?.route ?? null,
      mutedBy: incident?.muted?.by ?? null,
    });
  }

  #logDropped(observations: readonly Observation[]): void {
    for (const { policy, rung, droppedCount } of observations) {
      if (droppedCount === 0) continue;
      this.#options.logger.warn('alert_groups_dropped', {
        policy: policy.name,
        rung: rung.name,
        droppedCount,
      });
    }
  }
}
