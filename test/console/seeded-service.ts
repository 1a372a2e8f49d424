/** A service with a seeded history of an hour and its SLOs evaluated, for the tests of the console. */
import { readFileSync } from 'node:fs';
import { AlertEvaluator, GameDay, loadPolicies, openAlertLog } from '../../alerts/index.ts';
import type { Delivery } from '../../alerts/index.ts';
import type { FoundExample } from '../../alerts/index.ts';
import { loadDashboards } from '../../dashboards/index.ts';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import { loadSlos, SloEvaluator } from '../../slo/index.ts';
import { Faults, localSignalReader, MetricStore } from '../../telemetry/index.ts';
import type { Metrics, StoredSample } from '../../telemetry/index.ts';
import { fill, startService } from '../service/server.ts';
import type { TestService } from '../service/server.ts';

const STEP_MS = 15_000;
const HISTORY_MS = 3_600_000;
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10, Infinity];
/** Requests of each route in 15 s. */
const REQUESTS = 30;

export interface SeededService extends TestService {
  readonly store: MetricStore;
  readonly evaluator: SloEvaluator;
  /** Evaluated over the last half of the history, with the shipped policies of requests and what those of SLOs come to. */
  readonly alerts: AlertEvaluator;
  /** What game days switch; nothing comes of them here. */
  readonly faults: Faults;
  /** One more scrape, 15 s after the last, with so many failed requests, then evaluated. */
  scrape(failedCount: number): Promise<void>;
}

/** Faults are only switched here; nobody reads their gauge. */
const unobserved = { observe: () => () => {} } as unknown as Metrics;

/** `badSteps` of the newest 15 s steps have one failed request in five on one route. */
export async function startSeeded(badSteps = 0, port = 0): Promise<SeededService> {
  const store = new MetricStore();
  const totals = { good: 0, failed: 0 };
  let atMs = systemClock.nowMs() - HISTORY_MS;
  const append = (failedCount: number) => {
    totals.good += REQUESTS - failedCount;
    totals.failed += failedCount;
    store.append('test', atMs, samplesOf(totals));
  };
  const steps = HISTORY_MS / STEP_MS;
  for (let step = 0; step < steps; step++) {
    append(step >= steps - badSteps ? REQUESTS / 5 : 0);
    atMs += STEP_MS;
  }
  const clock = { ...systemClock, nowMs: () => atMs - STEP_MS };
  const evaluator = new SloEvaluator({
    slos: loadSlos('slo', [{ name: 'transactions', subscription: 'transactions-ingest' }]),
    reader: localSignalReader(store),
    intervalMs: STEP_MS,
    clock,
    logger: silentLogger,
  });
  await evaluator.evaluate();
  const { alerts, close } = await seededAlerts(store, evaluator, atMs - HISTORY_MS, atMs - STEP_MS);
  const faults = new Faults({ clock, logger: silentLogger, metrics: unobserved });
  const gameDays = new GameDay({
    faults,
    alerts,
    traffic: (_kind, signal) => systemClock.sleep(HISTORY_MS, signal),
    channels: ['log'],
    clock,
    logger: silentLogger,
  });
  const service = await startService({
    slos: evaluator,
    alerts,
    gameDays,
    signals: localSignalReader(store),
    dashboards: loadDashboards('dashboards', {
      streams: [{ name: 'transactions', subscription: 'transactions-ingest' }],
      slos: evaluator.slos,
    }),
    playbook: (path) => readFileSync(path, 'utf8'),
    backlog: async () => [
      {
        subscription: 'transactions-ingest',
        undeliveredCount: 7,
        oldestUnackedMessageAgeSeconds: 3,
      },
    ],
    traces: (id) => (id === SEEDED_EXAMPLE.trace.traceId ? SEEDED_EXAMPLE.trace : undefined),
    clock: { ...systemClock, nowMs: clock.nowMs },
    port,
  });
  await fill(service);
  return {
    ...service,
    store,
    evaluator,
    alerts,
    faults,
    async stop() {
      await gameDays.stop();
      await service.stop();
      await close();
    },
    async scrape(failedCount) {
      append(failedCount);
      atMs += STEP_MS;
      await evaluator.evaluate();
    },
  };
}

/** A failed request with a query below it, and a span whose parent is elsewhere. */
export const SEEDED_EXAMPLE: FoundExample = seededExample();

