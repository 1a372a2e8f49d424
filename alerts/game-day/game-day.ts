/** A game day: breaks the running service on purpose, waits for the alert that has to say so, mends it, and waits for the end. */
import { AppError, messageOf } from '../../runtime/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import type { FaultName, Faults } from '../../telemetry/index.ts';
import type { AlertEvaluator } from '../alert-evaluator.ts';
import type { AlertState, Incident } from '../alert-state.ts';
import { clearMaxMs, drilledRungs, drillOf } from './drill.ts';
import type { Drill, DrillName } from './drill.ts';
import { waitingWords } from './waiting-words.ts';

/** `quiet`: waits until an earlier drill's alert is over. `firing`: broken, waits for the alert. `clearing`: mended, waits for its end. */
export type DrillPhase = 'planned' | 'quiet' | 'firing' | 'clearing' | 'over';
export type DrillOutcome =
  'passed' | 'not_quiet' | 'not_detected' | 'not_cleared' | 'stopped' | 'failed';

/** One drill, as far as it has got. */
export interface DrillStatus {
  readonly drill: DrillName;
  readonly faults: Drill['faults'];
  /** Policies of which one has to fire. */
  readonly expected: readonly string[];
  readonly phase: DrillPhase;
  readonly outcome?: DrillOutcome;
  /** What is being waited for, with the newest figure. */
  readonly waitingFor?: string;
  readonly injectedAtMs?: number;
  readonly removedAtMs?: number;
  /** The policy and rung that fired first, and its incident. */
  readonly policy?: string;
  readonly rung?: string;
  readonly incidentId?: string;
  readonly firedAtMs?: number;
  /** Whether receivers were told: they are not where a silence or another alert mutes it. */
  readonly isTold?: boolean;
  readonly clearedAtMs?: number;
  /** Other policies that fired meanwhile. */
  readonly alsoFired: readonly string[];
}

export interface GameDayStatus {
  readonly state: 'idle' | 'running' | 'over';
  readonly startedAtMs?: number;
  /** Channels that are told, as in earnest. */
  readonly channels: readonly string[];
  readonly drills: readonly DrillStatus[];
  /** Of ours, where the run broke off. */
  readonly failure?: string;
}

/** What starts, watches and stops game days: for the console and for the internal port. */
export interface GameDays {
  /** @throws AppError `invalid_argument` for a drill that cannot be; `locked` while one runs, faults are in force or its alert fires */
  start(drills: readonly DrillName[]): GameDayStatus;
  status(): GameDayStatus;
  /** Resolves when the fault is removed. */
  stop(): Promise<GameDayStatus>;
}

export interface GameDayOptions {
  readonly faults: Pick<Faults, 'clear' | 'list' | 'set'>;
  readonly alerts: Pick<AlertEvaluator, 'definitions' | 'isStale' | 'known'>;
  /** Drives requests or messages until the signal aborts. */
  readonly traffic: (kind: Drill['traffic'], signal: AbortSignal) => Promise<void>;
  readonly channels: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A burn rate over an hour wants nine bad minutes where the hour was good; twice that and more. */
const DETECT_MAX_MS = 30 * 60_000;
/** Past the wait, so that the fault ends by itself where this loop does not. */
const FAULT_MS = DETECT_MAX_MS + 60_000;
const LOOK_EVERY_MS = 250;

export class GameDay implements GameDays {
  readonly #options: GameDayOptions;
  #drills: DrillStatus[] = [];
  #startedAtMs: number | undefined;
  #failure: string | undefined;
  /** Incidents that were open when the fault came. */
  #before: ReadonlySet<string> = new Set();
  #run: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  constructor(options: GameDayOptions) {
    this.#options = options;
  }

