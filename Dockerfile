# The lobby with its page. `make try-dockerfile` runs these steps without Docker; therefore RUN keeps to its WORKDIR,
# and a line that it does not know fails there.

FROM node:20-bookworm-slim AS page
WORKDIR /build
COPY client-demo/web ./
RUN npm ci --no-audit --no-fund && npm run build

FROM rust:1.95-bookworm AS program
WORKDIR /build
COPY . ./
RUN cargo build --release --locked -p example-game

FROM debian:bookworm-slim
COPY --from=page /build/dist /srv/page
COPY --from=program /build/target/release/example-game /usr/local/bin/lobby
# The secret that signs tokens is made here at the first start: keep the volume, or pages have to log in again.
WORKDIR /var/lib/lobby
RUN chown 10001:10001 .
VOLUME /var/lib/lobby
USER 10001:10001
ENV ADDRESS=0.0.0.0 PORT=7000 OPERATIONS=0.0.0.0:9000 WEB_ROOT=/srv/page LOG_FORMAT=json
# Clients; and for your own network alone /healthz, /readyz and /metrics.
EXPOSE 7000 9000
# SIGTERM, the default, drains: `docker stop --time 30`.
ENTRYPOINT ["/usr/local/bin/lobby"]
