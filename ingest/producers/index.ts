export { cleanFlight, FLIGHT_STATUSES } from './flight-record.ts';
export type { CleanedFlight, FlightEvent, FlightRefusal } from './flight-record.ts';
export { FLIGHTS_LIMITS, startFlightsPoller } from './flights-poller.ts';
export type {
  FlightsLimits,
  FlightsPoller,
  FlightsPollerOptions,
  FlightsPollerStats,
} from './flights-poller.ts';
export { startFlightsReplay } from './flights-replay.ts';
export type { Fault, FlightsReplay, FlightsReplayOptions } from './flights-replay.ts';
export { MALFORMED_KINDS } from './malformed.ts';
export type { MalformedKind } from './malformed.ts';
export { PRODUCER_ATTRIBUTE } from './publish.ts';
export type { OutgoingMessage, Publish } from './publish.ts';
export { publishTo } from './pubsub-publish.ts';
export { seededRandom } from '../../runtime/index.ts';
export type { Random } from '../../runtime/index.ts';
export { RATE_PER_SECOND_MAX, simulate } from './simulator.ts';
export type { SimulateOptions, SimulateProgress, SimulateSummary } from './simulator.ts';
export { EVENT_KINDS, transactionGenerator } from './transactions.ts';
export type {
  EventKind,
  GeneratedMessage,
  Transaction,
  TransactionGenerator,
  TransactionGeneratorOptions,
} from './transactions.ts';