  status(): GameDayStatus {
    const { channels } = this.#options;
    return {
      state: this.#run ? 'running' : this.#drills.length > 0 ? 'over' : 'idle',
      ...(this.#startedAtMs === undefined ? {} : { startedAtMs: this.#startedAtMs }),
      channels,
      drills: this.#drills,
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    };
  }

  start(names: readonly DrillName[]): GameDayStatus {
    const { alerts, clock, faults, logger } = this.#options;
    const drills = names.map((name) => drillOf(name, alerts.definitions.policies));
    if (this.#run) throw new AppError('locked', 'A game day is under way; stop it first.');
    const [active] = faults.list();
    if (active) {
      throw new AppError('locked', `The fault ${active.fault} is in force; clear it first.`);
    }
    const firing = drills.flatMap((drill) => this.#firing(drill));
    if (firing[0]) {
      throw new AppError(
        'locked',
        `${firing[0].policy} fires already; a drill would tell nothing, and hide what is wrong.`,
      );
    }
    if (alerts.isStale(clock.nowMs())) {
      throw new AppError('locked', 'Alerts are not evaluated; nothing would be noticed.');
    }
    this.#startedAtMs = clock.nowMs();
    this.#failure = undefined;
    this.#drills = drills.map(({ name, faults: settings, policies }) => ({
      drill: name,
      faults: settings,
      expected: policies.map((policy) => policy.name),
      phase: 'planned',
      alsoFired: [],
    }));
    logger.warn('game_day_started', { drills: names });
    const stop = new AbortController();
    const done = this.#runAll(drills, stop.signal)
      .catch((error: unknown) => {
        this.#failure = messageOf(error);
        logger.error('game_day_failed', { error });
      })
      .finally(() => {
        this.#run = undefined;
        logger.warn('game_day_over', { outcomes: this.#drills.map(({ outcome }) => outcome) });
      });
    this.#run = { stop, done };
    return this.status();
  }

  async stop(): Promise<GameDayStatus> {
    this.#run?.stop.abort();
    await this.#run?.done;
    return this.status();
  }

  async #runAll(drills: readonly Drill[], signal: AbortSignal): Promise<void> {
    for (const [at, drill] of drills.entries()) {
      let outcome: DrillOutcome = 'failed';
      try {
        outcome = signal.aborted ? 'stopped' : await this.#runOne(at, drill, signal);
      } finally {
        this.#note(at, { phase: 'over', outcome });
      }
    }
  }

  async #runOne(at: number, drill: Drill, signal: AbortSignal): Promise<DrillOutcome> {
    const { clock, faults, traffic } = this.#options;
    this.#note(at, { phase: 'quiet' });
    const isQuiet = () => this.#firing(drill).length === 0 || undefined;
    const quietMaxMs = Math.max(0, ...this.#firing(drill).map((alert) => clearMaxOf(drill, alert)));
    if (!(await this.#until(at, drill, isQuiet, quietMaxMs, signal))) {
      return signal.aborted ? 'stopped' : 'not_quiet';
    }
    this.#before = new Set(this.#options.alerts.known.state.incidents.map(({ id }) => id));
    const names = Object.keys(drill.faults) as FaultName[];
    const calm = new AbortController();
    let driven = Promise.resolve();
    try {
      const injectedAtMs = clock.nowMs();
      faults.set(drill.faults, FAULT_MS);
      this.#note(at, { phase: 'firing', injectedAtMs });
      driven = traffic(drill.traffic, calm.signal);
      const alert = await this.#until(
        at,
        drill,
        () => this.#firing(drill)[0],
        DETECT_MAX_MS,
        signal,
      );
      faults.clear(names);
      this.#note(at, { removedAtMs: clock.nowMs() });
      if (!alert) return signal.aborted ? 'stopped' : 'not_detected';
      this.#noteFired(at, alert);
      this.#note(at, { phase: 'clearing' });
      const isOver = () => (this.#isFiring(alert) ? undefined : true);
      const cleared = await this.#until(at, drill, isOver, clearMaxOf(drill, alert), signal);
      if (!cleared) return signal.aborted ? 'stopped' : 'not_cleared';
      const { evaluatedAtMs } = this.#options.alerts.known.state;
      this.#note(at, { clearedAtMs: evaluatedAtMs ?? clock.nowMs() });
      return 'passed';
    } finally {
      faults.clear(names);
      calm.abort();
      await driven.catch(() => undefined);
    }
  }

  /** What `look` finds; `undefined` after the deadline, or where it is stopped. */
  async #until<T>(
    at: number,
    drill: Drill,
    look: () => T | undefined,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { alerts, clock } = this.#options;
    const endAtMs = clock.monotonicMs() + deadlineMs;
    while (!signal.aborted) {
      const found = look();
      if (found !== undefined) return found;
      if (clock.monotonicMs() >= endAtMs) return undefined;
      const status = this.#drills[at];
      if (status?.injectedAtMs !== undefined) this.#noteOthers(at);
      const shown = status?.phase === 'quiet' ? this.#firing(drill)[0] : status;
      this.#note(at, { waitingFor: waitingWords(drill, status?.phase, shown, alerts) });
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
    return undefined;
  }

  /** Alerts of the drill's policies that fire, first fired first. */
  #firing({ policies }: Drill): readonly AlertState[] {
    const counted = new Set(
      policies.flatMap((policy) =>
        drilledRungs(policy).map(({ name }) => `${policy.name}/${name}`),
      ),
    );
    return this.#options.alerts.known.state.alerts
      .filter(({ phase, policy, rung }) => phase === 'firing' && counted.has(`${policy}/${rung}`))
      .toSorted((a, b) => (a.firedAtMs ?? 0) - (b.firedAtMs ?? 0));
  }

  #isFiring({ policy, rung, labels }: AlertState): boolean {
    return this.#options.alerts.known.state.alerts.some(
      (each) =>
        each.phase === 'firing' &&
        each.policy === policy &&
        each.rung === rung &&
        isSame(each.labels, labels),
    );
  }

  #noteFired(at: number, { policy, rung, labels, firedAtMs }: AlertState): void {
    const incident = this.#options.alerts.known.state.incidents.find(
      (each) => each.policy === policy && isSame(each.labels, labels),
    );
    this.#note(at, {
      policy,
      rung,
      ...(firedAtMs === undefined ? {} : { firedAtMs }),
      ...(incident ? { incidentId: incident.id, isTold: incident.told !== undefined } : {}),
    });
  }

  #noteOthers(at: number): void {
    const drill = this.#drills[at];
    const own = drill?.policy;
    const isExpected = (policy: string) =>
      own === undefined ? drill?.expected.includes(policy) === true : policy === own;
    const isNew = ({ id, policy }: Incident) => !this.#before.has(id) && !isExpected(policy);
    const now = this.#options.alerts.known.state.incidents.filter(isNew);
    const alsoFired = new Set([...(drill?.alsoFired ?? []), ...now.map(({ policy }) => policy)]);
    this.#note(at, { alsoFired: [...alsoFired].toSorted() });
  }

  #note(at: number, change: Partial<DrillStatus>): void {
    const before = this.#drills[at];
    if (!before) return;
    const { waitingFor, ...rest } = { ...before, ...change };
    const isWaiting = waitingFor !== undefined && rest.phase !== 'over';
    this.#drills = this.#drills.with(at, isWaiting ? { ...rest, waitingFor } : rest);
  }
}

function clearMaxOf({ policies }: Drill, { policy, rung }: AlertState): number {
  const found = policies
    .find(({ name }) => name === policy)
    ?.rungs.find(({ name }) => name === rung);
  return found ? clearMaxMs(found) : 0;
}

function isSame(a: AlertState['labels'], b: AlertState['labels']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
