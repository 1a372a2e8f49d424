/** The arithmetic of scale: what a rate of events needs, what breaks first, and what it costs. Pure. */
import type { Assumptions } from './scale-assumptions.ts';

/** Pub/Sub counts the time and the id of a message too. Source: https://cloud.google.com/pubsub/pricing. */
const MESSAGE_FRAME_BYTES = 39;
const DAY_SECONDS = 86_400;
const MONTH_SECONDS = 30 * DAY_SECONDS;
const MB = 1e6;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

/** How many of a thing a rate needs, and why. */
export interface Need {
  readonly what: string;
  readonly count: number;
  readonly because: string;
}

/** The mean rate of events at which something is at its limit, all else as assumed. */
export interface Limit {
  readonly what: string;
  readonly eventsPerSecond: number;
  readonly change: string;
}

export interface Cost {
  readonly what: string;
  readonly dollarsPerMonth: number;
  readonly dollarsPerMillionEvents: number;
}

export interface Scale {
  readonly needs: readonly Need[];
  /** By rate, lowest first: the first is what breaks first. */
  readonly limits: readonly Limit[];
  readonly costs: readonly Cost[];
}

/** What `assumptions` come to. */
export function scaleOf(assumptions: Assumptions): Scale {
  const sizes = sizesOf(assumptions);
  return {
    needs: needsOf(assumptions, sizes),
    limits: limitsOf(assumptions, sizes).toSorted((a, b) => a.eventsPerSecond - b.eventsPerSecond),
    costs: costsOf(assumptions, sizes),
  };
}

/**
 * What one ingester takes at most of a stream, events a second, by what would hold it back. Little's law: messages in flight over
 * the time that one is in flight; rows under way over the time of an append.
 */
export function ingesterRates(a: Assumptions): Readonly<Record<string, number>> {
  const inFlightSeconds = (a.batchWaitMs + a.appendMs + a.ackWaitMs) / 1_000;
  return {
    processor: (a.ingesterCpus * a.busyRatio * 1e6) / a.ingestMicros,
    'messages in flight': a.inFlightMax / inFlightSeconds,
    'commits under way': (1_000 * a.commitsMax * a.batchRowsMax) / a.appendMs,
    'one streaming pull': (a.pullStreamMbPerSecondMax * MB) / messageBytes(a),
    'write connections': (a.writeConnections * a.writeConnectionMbPerSecond * MB) / a.rowBytes,
  };
}

interface Sizes {
  readonly peak: number;
  readonly ingesters: number;
  readonly ingesterRate: number;
  readonly heldBackBy: string;
  readonly apiInstances: number;
  readonly queriesPerSecond: number;
  readonly seriesCount: number;
}

function messageBytes(a: Assumptions): number {
  return a.eventBytes + a.attributeBytes + MESSAGE_FRAME_BYTES;
}

function sizesOf(a: Assumptions): Sizes {
  const peak = a.eventsPerSecond * a.peakRatio;
  const [heldBackBy, ingesterRate] = Object.entries(ingesterRates(a)).toSorted(
    ([, one], [, other]) => one - other,
  )[0]!;
  const queriesPerSecond = a.readsPerSecond * (1 - a.cachedRatio);
  const ingesters = Math.max(1, Math.ceil(peak / ingesterRate));
  const apiInstances = Math.max(
    a.apiInstancesMin,
    Math.ceil((queriesPerSecond * a.peakRatio * a.querySeconds) / a.queriesMax),
  );
  const seriesCount = ingesters * a.ingesterSeries + apiInstances * a.apiSeries;
  return { peak, ingesters, ingesterRate, heldBackBy, apiInstances, queriesPerSecond, seriesCount };
}

function needsOf(a: Assumptions, sizes: Sizes): readonly Need[] {
  const { peak, ingesters, ingesterRate, heldBackBy, apiInstances, seriesCount } = sizes;
  return [
    {
      what: 'ingesters',
      count: ingesters,
      because: `${whole(peak)} events/s at the peak, ${whole(ingesterRate)} each: held back by ${heldBackBy}`,
    },
    {
      what: 'streaming pulls',
      count: ingesters * a.streams,
      because: `one for each stream of each ingester`,
    },
    {
      what: 'write connections',
      count: ingesters * a.streams * a.writeConnections,
      because: `${a.writeConnections} for each table of each ingester`,
    },
    {
      what: 'instances of the API',
      count: apiInstances,
      because: `${a.queriesMax} queries at once each, at least ${a.apiInstancesMin}`,
    },
    {
      what: 'partitions of a table',
      count: a.daysKept,
      because: `one a day, of at most ${whole(a.partitionsMax)}`,
    },
    {
      what: 'series of metrics',
      count: seriesCount,
      because: `sent every ${a.exportSeconds} s by each instance`,
    },
  ];
}

