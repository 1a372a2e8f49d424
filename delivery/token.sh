#!/usr/bin/env bash
# Prints a token with which ACCOUNT passes IAP at URL for some minutes. No key is kept anywhere: Google signs for the account.
# Source: https://cloud.google.com/iap/docs/authentication-howto, a JWT signed for a service account.
set -euo pipefail
: "${ACCOUNT:?expected a service account}" "${URL:?expected the URL of the API}"

claims="$(mktemp)" signed="$(mktemp)"
trap 'rm -f "$claims" "$signed"' EXIT
now="$(date +%s)"
printf '{"iss":"%s","sub":"%s","aud":"%s/*","iat":%d,"exp":%d}' "$ACCOUNT" "$ACCOUNT" "$URL" "$now" "$((now + 900))" > "$claims"
gcloud iam service-accounts sign-jwt --iam-account="$ACCOUNT" "$claims" "$signed" >&2
cat "$signed"
