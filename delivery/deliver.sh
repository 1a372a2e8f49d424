#!/usr/bin/env bash
# Delivers an image: a tenth of the API's traffic first, all of it when the gate allows it, else back; then the ingester.
# Wants: IMAGE (by digest), PROJECT, REGION, ACCOUNT. Exit code 1: it was rolled back.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${IMAGE:?expected an image by digest}" "${PROJECT:?expected a project}" "${REGION:?expected a region}"
: "${ACCOUNT:?expected the service account that delivers}"
api="${API_SERVICE:-highwater-api}"
ingester="${INGESTER:-highwater-ingest}"
# Cloud Run's metrics are up to three minutes late, and the gate looks back over five.
wait_seconds="${CANARY_WAIT_SECONDS:-480}"
canary_percent="${CANARY_PERCENT:-10}"
min_remaining="${GATE_MIN_REMAINING_PERCENT:-5}"

case "$IMAGE" in
  *@sha256:*) ;;
  *) echo "deliver: expected IMAGE by digest, such as REGISTRY/highwater@sha256:…; got $IMAGE" >&2; exit 2 ;;
esac

say() { echo "deliver: $*"; }
run() { gcloud run "$@" --project="$PROJECT" --region="$REGION"; }
traffic() { run services update-traffic "$api" --to-revisions="$1" >/dev/null; }
serving() {
  run services describe "$api" --format=json |
    node -e 'const t = JSON.parse(require("node:fs").readFileSync(0)).status.traffic ?? [];
      const [most] = t.filter((each) => each.percent > 0).sort((a, b) => b.percent - a.percent);
      process.stdout.write(most?.revisionName ?? "");'
}
field() { run services describe "$api" --format="value($1)"; }
gate() { HIGHWATER_API_TOKEN="$(ACCOUNT="$ACCOUNT" URL="$1" delivery/token.sh)" npx --no-install highwater slo gate --url "$1" --min-remaining "$min_remaining"; }

before="$(serving)"
say "serving now: ${before:-nothing}"
run deploy "$api" --image="$IMAGE" --no-traffic --tag=canary --quiet >/dev/null
new="$(field status.latestCreatedRevisionName)"
url="$(run services describe "$api" --format=json |
  node -e 'const t = JSON.parse(require("node:fs").readFileSync(0)).status.traffic ?? [];
    process.stdout.write(t.find((each) => each.tag === "canary")?.url ?? "");')"
say "new revision: $new"

roll_back() {
  say "rolled back: $1"
  if [ -n "$before" ]; then traffic "$before=100"; fi
  exit 1
}

# `deploy` has waited for the start-up probe, so the revision answers /readyz; with no users on it yet, the gate shows it to be whole.
gate "$url" || roll_back "the gate refused before any traffic was on it"

if [ -n "$before" ] && [ "$before" != "$new" ]; then
  traffic "$new=$canary_percent,$before=$((100 - canary_percent))"
  say "$canary_percent % of the traffic is on it; looking again in $wait_seconds s"
  sleep "$wait_seconds"
  gate "$url" || roll_back "the gate refused at $canary_percent % of the traffic"
fi
traffic "$new=100"
say "all of the traffic is on $new"

# The ingester has no traffic to divide: the gate sees data that come late.
kind="${INGESTER_KIND:-worker-pools}"
image_of_ingester() {
  run "$kind" describe "$ingester" --format=json |
    node -e 'const { spec } = JSON.parse(require("node:fs").readFileSync(0));
      process.stdout.write(spec.template.spec.containers[0].image);'
}
old_image="$(image_of_ingester)"
run "$kind" update "$ingester" --image="$IMAGE" --quiet >/dev/null
say "ingester updated; looking again in $wait_seconds s"
sleep "$wait_seconds"
if ! gate "$url"; then
  run "$kind" update "$ingester" --image="$old_image" --quiet >/dev/null
  roll_back "the gate refused after the ingester was updated"
fi
say "done: $IMAGE"
