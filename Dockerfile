# The image of every part: `docker run IMAGE api`, `ingest` and so on. The base is pinned by digest where it is built for production:
#   docker build --build-arg BASE=debian@sha256:… .
# Node comes with the project (package "node"), so the base needs none but for npm.
ARG BUILD_BASE=node:24-bookworm-slim
ARG BASE=debian:bookworm-slim

FROM ${BUILD_BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# What tests and checks need stays out.
RUN npm ci --omit=dev
COPY . .
# Code is compiled here once: a start in a fresh container would do it each time, which is a third of its work.
RUN NODE_COMPILE_CACHE=/app/compile-cache node_modules/.bin/node cli/highwater.ts --version

FROM ${BASE}
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin highwater
ARG COMMIT=unknown
LABEL org.opencontainers.image.revision=${COMMIT} org.opencontainers.image.licenses=MIT
WORKDIR /app
COPY --from=build --chown=root:root /app /app
ENV PATH=/app/node_modules/.bin:$PATH NODE_COMPILE_CACHE=/app/compile-cache HIGHWATER_DATA_DIR=/tmp/highwater LOG_FORMAT=json
# By number, so that a platform can see that it is not root.
USER 10001
# Cloud Run probes by itself; this is for where nothing else does.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "cli/highwater.ts"]
CMD ["api"]
