/** How a service fares in one minute: what a scenario shapes and the model service turns into metrics. */

export interface Conditions {
  /** API requests of this minute, probes left out. */
  readonly requestCount: number;
  /** Share of them that is answered with a 500. */
  readonly errorRatio: number;
  /** Share of them that takes `slowSeconds`. */
  readonly slowRatio: number;
  readonly slowSeconds: number;
  /** Whether the ingester takes messages; while not, the backlog ages and no canary comes back. */
  readonly isIngesting: boolean;
  /** Whether a canary event comes back through the API. */
  readonly isCanaryReadable: boolean;
  /** Messages refused in this minute, of the first stream. */
  readonly quarantinedCount: number;
}

/** A usual minute at noon. */
export const USUAL: Conditions = {
  requestCount: 600,
  errorRatio: 0.0002,
  slowRatio: 0.01,
  slowSeconds: 0.4,
  isIngesting: true,
  isCanaryReadable: true,
  quarantinedCount: 0,
};
