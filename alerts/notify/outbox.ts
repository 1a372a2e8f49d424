/** What is to be delivered, in a SQLite file: an answered `add` survives a kill, and what was delivered is not sent again. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { isDiskFailure, openSqliteFile, parseJson } from '../../runtime/index.ts';
import type { Logger } from '../../runtime/index.ts';
import type { Notification } from './notification.ts';
import { notificationSchema } from './notification.ts';

const DELIVERY_STATES = ['pending', 'delivered', 'refused', 'given_up', 'dropped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One notification for one channel. */
export interface Delivery {
  readonly id: number;
  readonly incidentId: string;
  readonly sequence: number;
  readonly channelId: string;
  readonly state: DeliveryState;
  /** Tries that were begun, those that a kill cut off included. */
  readonly attemptCount: number;
  readonly nextAttemptAtMs: number;
  readonly createdAtMs: number;
  readonly lastError?: string;
  readonly finishedAtMs?: number;
}

/** What changes about a delivery. */
export type DeliveryChange = Pick<Delivery, 'state' | 'attemptCount' | 'nextAttemptAtMs'> &
  Partial<Pick<Delivery, 'lastError' | 'finishedAtMs'>>;

export interface OutboxLimits {
  /** Deliveries that wait, of one channel: 2 for each of 500 incidents. Beyond it new ones are dropped, visibly. */
  readonly pendingMax: number;
  /** Notifications kept to tell a repeat, and for how long: far beyond any incident. */
  readonly notificationsMax: number;
  readonly retentionMs: number;
  /** Of 4 KiB: 512 MiB, seven times `notificationsMax` of 1.5 KB. Beyond it the file is as on a full disk. */
  readonly filePagesMax: number;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  pendingMax: 1_000,
  notificationsMax: 50_000,
  retentionMs: 90 * 86_400_000,
  filePagesMax: 131_072,
};

/** Set where the tables of an older version would be read wrongly. */
const FORMAT_VERSION = 1;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS notifications (
  id INTEGER PRIMARY KEY AUTOINCREMENT, incident_id TEXT NOT NULL, sequence INTEGER NOT NULL,
  created_at_ms REAL NOT NULL, json TEXT NOT NULL, UNIQUE (incident_id, sequence));
CREATE INDEX IF NOT EXISTS age ON notifications (created_at_ms);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  notification_id INTEGER NOT NULL REFERENCES notifications ON DELETE CASCADE,
  channel TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, next_attempt_at_ms REAL NOT NULL,
  last_error TEXT, finished_at_ms REAL, UNIQUE (notification_id, channel));