function limitsOf(a: Assumptions, { ingesterRate, apiInstances }: Sizes): readonly Limit[] {
  const largest = a.largestStreamRatio;
  const requestsPerIngester =
    (Math.ceil(a.ingesterSeries / a.telemetryPointsMax) * 60) / a.exportSeconds;
  /** The mean rate at which `instances` ingesters are busy at the peak. */
  const meanOf = (instances: number) => (instances * ingesterRate) / a.peakRatio;
  return [
    {
      what: 'one process on a laptop (DuckDB)',
      eventsPerSecond: a.laptopEventsPerSecond / a.peakRatio,
      change: 'Google Cloud: HIGHWATER_WAREHOUSE=bigquery and ingesters of their own',
    },
    {
      what: 'index of event ids in memory (DuckDB)',
      eventsPerSecond: (a.laptopMemoryGib * GIB) / a.indexBytes / (a.daysKept * DAY_SECONDS),
      change: 'keep fewer days, or BigQuery, which keeps no such index',
    },
    {
      what: 'a page of the newest events within what a query may read',
      eventsPerSecond: (a.billedGibMax * GIB) / (a.daysRead * DAY_SECONDS * a.rowBytes * largest),
      change:
        'roll-up tables, partitions by the hour, more streams; slots and a higher BIGQUERY_BYTES_BILLED_MAX',
    },
    {
      what: 'ingesters of the autoscaler',
      eventsPerSecond: meanOf(a.ingestersMax),
      change: 'ingester.autoscaling.max_instances',
    },
    {
      what: 'instances of the region',
      eventsPerSecond: meanOf(Math.max(0, a.instancesMax - apiInstances)),
      change: 'a higher quota, more processors an instance, or a second region',
    },
    {
      what: 'publishing to Pub/Sub',
      eventsPerSecond: (a.publishMbPerSecondMax * MB) / (messageBytes(a) * a.peakRatio),
      change: 'a higher quota, compressed or batched bodies, or a second region',
    },
    {
      what: 'streaming pull of Pub/Sub',
      eventsPerSecond: (a.pullMbPerSecondMax * MB) / (messageBytes(a) * a.peakRatio),
      change: 'a higher quota, or a second region',
    },
    {
      what: 'bytes into BigQuery',
      eventsPerSecond: (a.writeMbPerSecondMax * MB) / (a.rowBytes * a.peakRatio),
      change: 'a multi-region, a higher quota, or another project for some streams',
    },
    {
      what: 'write connections of BigQuery',
      eventsPerSecond: meanOf(a.writeConnectionsMax / (a.streams * a.writeConnections)),
      change: 'ingesters for some streams only, or BIGQUERY_WRITE_CONNECTIONS_MAX=1',
    },
    {
      what: 'requests to the Telemetry API',
      eventsPerSecond: meanOf(a.telemetryRequestsPerMinuteMax / requestsPerIngester),
      change: 'a longer TELEMETRY_EXPORT_INTERVAL, or a collector that adds up',
    },
  ];
}

function costsOf(a: Assumptions, sizes: Sizes): readonly Cost[] {
  const { ingesters, apiInstances, queriesPerSecond, seriesCount } = sizes;
  const messageBytesPerMonth = a.eventsPerSecond * MONTH_SECONDS * messageBytes(a);
  const rowBytesPerDay = a.eventsPerSecond * DAY_SECONDS * a.rowBytes;
  // Beyond BIGQUERY_BYTES_BILLED_MAX a query is refused; this is what it costs where that is raised.
  const queryBytes = rowBytesPerDay * a.largestStreamRatio * a.daysRead;
  const pool = a.ingesterCpus * a.poolCpuSecond + a.ingesterMemoryGib * a.poolGibSecond;
  const service = a.serviceCpuSecond + a.serviceGibSecond;
  const samples = (seriesCount * MONTH_SECONDS) / a.exportSeconds;
  const millions = (a.eventsPerSecond * MONTH_SECONDS) / 1e6;
  const dollars: Readonly<Record<string, number>> = {
    'Pub/Sub, published and delivered': (2 * messageBytesPerMonth * a.pubsubPerTib) / TIB,
    'Pub/Sub, kept by the topics':
      ((a.eventsPerSecond * a.retentionDays * DAY_SECONDS * messageBytes(a)) / GIB) *
      a.retentionPerGibMonth,
    'BigQuery, written': ((rowBytesPerDay * 30) / GIB) * a.writePerGib,
    'BigQuery, stored': ((rowBytesPerDay * a.daysKept) / GIB) * a.storagePerGibMonth,
    'BigQuery, read': (queriesPerSecond * MONTH_SECONDS * queryBytes * a.queryPerTib) / TIB,
    'Cloud Run, ingesters': ingesters * MONTH_SECONDS * pool,
    'Cloud Run, API': apiInstances * MONTH_SECONDS * service,
    'Cloud Monitoring, samples': (samples / 1e6) * a.samplesPerMillion,
    // A condition returns a series each 30 s at the most often, where it fires or is near to it.
    'Cloud Monitoring, alerts':
      a.alertConditions *
      (a.conditionMonth + (MONTH_SECONDS / 30 / 1e6) * a.seriesReturnedPerMillion),
  };
  return Object.entries(dollars).map(([what, dollarsPerMonth]) => ({
    what,
    dollarsPerMonth,
    dollarsPerMillionEvents: dollarsPerMonth / millions,
  }));
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
