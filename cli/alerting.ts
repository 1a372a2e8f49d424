/** Alerts of a process as the configuration says: policies, their evaluator, its memory, and the way to receivers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AlertEvaluator,
  conditionSignals,
  exampleTrace,
  notificationOf,
  openAlertLog,
  topContributor,
} from '../alerts/index.ts';
import type {
  AlertDefinitions,
  Policy,
  Silence,
  Telling,
  TopContributor,
} from '../alerts/index.ts';
import { messageOf, systemClock } from '../runtime/index.ts';
import type { Logger } from '../runtime/index.ts';
import type { SloEvaluator } from '../slo/index.ts';
import { metricsOf } from '../telemetry/index.ts';
import type { SignalReader } from '../telemetry/index.ts';
import { loadPoliciesFor } from './alerts.ts';
import { openNotifier } from './notifiers.ts';
import { incidentLinks, traceUrl } from './page-links.ts';
import type { Context } from './process.ts';
import type { ProcessTelemetry } from './telemetry.ts';

/** A page does not wait longer than this to say which route is the worst. */
const DETAILS_TIMEOUT_MS = 3_000;

export interface AlertParts {
  readonly reader: SignalReader;
  readonly slos: SloEvaluator;
  /** Whether this process sends canary events; without it their policies would fire for want of them. */
  readonly hasCanary: boolean;
  /** Beside the maintenance windows of the definitions. */
  readonly silences?: readonly Silence[];
}

/**
 * Evaluates the configured policies until shutdown, and hands what is to be told to the outbox of the channels that are set up.
 * What was not told, or not delivered, before a restart goes out first.
 */
export function openAlerts(
  context: Context,
  telemetry: ProcessTelemetry,
  { reader, slos, hasCanary, silences = [] }: AlertParts,
): AlertEvaluator {
  const { config, shutdown } = context;
  const logger = context.logger.child({ component: 'alerts' });
  const all = loadPoliciesFor(config, slos.slos);
  const watched = hasCanary ? all : withoutCanary(all, logger);
  const definitions = { ...watched, maintenance: [...watched.maintenance, ...silences] };
  // Opened before the evaluator, so that it closes after it: the last tellings are kept at least.
  const notifier = openNotifier(context, telemetry);
  const log = openAlertLog(join(config.HIGHWATER_DATA_DIR, 'alerts', 'alerts.sqlite'), logger);
  shutdown.add('alert log', () => log.close());
  const playbooks = readPlaybooks(definitions, logger);
  const policies = new Map(definitions.policies.map((policy) => [policy.name, policy]));

  const tell = async (telling: Telling) => {
    const { incident, state } = telling;
    const policy = policies.get(incident.policy) ?? formerPolicy(incident.policy);
    const slo = slos.latest.statuses.find((each) => each.slo.name === policy.slo);
    const top = state === 'resolved' ? undefined : await worst(policy, telling, reader, logger);
    notifier.notify(
      notificationOf(telling, {
        policy,
        source: config.GOOGLE_CLOUD_PROJECT,
        slo,
        top,
        links: incidentLinks(config, incident.id, telling.example),
        playbookText: playbooks.get(policy.playbook),
      }),
    );
  };
  const counted = (outcome: 'succeeded' | 'failed') =>
    telemetry.metrics.counter('evaluations_total', { evaluator: 'alerts', outcome });
  const counters = { succeeded: counted('succeeded'), failed: counted('failed') };
  const streams = new Map(context.streams.map((each) => [each.subscription, each.name]));
  const examples = {
    exemplars: (metric: string) => telemetry.metrics.exemplars(metric),
    trace: telemetry.trace,
    streamOf: (subscription: string) => streams.get(subscription),
    urlOf: (traceId: string, spanId: string) => traceUrl(config, traceId, spanId),
  };
  const evaluator = new AlertEvaluator({
    definitions,
    reader,
    log,
    tell,
    deliveriesOf: (incidentId) => notifier.deliveriesOf(incidentId),
    exampleOf: ({ policy, rung, labels, atMs }) => {
      const condition = policies.get(policy)?.rungs.find(({ name }) => name === rung)?.condition;
      return condition && exampleTrace(condition, labels, examples, atMs);
    },
    onEvaluated: (outcome) => counters[outcome].add(1),
    clock: systemClock,
    logger,
  });
  evaluator.start();
  shutdown.add('alert evaluator', () => evaluator.close());
  return evaluator;
}

async function worst(
  policy: Policy,
  { incident, atMs }: Telling,
  reader: SignalReader,
  logger: Logger,
): Promise<TopContributor | undefined> {
  const rung = policy.rungs.find(({ name }) => name === incident.rung);
  if (!rung) return undefined;
  const waited = new AbortController();
  try {
    return await Promise.race([
      topContributor(rung, reader, atMs),
      systemClock.sleep(DETAILS_TIMEOUT_MS, waited.signal).then(() => undefined),
    ]);
  } catch (error) {
    logger.warn('alert_details_missing', { incidentId: incident.id, reason: messageOf(error) });
    return undefined;
  } finally {
    waited.abort();
  }
}

/** The text of every playbook that can be read; a page goes out without the others. */
function readPlaybooks(
  { policies }: AlertDefinitions,
  logger: Logger,
): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const path of new Set(policies.map(({ playbook }) => playbook))) {
    try {
      texts.set(path, readFileSync(path, 'utf8'));
    } catch (error) {
      logger.warn('playbook_missing', { playbook: path, reason: messageOf(error) });
    }
  }
  return texts;
}

function withoutCanary(definitions: AlertDefinitions, logger: Logger): AlertDefinitions {
  const off = definitions.policies.filter(isOfCanary).map(({ name }) => name);
  if (off.length > 0) {
    logger.info('alert_policies_off', {
      message: `No canary runs here; not evaluated: ${off.join(', ')}`,
    });
  }
  const policies = definitions.policies.filter((policy) => !isOfCanary(policy));
  return { ...definitions, policies };
}

function isOfCanary(policy: Policy): boolean {
  return policy.rungs.some(({ condition }) =>
    conditionSignals(condition)
      .flatMap(metricsOf)
      .some((metric) => metric.startsWith('canary_')),
  );
}

/** Of an incident whose policy is defined no more: its end is told all the same. */
function formerPolicy(name: string): Policy {
  return {
    name,
    title: `${name} (a policy that is defined no more)`,
    service: 'highwater',
    owner: '',
    description: '',
    userImpact: 'Not known any more.',
    playbook: '',
    labels: {},
    by: [],
    rungs: [],
    inhibitedBy: [],
    firesWhenBlind: false,
    place: { file: '', line: 0 },
  };
}