CREATE INDEX IF NOT EXISTS pending ON deliveries (id) WHERE state = 'pending';
PRAGMA user_version = ${FORMAT_VERSION};
`;
const SELECT = `SELECT d.id, n.incident_id, n.sequence, d.channel, d.state, d.attempts, d.next_attempt_at_ms,
  n.created_at_ms, d.last_error, d.finished_at_ms FROM deliveries d JOIN notifications n ON n.id = d.notification_id`;

export class Outbox {
  readonly #database: DatabaseSync;
  readonly #logger: Logger;
  readonly #limits: OutboxLimits;
  /** Changes that the disk did not take yet; they count all the same. */
  readonly #unwritten = new Map<number, DeliveryChange>();
  #isFailing = false;

  /** @throws AppError `locked` where another process holds the file; `invalid_config` where its folder cannot be made */
  constructor(options: { path: string; logger: Logger; limits?: Partial<OutboxLimits> }) {
    const { path, logger } = options;
    this.#logger = logger;
    this.#limits = { ...OUTBOX_LIMITS, ...options.limits };
    this.#database = openSqliteFile({
      path,
      setting: 'HIGHWATER_DATA_DIR',
      prepare: (database) => {
        const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
        if (version !== 0 && version !== FORMAT_VERSION) {
          throw new Error(`expected format ${FORMAT_VERSION}; got ${version}`);
        }
        database.exec(SCHEMA);
      },
      onDamaged: (aside, error) =>
        logger.error('alert_outbox_damaged', {
          message: `${path} cannot be read and was set aside as ${aside}: notifications that waited in it are not sent`,
          error,
        }),
    });
    this.#database.exec(`PRAGMA max_page_count = ${this.#limits.filePagesMax}`);
  }

  /**
   * Keeps a notification for each of the channels; on disk when it returns. `isKnown` where it was kept before: nothing changes then.
   * `droppedChannelIds` have too much waiting.
   * @throws what SQLite throws where the disk fails: see `isDiskFailure`
   */
  add(notification: Notification, channelIds: readonly string[], nowMs: number) {
    const { incidentId, sequence } = notification;
    const known = 'SELECT id FROM notifications WHERE incident_id = ? AND sequence = ?';
    if (this.#rows(known, incidentId, sequence).length > 0) {
      return { isKnown: true, droppedChannelIds: [] };
    }
    const counts = this.pendingCounts();
    const isFull = (channelId: string) => (counts.get(channelId) ?? 0) >= this.#limits.pendingMax;
    this.#transaction(() => {
      this.#prune(nowMs);
      const insert =
        'INSERT INTO notifications (incident_id, sequence, json, created_at_ms) VALUES (?, ?, ?, ?)';
      const id = this.#run(insert, incidentId, sequence, JSON.stringify(notification), nowMs);
      for (const channelId of channelIds) {
        this.#run(
          `INSERT INTO deliveries (notification_id, channel, state, attempts, next_attempt_at_ms, last_error, finished_at_ms)
            VALUES (?, ?, ?, 0, ?, ?, ?)`,
          id,
          channelId,
          ...(isFull(channelId)
            ? ['dropped', nowMs, `more than ${this.#limits.pendingMax} wait`, nowMs]
            : ['pending', nowMs, null, null]),
        );
      }
    });
    return { isKnown: false, droppedChannelIds: channelIds.filter(isFull) };
  }

  /** Channels that were to hear of the incident. */
  channelIdsOf(incidentId: string): readonly string[] {
    return this.#rows(
      'SELECT DISTINCT d.channel FROM deliveries d JOIN notifications n ON n.id = d.notification_id WHERE n.incident_id = ?',
      incidentId,
    ).map((row) => String(row['channel']));
  }

  /** Of each incident and channel the oldest that waits: only that one may be sent, so that a resolve never passes its trigger. */
  heads(): readonly Delivery[] {
    const lanes = new Map<string, Delivery>();
    for (const delivery of this.pending()) {
      const lane = laneOf(delivery);
      if (!lanes.has(lane)) lanes.set(lane, delivery);
    }
    return [...lanes.values()];
  }

  /** How many wait, by channel. */
  pendingCounts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { channelId } of this.pending()) {
      counts.set(channelId, (counts.get(channelId) ?? 0) + 1);
    }
    return counts;
  }

  /** What it says; `undefined` where no version of this program could read it. */
  notification(delivery: Delivery): Notification | undefined {
    const [row] = this.#rows(
      'SELECT n.json FROM notifications n JOIN deliveries d ON n.id = d.notification_id WHERE d.id = ?',
      delivery.id,
    );
    const parsed = notificationSchema.safeParse(parseJson(String(row?.['json'] ?? '')));
    return parsed.success ? parsed.data : undefined;
  }

  /** Counts at once, and is on disk when it returns unless the disk fails: then it is said, and written with a later change. */
  update({ id }: Delivery, change: DeliveryChange): void {
    this.#unwritten.set(id, change);
    try {
      this.#transaction(() => {
        for (const [each, { state, attemptCount, nextAttemptAtMs, lastError, finishedAtMs }] of this
          .#unwritten) {
          this.#run(
            'UPDATE deliveries SET state = ?, attempts = ?, next_attempt_at_ms = ?, last_error = ?, finished_at_ms = ? WHERE id = ?',
            state,
            attemptCount,
            nextAttemptAtMs,
            lastError ?? null,
            finishedAtMs ?? null,
            each,
          );
        }
      });
      this.#unwritten.clear();
      this.#isFailing = false;
    } catch (error) {
      if (!isDiskFailure(error)) throw error;
      if (!this.#isFailing) {
        this.#logger.error('alert_outbox_write_failed', {
          message: 'The disk does not take what was delivered: a restart now would send it again',
          error,
        });
      }
      this.#isFailing = true;
    }
  }

  /** The newest first. */
  recent(countMax: number): readonly Delivery[] {
    return this.#rows(`${SELECT} ORDER BY d.id DESC LIMIT ?`, countMax).map((row) =>
      this.#deliveryOf(row),
    );
  }

  /** Those of an incident that are kept, in the order of its notifications. */
  ofIncident(incidentId: string): readonly Delivery[] {
    return this.#rows(`${SELECT} WHERE n.incident_id = ? ORDER BY d.id`, incidentId).map((row) =>
      this.#deliveryOf(row),
    );
  }

  close(): void {
    this.#database.close();
  }

  /** All that wait, the oldest first. */
  pending(): readonly Delivery[] {
    return this.#rows(`${SELECT} WHERE d.state = 'pending' ORDER BY d.id`)
      .map((row) => this.#deliveryOf(row))
      .filter(({ state }) => state === 'pending');
  }

  #deliveryOf(row: Record<string, SQLOutputValue>): Delivery {
    const id = Number(row['id']);
    const lastError = row['last_error'];
    const finishedAtMs = row['finished_at_ms'];
    return {
      id,
      incidentId: String(row['incident_id']),
      sequence: Number(row['sequence']),
      channelId: String(row['channel']),
      state: stateOf(row['state']),
      attemptCount: Number(row['attempts']),
      nextAttemptAtMs: Number(row['next_attempt_at_ms']),
      createdAtMs: Number(row['created_at_ms']),
      ...(typeof lastError === 'string' ? { lastError } : {}),
      ...(typeof finishedAtMs === 'number' ? { finishedAtMs } : {}),
      ...this.#unwritten.get(id),
    };
  }

  /** Forgets what is old or too much, unless some of it still waits. */
  #prune(nowMs: number): void {
    const { retentionMs, notificationsMax } = this.#limits;
    const isDone =
      "NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = notifications.id AND d.state = 'pending')";
    this.#run(
      `DELETE FROM notifications WHERE created_at_ms < ? AND ${isDone}`,
      nowMs - retentionMs,
    );
    this.#run(
      `DELETE FROM notifications WHERE id <= (SELECT MAX(id) FROM notifications) - ? AND ${isDone}`,
      notificationsMax,
    );
  }

  #transaction(work: () => void): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #rows(sql: string, ...values: readonly SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return this.#database.prepare(sql).all(...values);
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#database.prepare(sql).run(...values).lastInsertRowid);
  }
}

/** What is sent one after the other: an incident on a channel. */
export function laneOf({ incidentId, channelId }: Delivery): string {
  return `${channelId}\n${incidentId}`;
}

function stateOf(value: SQLOutputValue | undefined): DeliveryState {
  const state = DELIVERY_STATES.find((each) => each === value);
  if (state === undefined) throw new Error(`expected a state of a delivery; got ${String(value)}`);
  return state;
}
