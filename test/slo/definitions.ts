/** SLOs for the tests of this folder. */
import { parseSlos } from '../../slo/index.ts';
import type { Slo } from '../../slo/index.ts';

export const HEAD = 'service: api\nowner: data-platform\nslos:\n';
const COMMON = `
    title: Requests succeed
    description: Requests without a fault of ours.
    user_impact: Their request fails.
    playbook: alerts/playbooks/api-availability.md
    window: 30d`;

export const AVAILABILITY = `  - name: availability
    objective: 99.9${COMMON}
    low_traffic: { min_events: 0, min_bad_events: 3 }
    indicator:
      ratio:
        bad: ingest_messages_total{outcome="quarantined"}
        valid: ingest_messages_total
`;
export const LATENCY = `  - name: latency
    objective: 95${COMMON}
    indicator: { at_or_below: { histogram: http_server_request_duration_seconds, at_most: 300ms } }
`;
export const FRESHNESS = `  - name: freshness
    objective: 99${COMMON}
    indicator:
      slices: { gauge: ingest_watermark_lag_seconds, at_most: 60s, slice: 1m, presence: highwater_build_info }
`;

/** The SLOs of a definition text without its head. */
export function slosOf(
  text: string,
  streams: Parameters<typeof parseSlos>[2] = [],
): readonly Slo[] {
  return parseSlos(`${HEAD}${text}`, 'slo/a.yaml', streams);
}
