/** Takes notifications, keeps them in the outbox, and delivers each once to each channel, whatever fails meanwhile. */
import { isDiskFailure } from '../../runtime/index.ts';
import type { Clock, Logger, Timer } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { Channel, ChannelKind, SendResult } from './channel.ts';
import { decideDelivery } from './delivery-decision.ts';
import type { DeliveryDecision } from './delivery-decision.ts';
import { observeDeliveries } from './delivery-metrics.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import type { NotificationRoute, Notification } from './notification.ts';
import { notificationKey, notificationSchema } from './notification.ts';
import { Outbox, laneOf } from './outbox.ts';
import type { Delivery, OutboxLimits } from './outbox.ts';
import { headline } from './page-facts.ts';
import { WAIT_MAX_MS } from './retry-delay.ts';

export interface Dispatcher {
  /**
   * On disk when it returns `stored`; `known` where that incident's sequence was taken before; `volatile` where the disk failed:
   * it is sent all the same, and lost if the process ends first.
   */
  notify(notification: Notification): 'stored' | 'known' | 'volatile';
  /** The newest deliveries first, with tries and last errors. */
  recent(countMax: number): readonly Delivery[];
  pending(): readonly Delivery[];
  /** Those of an incident, in the order of its notifications. */
  deliveriesOf(incidentId: string): readonly Delivery[];
  /** Delivers what is due within `drainMs`, then lets the rest wait in the outbox for the next start. */
  close(drainMs?: number): Promise<void>;
}

export interface DispatcherOptions {
  /** Of the outbox. */
  readonly path: string;
  readonly channels: readonly Channel[];
  readonly routes: Readonly<Record<NotificationRoute, readonly ChannelKind[]>>;
  /** After so long a delivery that fails again is given up, visibly. */
  readonly giveUpAfterMs: number;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** 0 to 1; spreads repeats. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly outboxLimits?: Partial<OutboxLimits>;
}

/** Of a channel: one that hangs holds two tries and none of another channel's. With 20 recipients and three more, 46. */
const SENDS_PER_CHANNEL_MAX = 2;
const DRAIN_MS = 5_000;
/** For channels to return after they were told to stop. */
const STOP_GRACE_MS = 1_000;
/** The outbox is looked at this often even where nothing is due: the wall clock may have been set. */
const LOOK_MS_MAX = 60_000;

/** @throws AppError `locked`, `invalid_config` as `Outbox` does */
export function openDispatcher(options: DispatcherOptions): Dispatcher {
  return new OutboxDispatcher(options);
}

interface Flight {
  readonly channelId: string;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

class OutboxDispatcher implements Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #channels: ReadonlyMap<string, Channel>;
  /** The file; after a failing disk also one in memory, whose lanes the file's go before. */
  readonly #outboxes: [Outbox, ...Outbox[]];
  readonly #metrics: DeliveryMetrics;
  readonly #flights = new Map<string, Flight>();
  readonly #channelNotBeforeMs = new Map<string, number>();
  #timer: Timer | undefined;
  #closing: Promise<void> | undefined;
  /** Nothing new goes out: what began after the others were stopped could not be waited for, and would go out twice. */
  #isStopping = false;
  #isClosed = false;

  constructor(options: DispatcherOptions) {
    const { channels, path, logger, outboxLimits, metrics, clock } = options;
    this.#options = options;
    this.#channels = new Map(channels.map((channel) => [channel.id, channel]));
    if (this.#channels.size < channels.length) throw new Error('two channels have the same id');
    this.#outboxes = [new Outbox({ path, logger, limits: outboxLimits ?? {} })];
    this.#metrics = observeDeliveries(metrics, channels, () => this.pending(), clock);
    this.#sayOrphans();
    this.#pump();
  }

  notify(given: Notification): 'stored' | 'known' | 'volatile' {
    if (this.#closing)
      throw new Error(`${notificationKey(given)} came after the dispatcher was closed`);
    const notification = notificationSchema.parse(given);
    const outbox = this.#outboxFor(notification.incidentId);
    try {
      const isKnown = this.#add(outbox, notification);
      if (isKnown) return 'known';
    } catch (error) {
      if (!isDiskFailure(error)) throw error;
      this.#options.logger.error('alert_outbox_write_failed', {
        message: `${notificationKey(notification)} is sent without being kept: a restart before that loses it`,
        error,
      });
      const isKnown = this.#add(this.#memory(), notification);
      this.#pump();
      return isKnown ? 'known' : 'volatile';
    }
    this.#pump();
    return outbox === this.#outboxes[0] ? 'stored' : 'volatile';
  }