function seededExample(): FoundExample {
  const traceId = '5e2ae1b5c0f24d5f9a0d3c5b7a1f2e3d';
  const startedAtMs = Date.UTC(2026, 10, 26, 3, 2, 11);
  const request = {
    spanId: '00f067aa0ba902b7',
    name: 'GET /v1/streams/:stream/events',
    role: 'server' as const,
    startedAtMs,
    durationMs: 750,
    isFailed: true,
    status: 'status 503',
    attributes: { 'http.route': '/v1/streams/:stream/events', 'http.response.status_code': 503 },
    links: [],
  };
  const query = {
    ...request,
    spanId: '00f067aa0ba902b8',
    parentSpanId: request.spanId,
    name: 'warehouse <events>',
    role: 'client' as const,
    startedAtMs: startedAtMs + 20,
    durationMs: 700.25,
    status: undefined,
    attributes: { 'db.operation.name': 'events' },
    links: [{ traceId: 'f'.repeat(32), spanId: 'f'.repeat(16) }],
  };
  const elsewhere = {
    ...query,
    spanId: '00f067aa0ba902b9',
    parentSpanId: 'e'.repeat(16),
    links: [],
  };
  const example = {
    traceId,
    spanId: request.spanId,
    value: 0.75,
    atMs: startedAtMs + 750,
    url: `https://console.cloud.google.com/traces/explorer;traceId=${traceId};spanId=${request.spanId}?project=a`,
  };
  return { example, trace: { traceId, spans: [query, elsewhere, request] } };
}

/** Policies that the seeded metrics say something about. */
const POLICIES: ReadonlySet<string> = new Set([
  'api-availability',
  'api-error-ratio',
  'api-latency',
  'api-latency-mean',
]);

/** Alerts as they would have gone: evaluated each 30 s up to now; what they tell goes to a channel of the test. */
async function seededAlerts(store: MetricStore, slos: SloEvaluator, fromMs: number, toMs: number) {
  const all = loadPolicies('alerts/policies.yaml', slos.slos);
  const policies = all.policies.filter(({ name }) => POLICIES.has(name));
  const log = openAlertLog(':memory:', silentLogger);
  let nowMs = fromMs + HISTORY_MS / 2;
  const clock = { ...systemClock, nowMs: () => nowMs };
  const deliveries: Delivery[] = [];
  const alerts = new AlertEvaluator({
    definitions: { ...all, policies },
    reader: localSignalReader(store),
    log,
    tell: async ({ incident, sequence, atMs }) => {
      deliveries.push({
        id: deliveries.length,
        incidentId: incident.id,
        sequence,
        channelId: 'log',
        state: 'delivered',
        attemptCount: 1,
        nextAttemptAtMs: atMs,
        createdAtMs: atMs,
        finishedAtMs: atMs + 1_000,
      });
    },
    exampleOf: () => SEEDED_EXAMPLE,
    deliveriesOf: (id) => deliveries.filter(({ incidentId }) => incidentId === id),
    clock,
    logger: silentLogger,
  });
  for (; nowMs <= toMs; nowMs += 30_000) await alerts.evaluate();
  nowMs = toMs;
  const close = async () => {
    await alerts.close();
    log.close();
  };
  return { alerts, close };
}

/** Two routes of equal traffic, all requests within 10 ms; failures are of one of them. */
function samplesOf({ good, failed }: { good: number; failed: number }): readonly StoredSample[] {
  return [
    ...series('/v1/streams', '200', good),
    ...series('/v1/streams/:stream/events', '200', good + failed),
    ...series('/v1/streams', '503', failed),
    gauge(
      'pubsub_googleapis_com:subscription_oldest_unacked_message_age',
      { subscription_id: 'transactions-ingest' },
      1,
    ),
    {
      name: 'ingest_received_total',
      labels: { stream: 'transactions' },
      value: good,
      kind: 'counter',
    },
    gauge('ingest_watermark_lag_seconds', { stream: 'transactions' }, 4),
    gauge('highwater_build_info', { version: '0.0.0' }, 1),
    gauge('canary_age_seconds', {}, 2),
  ];
}

function series(route: string, status: string, count: number): readonly StoredSample[] {
  const name = 'http_server_request_duration_seconds';
  const labels = {
    http_request_method: 'GET',
    http_route: route,
    http_response_status_code: status,
  };
  return [
    ...BOUNDS.map((bound) => ({
      name: `${name}_bucket`,
      labels: { ...labels, le: bound === Infinity ? '+Inf' : String(bound) },
      value: bound >= 0.01 ? count : 0,
      kind: 'counter' as const,
    })),
    { name: `${name}_sum`, labels, value: count * 0.008, kind: 'counter' },
    { name: `${name}_count`, labels, value: count, kind: 'counter' },
  ];
}

function gauge(name: string, labels: Record<string, string>, value: number): StoredSample {
  return { name, labels, value, kind: 'gauge' };
}
