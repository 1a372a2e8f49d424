/** The memory of alerting in a SQLite file: a page that was decided is told once, whenever the process is killed. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { z } from 'zod';
import { isAppError, openSqliteFile } from '../runtime/index.ts';
import type { Logger } from '../runtime/index.ts';
import { keptTraceSchema } from '../telemetry/index.ts';
import type { KeptTrace } from '../telemetry/index.ts';
import type { AlertChange, AlertLog, IncidentQuery, IncidentRecord } from './alert-log.ts';
import type { AlertsState } from './alert-state.ts';
import { NO_ALERTS, parseAlertsState } from './alert-state.ts';
import { exampleTraceSchema } from './example-trace.ts';
import type { ExampleTrace, FoundExample } from './example-trace.ts';
import { parseIncident, parseTelling } from './telling.ts';
import type { Telling } from './telling.ts';
import type { Transition } from './transition.ts';

/** Set where the tables of an older version would be read wrongly. */
const FORMAT_VERSION = 1;
/** Incidents that are kept: 27 a day for a year. */
const INCIDENTS_MAX = 10_000;
/** Traces of incidents that are kept, of so many spans each, 16 MB at most; newer ones push out the oldest. */
const EXAMPLES_MAX = 1_000;
const EXAMPLE_SPANS_MAX = 40;
/** Of 4 KiB: 256 MiB, four times what ten thousand incidents of ten transitions take. */
const FILE_PAGES_MAX = 65_536;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS incidents (
  id TEXT PRIMARY KEY, policy TEXT NOT NULL, fired_at_ms REAL NOT NULL, resolved_at_ms REAL,
  telling_count INTEGER NOT NULL, json TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS fired ON incidents (fired_at_ms);
CREATE TABLE IF NOT EXISTS transitions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, incident_id TEXT NOT NULL REFERENCES incidents ON DELETE CASCADE, json TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS of_incident ON transitions (incident_id);
CREATE TABLE IF NOT EXISTS tellings (
  incident_id TEXT NOT NULL, sequence INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (incident_id, sequence));
CREATE TABLE IF NOT EXISTS examples (
  id INTEGER PRIMARY KEY AUTOINCREMENT, incident_id TEXT NOT NULL REFERENCES incidents ON DELETE CASCADE,
  trace_id TEXT NOT NULL, json TEXT NOT NULL, trace_json TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS example_of_incident ON examples (incident_id);
CREATE INDEX IF NOT EXISTS example_of_trace ON examples (trace_id);
PRAGMA user_version = ${FORMAT_VERSION};
`;

const transitionSchema = z.object({
  kind: z.enum([
    'pending',
    'cancelled',
    'firing',
    'raised',
    'joined',
    'left',
    'muted',
    'unmuted',
    'resolved',
  ]),
  atMs: z.number(),
  policy: z.string(),
  rung: z.string(),
  labels: z.record(z.string(), z.string()),
  value: z.number().nullable(),
  isTold: z.boolean(),
  incident: z.unknown(),
});

/** @throws AppError `locked` where another process holds the file; `invalid_config` where its folder cannot be made */
export function openAlertLog(path: string, logger: Logger): AlertLog {
  return new SqliteAlertLog(path, logger);
}

class SqliteAlertLog implements AlertLog {
  readonly #database: DatabaseSync;
  readonly #logger: Logger;

  constructor(path: string, logger: Logger) {
    this.#logger = logger;
    this.#database = openSqliteFile({
      path,
      setting: 'HIGHWATER_DATA_DIR',
      prepare(database) {
        const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
        if (version !== 0 && version !== FORMAT_VERSION) {
          throw new Error(`expected format ${FORMAT_VERSION}; got ${version}`);
        }
        database.exec(SCHEMA);
      },
      onDamaged: (aside, error) =>
        logger.error('alert_log_damaged', {
          message: `${path} cannot be read and was set aside as ${aside}: what fires now is told again`,
          error,
        }),
    });
    this.#database.exec(`PRAGMA max_page_count = ${FILE_PAGES_MAX}; PRAGMA foreign_keys = ON;`);
  }

  load(): AlertsState {
    const json = this.#rows('SELECT json FROM state')[0]?.['json'];
    if (json === undefined) return NO_ALERTS;
    try {
      return parseAlertsState(JSON.parse(String(json)));
    } catch (error) {
      if (!isAppError(error) && !(error instanceof SyntaxError)) throw error;
      this.#logger.error('alert_state_unreadable', {
        message: 'The kept state of alerts cannot be read: what fires now is told again',
        error,
      });
      return NO_ALERTS;
    }
  }

  save({ state, transitions, tellings, examples = [] }: AlertChange): void {
    this.#transaction(() => {
      this.#run(
        'INSERT INTO state (id, json) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json',
        JSON.stringify(state),
      );
      for (const transition of transitions) this.#keep(transition);
      for (const incident of state.incidents) {
        this.#run(
          'UPDATE incidents SET json = ? WHERE id = ?',
          JSON.stringify(incident),
          incident.id,
        );
      }
      for (const found of examples) this.#keepExample(found.incidentId, found);
      for (const telling of tellings) {
        const { incident, sequence } = telling;
        this.#run(
          'INSERT OR IGNORE INTO tellings (incident_id, sequence, json) VALUES (?, ?, ?)',
          incident.id,
          sequence,
          JSON.stringify(telling),
        );
        this.#run(
          'UPDATE incidents SET telling_count = max(telling_count, ?) WHERE id = ?',
          sequence + 1,
          incident.id,
        );
      }
      if (transitions.some(({ kind }) => kind === 'firing')) this.#prune();
    });
  }

  waiting(): readonly Telling[] {
    return this.#rows('SELECT json FROM tellings ORDER BY rowid').map(({ json }) =>
      parseTelling(String(json)),
    );
  }

  handedOver({ incident, sequence }: Telling): void {
    this.#run('DELETE FROM tellings WHERE incident_id = ? AND sequence = ?', incident.id, sequence);
  }

  tellingCount(incidentId: string): number {
    const [row] = this.#rows('SELECT telling_count FROM incidents WHERE id = ?', incidentId);
    return Number(row?.['telling_count'] ?? 0);
  }

  incidents({ isOpen, policy, countMax }: IncidentQuery): readonly IncidentRecord[] {
    const conditions = [
      ...(isOpen === undefined ? [] : [`resolved_at_ms IS ${isOpen ? '' : 'NOT '}NULL`]),
      ...(policy === undefined ? [] : ['policy = ?']),
    ];
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    return this.#rows(
      `SELECT json, resolved_at_ms FROM incidents ${where} ORDER BY fired_at_ms DESC, id LIMIT ?`,
      ...(policy === undefined ? [] : [policy]),
      countMax,
    ).map(recordOf);
  }

  incident(id: string): IncidentRecord | undefined {
    const [row] = this.#rows('SELECT json, resolved_at_ms FROM incidents WHERE id = ?', id);
    return row && recordOf(row);
  }

  timeline(incidentId: string): readonly Transition[] {
    const rows = this.#rows(
      'SELECT json FROM transitions WHERE incident_id = ? ORDER BY id',
      incidentId,
    );
    return rows.map(({ json }) => {
      const { incident, value, ...rest } = transitionSchema.parse(JSON.parse(String(json)));
      return { ...rest, value: value ?? Number.NaN, incident: parseIncident(incident) };
    });
  }

  examples(incidentId: string): readonly ExampleTrace[] {
    return this.#rows(
      'SELECT json FROM examples WHERE incident_id = ? ORDER BY id',
      incidentId,
    ).map(({ json }) => exampleTraceSchema.parse(JSON.parse(String(json))));
  }

  exampleTrace(traceId: string): KeptTrace | undefined {
    const [row] = this.#rows(
      'SELECT trace_json FROM examples WHERE trace_id = ? ORDER BY id DESC LIMIT 1',
      traceId,
    );
    return row && keptTraceSchema.parse(JSON.parse(String(row['trace_json'])));
  }

  close(): void {
    this.#database.close();
  }

  #keep(transition: Transition): void {
    const { incident, kind, atMs } = transition;
    if (!incident) return;
    this.#run(
      `INSERT INTO incidents (id, policy, fired_at_ms, telling_count, json) VALUES (?, ?, ?, 0, ?)
        ON CONFLICT (id) DO UPDATE SET json = excluded.json`,
      incident.id,
      incident.policy,
      incident.firedAtMs,
      JSON.stringify(incident),
    );
    if (kind === 'resolved') {
      this.#run('UPDATE incidents SET resolved_at_ms = ? WHERE id = ?', atMs, incident.id);
    }
    this.#run(
      'INSERT INTO transitions (incident_id, json) VALUES (?, ?)',
      incident.id,
      JSON.stringify(transition),
    );
  }

  #keepExample(incidentId: string, { example, trace }: FoundExample): void {
    // The event's own span stays, however many are beside it.
    const spans = trace.spans
      .toSorted((a, b) => Number(b.spanId === example.spanId) - Number(a.spanId === example.spanId))
      .slice(0, EXAMPLE_SPANS_MAX);
    this.#run(
      'INSERT INTO examples (incident_id, trace_id, json, trace_json) VALUES (?, ?, ?, ?)',
      incidentId,
      example.traceId,
      JSON.stringify(example),
      JSON.stringify({ traceId: trace.traceId, spans }),
    );
    this.#run('DELETE FROM examples WHERE id <= (SELECT max(id) FROM examples) - ?', EXAMPLES_MAX);
  }

  /** The oldest that are over go. */
  #prune(): void {
    this.#run(
      `DELETE FROM incidents WHERE resolved_at_ms IS NOT NULL AND id IN (
        SELECT id FROM incidents ORDER BY fired_at_ms DESC, id LIMIT -1 OFFSET ?)`,
      INCIDENTS_MAX,
    );
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #rows(sql: string, ...values: readonly SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return this.#database.prepare(sql).all(...values);
  }
}

function recordOf(row: Record<string, SQLOutputValue>): IncidentRecord {
  const resolvedAtMs = row['resolved_at_ms'];
  return {
    incident: parseIncident(JSON.parse(String(row['json']))),
    resolvedAtMs: typeof resolvedAtMs === 'number' ? resolvedAtMs : undefined,
  };
}