  recent(countMax: number): readonly Delivery[] {
    return this.#outboxes.flatMap((outbox) => outbox.recent(countMax)).slice(0, countMax);
  }

  pending(): readonly Delivery[] {
    return this.#outboxes.flatMap((outbox) => outbox.pending());
  }

  deliveriesOf(incidentId: string): readonly Delivery[] {
    return this.#outboxes.flatMap((outbox) => outbox.ofIncident(incidentId));
  }

  close(drainMs = DRAIN_MS): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  /** An incident that went on in memory stays there until all of it is sent, for the order's sake. */
  #outboxFor(incidentId: string): Outbox {
    const [file, memory] = this.#outboxes;
    const isInMemory = memory?.heads().some((delivery) => delivery.incidentId === incidentId);
    return memory !== undefined && isInMemory === true ? memory : file;
  }

  #memory(): Outbox {
    const [, known] = this.#outboxes;
    if (known) return known;
    const memory = new Outbox({ path: ':memory:', logger: this.#options.logger });
    this.#outboxes.push(memory);
    return memory;
  }

  #add(outbox: Outbox, notification: Notification): boolean {
    const { clock, logger } = this.#options;
    const channelIds = this.#channelIdsOf(notification);
    const { isKnown, droppedChannelIds } = outbox.add(notification, channelIds, clock.nowMs());
    for (const channelId of droppedChannelIds) {
      this.#metrics.count(this.#kindOf(channelId), 'dropped');
      logger.error('alert_delivery_dropped', {
        message: `Too much waits for ${channelId}: ${headline(notification)}`,
        ...fieldsOf(notification, channelId),
      });
    }
    return isKnown;
  }

  /** Its route's channels, and those that heard of the incident before: who was woken is told of the end. */
  #channelIdsOf({ route, incidentId }: Notification): readonly string[] {
    const heard = this.#outboxes.flatMap((outbox) => outbox.channelIdsOf(incidentId));
    return this.#options.channels
      .filter(({ id, kind }) => this.#options.routes[route].includes(kind) || heard.includes(id))
      .map(({ id }) => id);
  }

  /** Begins what is due and free to go, and sets the timer for what is not. */
  #pump(): void {
    if (this.#isStopping) return;
    this.#timer?.cancel();
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const lanes = new Set<string>();
    let nextAtMs = nowMs + LOOK_MS_MAX;
    for (const [at, outbox] of this.#outboxes.entries()) {
      for (const delivery of outbox.heads()) {
        const lane = laneOf(delivery);
        const channel = this.#channels.get(delivery.channelId);
        const isFree = !lanes.has(lane) && !this.#flights.has(flightKey(at, delivery));
        lanes.add(lane);
        if (!channel || !isFree) continue;
        const dueAtMs = this.#dueAtMs(delivery, nowMs);
        if (dueAtMs > nowMs) nextAtMs = Math.min(nextAtMs, dueAtMs);
        else if (this.#flightCount(channel.id) < SENDS_PER_CHANNEL_MAX) {
          this.#begin(at, outbox, delivery, channel);
        }
      }
    }
    this.#timer = clock.setTimer(nextAtMs - nowMs, () => this.#pump(), true);
  }

  #dueAtMs({ nextAttemptAtMs, channelId }: Delivery, nowMs: number): number {
    const dueAtMs = Math.max(nextAttemptAtMs, this.#channelNotBeforeMs.get(channelId) ?? 0);
    return dueAtMs - nowMs > WAIT_MAX_MS ? nowMs : dueAtMs;
  }

  #flightCount(channelId: string): number {
    return [...this.#flights.values()].filter((flight) => flight.channelId === channelId).length;
  }

  #begin(at: number, outbox: Outbox, waiting: Delivery, channel: Channel): void {
    const { clock, random, giveUpAfterMs } = this.#options;
    const key = flightKey(at, waiting);
    const stop = new AbortController();
    const delivery = { ...waiting, attemptCount: waiting.attemptCount + 1 };
    // Counted before it goes out, so that a try that a kill cut off is seen.
    outbox.update(delivery, delivery);
    const done = this.#send(outbox, delivery, channel, stop.signal).then((result) => {
      this.#flights.delete(key);
      if (this.#isClosed) return;
      const nowMs = clock.nowMs();
      const decision = decideDelivery(delivery, result, {
        nowMs,
        giveUpAfterMs,
        random: random(),
        isStopped: stop.signal.aborted,
      });
      if (result.outcome === 'retry' && result.retryAfterMs !== undefined) {
        this.#channelNotBeforeMs.set(channel.id, nowMs + (decision.waitMs ?? 0));
      }
      this.#settle(outbox, delivery, channel, decision);
      this.#pump();
    });
    this.#flights.set(key, { channelId: channel.id, stop, done });
  }

  async #send(
    outbox: Outbox,
    delivery: Delivery,
    channel: Channel,
    signal: AbortSignal,
  ): Promise<SendResult> {
    const notification = outbox.notification(delivery);
    if (!notification) return { outcome: 'refused', reason: 'what was kept cannot be read' };
    try {
      return await channel.send(notification, signal);
    } catch (error) {
      this.#options.logger.error('alert_channel_broken', { channel: channel.id, error });
      return { outcome: 'retry', reason: 'the channel itself failed' };
    }
  }

  #settle(outbox: Outbox, delivery: Delivery, channel: Channel, decision: DeliveryDecision): void {
    const { logger, clock } = this.#options;
    const { outcome, change, detail, waitMs } = decision;
    const { id, kind } = channel;
    const fields = { ...fieldsOf(delivery, id), attemptCount: delivery.attemptCount };
    outbox.update(delivery, change);
    if (outcome === 'stopped') return;
    this.#metrics.count(kind, outcome);
    switch (outcome) {
      case 'delivered': {
        const delayMs = clock.nowMs() - delivery.createdAtMs;
        this.#metrics.delay(kind, delayMs / 1_000);
        logger.info('alert_delivered', { ...fields, delayMs, detail });
        return;
      }
      case 'retried':
        logger.warn('alert_delivery_retried', { ...fields, waitMs, reason: detail });
        return;
      case 'refused':
      case 'given_up': {
        const said = outbox.notification(delivery);
        logger.error(`alert_delivery_${outcome}`, {
          message: `${id} did not get: ${said ? headline(said) : 'something unreadable'}`,
          ...fields,
          reason: detail,
        });
        return;
      }
      default:
        outcome satisfies never;
    }
  }

  async #close(drainMs: number): Promise<void> {
    const { clock, logger } = this.#options;
    const endAtMs = clock.monotonicMs() + drainMs;
    this.#pump();
    while (this.#flights.size > 0 && clock.monotonicMs() < endAtMs) {
      await this.#oneFlight(endAtMs - clock.monotonicMs());
    }
    this.#isStopping = true;
    const left = [...this.#flights.values()];
    for (const { stop } of left) stop.abort();
    if (left.length > 0) {
      const waited = new AbortController();
      const all = Promise.all(left.map(({ done }) => done));
      await Promise.race([all, clock.sleep(STOP_GRACE_MS, waited.signal)]);
      waited.abort();
    }
    this.#isClosed = true;
    this.#timer?.cancel();
    const pendingCount = this.pending().length;
    if (pendingCount > 0) logger.warn('alert_outbox_left', { pendingCount });
    this.#metrics.close();
    for (const outbox of this.#outboxes) outbox.close();
  }

  async #oneFlight(waitMs: number): Promise<void> {
    const waited = new AbortController();
    const flights = [...this.#flights.values()].map(({ done }) => done);
    await Promise.race([...flights, this.#options.clock.sleep(waitMs, waited.signal)]);
    waited.abort();
  }

  /** What waits for a channel that is not set up any more is not lost if that was a mistake: it waits until it is old. */
  #sayOrphans(): void {
    const { logger, clock, giveUpAfterMs, random } = this.#options;
    const [file] = this.#outboxes;
    for (const delivery of file.pending()) {
      if (this.#channels.has(delivery.channelId)) continue;
      const inputs = { nowMs: clock.nowMs(), giveUpAfterMs, random: random(), isStopped: false };
      const reason = 'the channel is not set up any more';
      const { outcome, change } = decideDelivery(delivery, { outcome: 'retry', reason }, inputs);
      if (outcome === 'given_up') file.update(delivery, change);
      logger.error(outcome === 'given_up' ? 'alert_delivery_given_up' : 'alert_channel_missing', {
        ...fieldsOf(delivery, delivery.channelId),
        reason,
      });
    }
  }

  #kindOf(channelId: string): ChannelKind {
    return this.#channels.get(channelId)?.kind ?? 'log';
  }
}

function flightKey(outboxAt: number, { id }: Delivery): string {
  return `${outboxAt}/${id}`;
}

function fieldsOf(of: Pick<Notification, 'incidentId' | 'sequence'>, channel: string) {
  return { incidentId: of.incidentId, sequence: of.sequence, channel };
}
