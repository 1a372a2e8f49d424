#!/usr/bin/env bash
# Builds the image and pushes it; prints its name by digest, which is what is delivered. Wants: REGISTRY, COMMIT.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${REGISTRY:?expected the registry, such as europe-west1-docker.pkg.dev/PROJECT/highwater}"
: "${COMMIT:?expected the commit that is built}"

image="$REGISTRY/highwater"
docker build --build-arg "COMMIT=$COMMIT" --tag "$image:$COMMIT" . >&2
docker push "$image:$COMMIT" >&2
docker inspect --format '{{index .RepoDigests 0}}' "$image:$COMMIT"
