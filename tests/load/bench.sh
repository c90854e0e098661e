#!/usr/bin/env bash
# Builds the generator and all peers and measures them (about 25 minutes on a quiet machine).
# What `make bench` runs; arguments go to `bench.py run`, for example `--reps 1 --rows echo-d1`.
set -euo pipefail
cd "$(dirname "$0")"

# What custom rooms cost, without a network: bytes and CPU per patch, rooms per core, a simulated hour.
cargo run --release --manifest-path ../../Cargo.toml -p greenroom-proto --example room_cost
cargo build --release
npm --prefix peers/node-socketio ci --no-audit --no-fund --ignore-scripts
./bench.py selftest
exec ./bench.py run "$@"
